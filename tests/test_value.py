"""What `Value` promises, against a frozen dataclass of the same fields."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass

import pytest

from imgconv.value import Value


class Point(Value):
    x: int
    y: int = 0

    @property
    def sum(self):
        return self.x + self.y


class Named(Point, kw_only=True):
    name: str

    def __post_init__(self):
        object.__setattr__(self, "name", self.name.upper())


@dataclass(frozen=True)
class Model:
    x: int
    y: int = 0


ARGUMENTS = [((1,), {}), ((1, 2), {}), ((), {"x": 1}), ((1,), {"y": 2}), ((), {"y": 2, "x": 1})]
WRONG = [((), {}), ((1, 2, 3), {}), ((), {"y": 2}), ((1,), {"x": 1}), ((1,), {"z": 1})]


@pytest.mark.parametrize(("positional", "named"), ARGUMENTS)
def test_fields_are_taken_and_shown_as_by_a_dataclass(positional, named):
    one, model = Point(*positional, **named), Model(*positional, **named)
    assert (one.x, one.y) == (model.x, model.y)
    assert repr(one) == repr(model).replace("Model", "Point")


@pytest.mark.parametrize(("positional", "named"), WRONG)
def test_what_a_dataclass_does_not_take_is_refused(positional, named):
    for made in (Model, Point):
        with pytest.raises(TypeError):
            made(*positional, **named)


def test_a_value_is_its_fields():
    assert Point(1) == Point(1, 0) != Point(1, 2)
    assert Point(1) != Model(1) and Point(1) != (1, 0)
    assert len({Point(1), Point(1, 0), Point(2)}) == 2
    assert pickle.loads(pickle.dumps(Point(1, 2))) == copy.copy(Point(1, 2)) == Point(1, 2)


def test_a_value_is_frozen():
    for made, error in ((Model(1), FrozenInstanceError), (Point(1), AttributeError)):
        with pytest.raises(error):
            made.x = 2
        with pytest.raises(error):
            del made.x
        assert made.x == 1


def test_a_derived_value_has_all_fields_by_name_and_checks_them_again_when_replaced():
    one = Named(x=1, name="left")
    assert (one.x, one.y, one.name, one.sum) == (1, 0, "LEFT", 1)
    assert one.replace(y=2, name="up") == Named(x=1, y=2, name="UP")
    for wrong in (lambda: Named(1, name="left"), lambda: Named(x=1), lambda: one.replace(z=1)):
        with pytest.raises(TypeError):
            wrong()
