r"""What the figures might have been: errors drawn by Monte Carlo.

Every error of the budget is drawn from its distribution and carried through, as in
JCGM 101:2008 [1]_: normal ones in the logarithm of the energy, rounding even over one
step of the figure. An error that a site shares is drawn once for all systems of the
team, one that all share once for everybody. Each entity, a system in a phase, a
reference of a site, a score, has its own stream of random numbers, found from the seed
and its names: adding a system or a phase, or another order of the input, changes no
draw of the others.

References
----------
.. [1] JCGM 101:2008, Evaluation of measurement data, Supplement 1: propagation of
   distributions using a Monte Carlo method.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from math import copysign, hypot, log, sqrt
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.comparison.budget import STATED_LEVEL, Doubt, normal_quantile
from isojoule.comparison.rules import Metric, Rules
from isojoule.comparison.running import RunAll
from isojoule.comparison.systems import System
from isojoule.errors import InsufficientDataError
from isojoule.submissions import Figure

Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
"""Draws are kept in single precision: 1e-7 of a value, far below every error."""

Places: TypeAlias = NDArray[np.intp]

MAX_KEPT_BYTES: Final = 2_800_000_000
"""Most memory of draws: 10,000 of two energies and two scores of 17,500 systems."""

_LARGEST: Final = 1e30
"""Scores beyond are drawn as this; sums stay below the end of single precision."""

_CHUNK_VALUES: Final = 4_000_000
"""Values that are worked on at a time."""

_NEGLIGIBLE: Final = 0.1
"""Part of the normal error of a figure below which its rounding is drawn as part of
that: the sum has the same deviation, and its fourth moment is off by 1e-4."""

_SMALL: Final = 0.01
"""Rounding, as a part of a figure, below which ln (1 + x) is x - x^2 / 2."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The draws of one quantity.

    Parameters
    ----------
    places : ndarray of shape (n,)
        Rising places of the systems that have it, among all.
    center : ndarray of shape (n,)
        As computed from the figures.
    deviation : ndarray of shape (n, n_draws)
        From `center`, by system and draw.
    """

    places: Places
    center: Floats
    deviation: Singles
    _extremes: dict[tuple[int, int], tuple[Singles, Singles]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def chunk(self, draws: slice, at: Places) -> Singles:
        """Return values of some draws, ndarray of shape (n_at, n_draws).

        Parameters
        ----------
        draws : slice
            Which draws.
        at : ndarray of shape (n_at,)
            Systems among all, that have the quantity.
        """
        rows = np.searchsorted(self.places, at)
        values: Singles = self.deviation[rows, draws]  # a copy
        values += self.center[rows, np.newaxis].astype(np.float32)
        return values

    def extremes(self, draws: slice, at: Places) -> tuple[Singles, Singles]:
        """Return the lowest and the highest value of each system in some draws.

        Parameters
        ----------
        draws : slice
            Which draws; what was found for them is kept.
        at : ndarray of shape (n_at,)
            Systems among all, that have the quantity.
        """
        key = draws.start, draws.stop
        if key not in self._extremes:
            some, center = self.deviation[:, draws], self.center.astype(np.float32)
            self._extremes[key] = some.min(axis=1), some.max(axis=1)
            for bound in self._extremes[key]:
                bound += center
        low, high = self._extremes[key]
        rows = np.searchsorted(self.places, at)
        return low[rows], high[rows]


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws of all energies and scores, made when they are asked for.

    Parameters
    ----------
    systems : tuple of System
        Whose figures are drawn.
    rules : Rules
        With the seed and the number of draws.
    """

    systems: tuple[System, ...]
    rules: Rules
    _kept: dict[tuple[str, str], Drawn] = field(
        default_factory=dict, compare=False, repr=False
    )

    def log_energy(self, phase: str) -> Drawn:
        """Return draws of ln energy [ln J] of one phase.

        Parameters
        ----------
        phase : str
            Name in the rules.

        Raises
        ------
        InsufficientDataError
            If the draws of all energies and scores are more than memory is meant for.
        """
        key = "energy", phase
        if key not in self._kept:
            self._require_room()
            self._kept[key] = _draw_energies(self.systems, phase, self.rules)
        return self._kept[key]

    def score(self, metric: str) -> Drawn:
        """Return draws of one score.

        Parameters
        ----------
        metric : str
            Name in the rules.

        Raises
        ------
        InsufficientDataError
            If the draws of all energies and scores are more than memory is meant for.
        """
        key = "score", metric
        if key not in self._kept:
            self._require_room()
            self._kept[key] = _draw_scores(self.systems, metric, self.rules)
        return self._kept[key]

    def make_all(self, run_all: RunAll = map) -> None:
        """Draw every phase and metric.

        Parameters
        ----------
        run_all : callable, default map
            Runs a function over several things.

        Raises
        ------
        InsufficientDataError
            If they are more than memory is meant for.
        """
        makers = [partial(self.log_energy, phase) for phase in self.rules.phases]
        makers += [partial(self.score, metric) for metric in self.rules.metrics]
        for _ in run_all(_made, makers):
            pass

    def places_of(self, systems: Sequence[System]) -> Places:
        """Return the rising places of some of the systems, ndarray of shape (n,).

        Parameters
        ----------
        systems : sequence of System
            The same objects as in `systems`.
        """
        wanted = {id(system) for system in systems}
        found = [i for i, system in enumerate(self.systems) if id(system) in wanted]
        return np.array(found, np.intp)

    def chunks(self, n_systems: int) -> Iterator[slice]:
        """Yield slices of draws that so many systems are worked through in.

        Parameters
        ----------
        n_systems : int
            Systems at a time.
        """
        size = max(1, _CHUNK_VALUES // max(n_systems, 1))
        for start in range(0, self.rules.n_draws, size):
            yield slice(start, min(start + size, self.rules.n_draws))

    def _require_room(self) -> None:
        rules = self.rules
        n_rows = sum(p in s.energies for s in self.systems for p in rules.phases)
        n_rows += sum(
            s.score(m) is not None for s in self.systems for m in rules.metrics
        )
        n_most = MAX_KEPT_BYTES // (np.dtype(np.float32).itemsize * max(n_rows, 1))
        if rules.n_draws > n_most:
            raise InsufficientDataError(
                f"n_draws {rules.n_draws} is too many for {len(self.systems)} systems "
                f"with {n_rows} energies and scores: use at most {n_most}"
            )


def _made(make: Callable[[], Drawn]) -> Drawn:
    return make()


def stream_of(seed: int, *names: str) -> np.random.Generator:
    """Return the random numbers of one entity.

    Parameters
    ----------
    seed : int
        Of the rules.
    *names : str
        What the entity is called; the same names give the same numbers in every
        process.
    """
    digest = sha256(repr((seed, *names)).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, np.uint32))


