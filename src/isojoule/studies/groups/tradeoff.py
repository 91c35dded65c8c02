"""Energy against a score: medians of each configuration, front, price of a point."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from isojoule.records import Run
from isojoule.studies.groups.contexts import Kind
from isojoule.studies.groups.effects import median_interval, superiority_interval
from isojoule.studies.groups.factors import CORE, Factor, Value
from isojoule.studies.groups.quantities import Basis, energy_j, score_of
from isojoule.studies.groups.ranks import Values
from isojoule.studies.intervals import Interval

POINT: Final = 0.01
"""What a point of a score within 0 and 1 is; of any other it is one unit."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """Which score is held against which energy.

    Parameters
    ----------
    score : str
        As ``f1``.
    basis : Basis
        What the energies are taken of.
    lower_is_better : bool, default False
        Whether the score is an error or a loss.
    """

    score: str
    basis: Basis
    lower_is_better: bool = False

    @property
    def sign(self) -> float:
        """What makes larger scores the better ones."""
        return -1.0 if self.lower_is_better else 1.0

    def sees(self, run: Run) -> bool:
        """Return whether a run has both."""
        has_score = score_of(run, self.score) is not None
        return has_score and energy_j(run, self.basis.scope) is not None


@dataclass(frozen=True, slots=True)
class TradePoint:
    """One configuration.

    Parameters
    ----------
    values : tuple of Factor and value
        What makes it.
    hardware : str
        Name of the machine.
    n : int
        Runs.
    energy_j : Interval
        Median energy of a training [J].
    score : Interval
        Median score.
    on_front, on_hardware_front : bool
        Whether no other configuration, or none on the same machine, is as good for less
        energy or better for as much.
    energy_j_per_point : float or None
        Energy over score [J per point]; `None` where lower scores are better.
    next_energy_j_per_point : float or None
        Along the front, what one more point costs after the configuration before
        [J per point].
    better_than_previous : Interval or None
        Along the front, how probable it is that a run scores better than one of the
        configuration before.
    """

    values: tuple[tuple[Factor, Value | None], ...]
    hardware: str
    n: int
    energy_j: Interval
    score: Interval
    on_front: bool = False
    on_hardware_front: bool = False
    energy_j_per_point: float | None = None
    next_energy_j_per_point: float | None = None
    better_than_previous: Interval | None = None


@dataclass(frozen=True, slots=True)
class TradeOff:
    """Energy against a score for one task.

    Parameters
    ----------
    kind : Kind
        What the energies have in common.
    task : str or None
        Data set or task.
    score : str
        Its name.
    lower_is_better : bool
        Whether the score is an error or a loss.
    point : float
        What a point of the score is.
    points : tuple of TradePoint
        By energy.
    """

    kind: Kind
    task: str | None
    score: str
    lower_is_better: bool
    point: float
    points: tuple[TradePoint, ...]

    @property
    def front(self) -> tuple[TradePoint, ...]:
        """The configurations on the front, the cheapest first."""
        return tuple(point for point in self.points if point.on_front)

    @property
    def best(self) -> TradePoint:
        """The configuration with the best median score."""
        return self.front[-1]


@dataclass(frozen=True, slots=True)
class _Configuration:
    """The runs of a configuration, and the two figures of each."""

    values: tuple[tuple[Factor, Value | None], ...]
    hardware: str
    energies_j: Values
    scores: Values

    def place(self, sign: float) -> tuple[float, float]:
        """Return the median energy [J] and the median score, larger is better."""
        return float(np.median(self.energies_j)), sign * float(np.median(self.scores))


def trade_off(
    runs: Sequence[Run],
    scoring: Scoring,
    *,
    factors: Sequence[Factor],
    kind: Callable[[Run], Kind],
    level: float,
) -> tuple[TradeOff, ...]:
    """Return what score costs how much energy, for each task.

    Parameters
    ----------
    runs : sequence of Run
        Those without the score or an energy are passed over.
    scoring : Scoring
        Which score, and which energy.
    factors : sequence of Factor
        What makes a configuration.
    kind : callable
        From a run to the sort of its energy.
    level : float
        Coverage of the intervals, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    """
    boards: dict[tuple[Kind, Value | None], list[Run]] = {}
    for run in runs:
        if scoring.sees(run):
            boards.setdefault((kind(run), CORE["task"].of(run)), []).append(run)
    found = []
    for (of_kind, task), of_task in boards.items():
        configurations = _configurations(of_task, scoring, factors)
        point = _point_of(configurations)
        found.append(
            TradeOff(
                of_kind,
                None if task is None else str(task),
                scoring.score,
                scoring.lower_is_better,
                point,
                tuple(_points(configurations, scoring, point=point, level=level)),
            )
        )
    return tuple(found)


def _point_of(configurations: Sequence[_Configuration]) -> float:
    seen = np.concatenate([c.scores for c in configurations])
    is_share = seen.min() >= 0 and seen.max() <= 1
    return POINT if is_share else 1.0


def _points(
    configurations: Sequence[_Configuration],
    scoring: Scoring,
    *,
    point: float,
    level: float,
) -> Iterator[TradePoint]:
    """Yield the configurations by energy, those on the front with the step to them."""
    places = [c.place(scoring.sign) for c in configurations]
    previous: _Configuration | None = None
    for c, place in zip(configurations, places, strict=True):
        beside = [
            p
            for p, o in zip(places, configurations, strict=True)
            if o.hardware == c.hardware
        ]
        energy = median_interval(c.energies_j, level=level)
        reached = median_interval(c.scores, level=level)
        has_price = not scoring.lower_is_better and reached.value > 0
        found = TradePoint(
            values=c.values,
            hardware=c.hardware,
            n=len(c.scores),
            energy_j=energy,
            score=reached,
            on_front=not _is_beaten(place, places),
            on_hardware_front=not _is_beaten(place, beside),
            energy_j_per_point=energy.value * point / reached.value
            if has_price
            else None,
        )
        if found.on_front and previous is not None:
            found = _stepped(found, previous, c, scoring.sign, point=point, level=level)
        previous = c if found.on_front else previous
        yield found


def _stepped(
    found: TradePoint,
    before: _Configuration,
    after: _Configuration,
    sign: float,
    *,
    point: float,
    level: float,
) -> TradePoint:
    """Return the point with what it costs after the one before it on the front."""
    (energy_j, score), (more_energy_j, more_score) = (
        before.place(sign),
        after.place(sign),
    )
    gained = (more_score - score) / point
    return replace(
        found,
        next_energy_j_per_point=(more_energy_j - energy_j) / gained if gained else None,
        better_than_previous=superiority_interval(
            sign * before.scores, sign * after.scores, level=level
        ),
    )


def _configurations(
    runs: Sequence[Run], scoring: Scoring, factors: Sequence[Factor]
) -> list[_Configuration]:
    """Return the runs by configuration, the one of the least energy first."""
    groups: dict[tuple[object, ...], list[Run]] = {}
    for run in runs:
        key = (run.hardware.name, *(factor.of(run) for factor in factors))
        groups.setdefault(key, []).append(run)
    found = [
        _Configuration(
            tuple((factor, factor.of(group[0])) for factor in factors),
            group[0].hardware.name,
            np.array([energy_j(r, scoring.basis.scope) for r in group], np.float64),
            np.array([score_of(r, scoring.score) for r in group], np.float64),
        )
        for group in groups.values()
    ]
    return sorted(found, key=lambda c: c.place(1.0))


def _is_beaten(
    place: tuple[float, float], places: Sequence[tuple[float, float]]
) -> bool:
    """Return whether another place has no more energy, no less score, and is not it."""
    return any(
        other[0] <= place[0] and other[1] >= place[1] and other != place
        for other in places
    )
