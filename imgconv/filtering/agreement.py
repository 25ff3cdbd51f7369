"""How far two engines are apart: in their results, and in the samples that each would write."""

from __future__ import annotations

from math import inf

import numpy as np

from imgconv.image.model import Pixels
from imgconv.value import Value


class Written(Value):
    """How the samples differ that two engines would write.

    Attributes:
        differing: how many are not the same.
        largest: the largest difference, in samples of the output's type; NaN beside a number counts as infinite.
        total: samples in all.
    """

    differing: int = 0
    largest: float = 0.0
    total: int = 0

    def __add__(self, other: Written) -> Written:
        largest = max(self.largest, other.largest)
        return Written(self.differing + other.differing, largest, self.total + other.total)

    @classmethod
    def of(cls, one: Pixels, two: Pixels) -> Written:
        """Compare the samples of two files."""
        apart = differences(one.astype(np.float64), two.astype(np.float64))
        return cls(int(np.count_nonzero(apart)), float(apart.max(initial=0)), apart.size)

    @property
    def words(self) -> str:
        """The same in words."""
        if not self.differing:
            return f"all {self.total} samples written are the same"
        share = 100 * self.differing / self.total
        percent = f"{share:.2g} %" if share >= 0.01 else "less than 0.01 %"
        differ = "differs" if self.differing == 1 else "differ"
        return f"{self.differing} of {self.total} samples written {differ} ({percent}), by {self.largest:.3g} at most"


class Check(Value):
    """How far two engines are apart.

    Attributes:
        engine, other: their names.
        maximum, mean, tolerance: of the results, in sample values, before mapping.
        written: of the samples.
        most: how far samples may be apart; infinite where a small difference of results may become any of samples, as
            where colours are divided by what is left of alpha, and of angles where there is no gradient.
    """

    engine: str
    other: str
    maximum: float
    mean: float
    tolerance: float
    written: Written
    most: float = inf

    def __add__(self, other: Check) -> Check:
        worst = self if self.maximum >= other.maximum else other
        return worst.replace(written=self.written + other.written, most=min(self.most, other.most))

    @property
    def agrees(self) -> bool:
        """Whether the largest differences are within what is allowed."""
        return self.maximum <= self.tolerance and self.written.largest <= self.most

    @property
    def words(self) -> str:
        """The differences in words."""
        return (
            f"{self.written.words}; results before --map by {self.maximum:.3g} at most, {self.mean:.3g} on average "
            f"(tolerance {self.tolerance:.3g})"
        )


def differences(one: Pixels, two: Pixels) -> Pixels:
    """Return the differences of floats: 0 where both are equal or NaN, infinite where one alone is."""
    with np.errstate(invalid="ignore"):
        apart: Pixels = np.abs(one - two)
    apart[(one == two) | (np.isnan(one) & np.isnan(two))] = 0
    apart[np.isnan(apart)] = inf
    return apart