def has_equals(values: Floats, drawn: Singles) -> bool:
    """Return whether some are equal in every draw: exact figures, equal to each other.

    Parameters
    ----------
    values : ndarray of shape (n,)
        As computed from the figures.
    drawn : ndarray of shape (n, n_draws)
        Draws of them. Those of equal figures with errors of their own differ in the
        first draw or in the last.
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(counts[inverse] > 1)
    seen = np.column_stack([values[rows], drawn[rows, 0], drawn[rows, -1]])
    return len(np.unique(seen, axis=0)) < len(rows)


def score_doubt(figure: Figure, metric: Metric) -> tuple[float, float]:
    """Return the standard deviation of a score, and the step that it was rounded to.

    Parameters
    ----------
    figure : Figure
        The score; without an interval it is taken for exact but for rounding.
    metric : Metric
        With the level of the intervals; 95 % where nobody says it.
    """
    step = abs(figure.step or 0.0)
    if figure.low is None or figure.high is None:
        return 0.0, step
    level = metric.interval_level or STATED_LEVEL
    deviation = abs(figure.high - figure.low) / 2 / normal_quantile(level)
    return (deviation if np.isfinite(deviation) else 0.0), step


def _draw_scores(systems: Sequence[System], name: str, rules: Rules) -> Drawn:
    scores = [system.score(name) for system in systems]
    places = np.array([i for i, s in enumerate(scores) if s is not None], np.intp)
    deviation = np.zeros((len(places), rules.n_draws), np.float32)
    for row, place in zip(deviation, places, strict=True):
        system = systems[place]
        doubt = score_doubt(system.submission.scores[name], rules.metrics[name])
        std, step = (min(d, _LARGEST) for d in doubt)
        if std or step:
            stream = stream_of(rules.seed, "score", name, system.label)
            is_small = step / sqrt(12) < _NEGLIGIBLE * std
            _draw_normal(row, hypot(std, step / sqrt(12)) if is_small else std, stream)
            if not is_small:
                row += _even(stream, rules.n_draws, np.float32(step))
    center = np.array([s for s in scores if s is not None], np.float64)
    return Drawn(places, np.clip(center, -_LARGEST, _LARGEST), deviation)


def _draw_energies(systems: Sequence[System], phase: str, rules: Rules) -> Drawn:
    places = [i for i, s in enumerate(systems) if phase in s.energies]
    deviation = np.zeros((len(places), rules.n_draws), np.float32)
    together: dict[tuple[str, tuple[Doubt, ...]], list[int]] = {}
    for row, place in enumerate(places):
        system = systems[place]
        doubts = system.energies[phase].doubts
        stream = stream_of(rules.seed, "energy", phase, system.label)
        _draw_own(deviation[row], [d for d in doubts if d.shared == "system"], stream)
        shared = tuple(d for d in doubts if d.shared != "system")
        together.setdefault((system.team, shared), []).append(row)
    errors = _SharedErrors(rules)
    for (team, shared), rows in together.items():
        total = errors.total(team, shared)
        for row in rows:
            deviation[row] += total
    center = [log(systems[i].energy_j(phase) or 1.0) for i in places]
    return Drawn(np.array(places, np.intp), np.array(center, np.float64), deviation)


@dataclass(frozen=True, slots=True)
class _SharedErrors:
    """Draws of errors that several systems share."""

    rules: Rules
    _of_all: dict[Doubt, Singles] = field(default_factory=dict)

    def total(self, team: str, doubts: Sequence[Doubt]) -> Singles:
        """Return what all these errors do to ln energy, ndarray of shape (n_draws,).

        Parameters
        ----------
        team : str
            Whose site it is.
        doubts : sequence of Doubt
            None of a single system.
        """
        total = np.zeros(self.rules.n_draws, np.float32)
        for doubt in sorted(doubts, key=lambda d: (d.shared, d.source, d.of)):
            total += self._moved(doubt, team)
        return total

    def _moved(self, doubt: Doubt, team: str) -> Singles:
        if doubt.shared == "site":
            return self._draw(doubt, team)
        if doubt not in self._of_all:
            self._of_all[doubt] = self._draw(doubt, "")
        return self._of_all[doubt]

    def _draw(self, doubt: Doubt, team: str) -> Singles:
        names = doubt.shared, team, doubt.source, doubt.of
        stream = stream_of(self.rules.seed, *names)
        n_draws = self.rules.n_draws
        if doubt.is_uniform:
            return _rounded(doubt, _even(stream, n_draws, np.float32(1)))
        signed = copysign(doubt.log_std, doubt.sensitivity)
        return stream.standard_normal(n_draws, dtype=np.float32) * np.float32(signed)


def _draw_own(
    row: Singles, doubts: Sequence[Doubt], stream: np.random.Generator
) -> None:
    """Fill in the errors that a system shares with nobody; normal ones as one."""
    std = sqrt(sum(d.log_std**2 for d in doubts if not d.is_uniform))
    rounding = [d for d in doubts if d.is_uniform]
    small = [d for d in rounding if d.log_std < _NEGLIGIBLE * std]
    _draw_normal(row, hypot(std, *(d.log_std for d in small)), stream)
    for doubt in rounding:
        if doubt not in small:
            row += _rounded(doubt, _even(stream, len(row), np.float32(1)))


def _draw_normal(row: Singles, std: float, stream: np.random.Generator) -> None:
    """Fill in normal errors; nothing where there is none."""
    if std:
        stream.standard_normal(dtype=np.float32, out=row)
        row *= np.float32(std)


def _even(stream: np.random.Generator, n: int, step: np.float32) -> Singles:
    """Return numbers that are even over one step around 0."""
    even = stream.random(n, dtype=np.float32)
    even -= np.float32(0.5)
    even *= step
    return even


def _rounded(doubt: Doubt, even: Singles) -> Singles:
    """Return what an error of rounding does to ln energy.

    A figure x that was rounded to steps is x (1 + w u), where w is the step as a part
    of x and u even over [-0.5, 0.5]. Below 1 % the logarithm is its series, which is
    exact to single precision there.
    """
    width = sqrt(12) * doubt.log_std / abs(doubt.sensitivity)
    moved = even * np.float32(width)
    if width < _SMALL:
        moved -= moved * moved * np.float32(0.5)
    else:
        np.log1p(moved, out=moved)
    moved *= np.float32(doubt.sensitivity)
    return moved
