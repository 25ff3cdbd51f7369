"""Frozen values with named fields: what ``dataclass(frozen=True)`` makes, without writing and compiling code for it.

A dataclass takes half a millisecond to define, and a run of ``imgconv apply`` needs forty of them: a fifth of what the
start-up of a process that imports NumPy takes in all. These take a few microseconds.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Value:
    """A frozen value whose fields are the annotations of its class and of those that it is derived from.

    Class variables are not fields.

    What a class assigns to a field is the default. A class may check its fields in ``__post_init__``, which may use
    `object.__setattr__`. With ``kw_only=True`` every field must be given by name.

    >>> class Point(Value):
    ...     x: int
    ...     y: int = 0
    >>> Point(1).replace(y=2)
    Point(x=1, y=2)
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _by_name: ClassVar[bool] = False

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        kinds = cls.__annotations__.items()
        own = (name for name, kind in kinds if name not in cls._fields and not str(kind).startswith("ClassVar"))
        cls._fields, cls._by_name = (*cls._fields, *own), kw_only

    def __init__(self, *args: Any, **named: Any) -> None:
        if len(args) > len(self._fields) * (not self._by_name):
            raise TypeError(f"{type(self).__name__}() takes fewer values without a name than {len(args)}")
        given = dict(zip(self._fields, args, strict=False))
        for name in named:
            if name not in self._fields or name in given:
                problem = "is given twice" if name in given else "is no field"
                raise TypeError(f"'{name}' {problem} of {type(self).__name__}")
        self.__dict__.update(given, **named)
        for name in self._fields:
            if not hasattr(self, name):
                raise TypeError(f"{type(self).__name__}() needs '{name}'")
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the fields."""

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        kept = {name: value for name, value in self.__dict__.items() if name in self._fields}
        return type(self)(**{**kept, **changes})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen, so '{name}' cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen, so '{name}' cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self._values(), strict=True))
        return f"{type(self).__name__}({shown})"

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._fields)
