"""What a method is asked to reach before it is called better than what is published."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Final, Literal

from isojoule.studies.benchmark.contenders import ALL

Quantity = Literal["ratio", "beats", "coverage"]


@dataclass(frozen=True, slots=True)
class Bar:
    """One demand.

    Parameters
    ----------
    text : str
        In words.
    quantity : {"ratio", "beats", "coverage"}
        What is judged.
    ks : tuple of int or None
        Numbers of references at which it is judged.
    low, high : float
        Bounds, both allowed.
    """

    text: str
    quantity: Quantity
    ks: tuple[int | None, ...]
    low: float = -inf
    high: float = inf

    def is_met(self, value: float) -> bool | None:
        """Return whether a value is within the bounds; `None` where it is not known."""
        return None if isnan(value) else self.low <= value <= self.high


SPLIT: Final = "by-model"
"""The split that bars are judged on."""

COVERAGE_LEVEL: Final = 0.9
"""The level of intervals for which the bar of coverage holds."""

_RATIO: Final = "MALE over that of the published best"
_FROM_THREE: Final = (3, 4, 6, ALL)

BARS: Final = (
    Bar(_RATIO, "ratio", (2,), high=0.75),
    Bar(_RATIO, "ratio", (4,), high=0.6),
    Bar(_RATIO, "ratio", (ALL,), high=0.4),
    Bar("share of pairs better than published", "beats", _FROM_THREE, low=0.7),
    Bar(
        "coverage of 90 % intervals",
        "coverage",
        (1, 2, *_FROM_THREE),
        low=0.85,
        high=0.95,
    ),
)
"""The demands, in order."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One demand at one number of references.

    Parameters
    ----------
    bar : Bar
        The demand.
    k : int or None
        Number of references.
    contender : str
        Who is judged; empty where there is none.
    value : float
        What was found; NaN where it is not known.
    """

    bar: Bar
    k: int | None
    contender: str
    value: float

    @property
    def is_met(self) -> bool | None:
        """Whether the demand is met; `None` where that is not known."""
        return self.bar.is_met(self.value)


def asked(
    ks: Sequence[int | None], bars: Iterable[Bar] = BARS
) -> Iterable[tuple[Bar, int | None]]:
    """Yield every demand with each number of references that was tried.

    Parameters
    ----------
    ks : sequence of int or None
        Numbers that were tried.
    bars : iterable of Bar
        The demands.
    """
    for bar in bars:
        for k in bar.ks:
            if k in ks:
                yield bar, k
