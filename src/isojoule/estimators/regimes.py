"""Where a training becomes stable, where it changes its kind, what goes to and fro.

A *regime* is a stretch of epochs of one kind of work on one state of the machine: the
frozen epochs before a fine-tuning, the fine-tuning, a slower host. Its first epoch also
holds what happens once, such as compiling the network again, and is not typical. A
training is followed with bounded work per epoch.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from isojoule.estimators.epochs import Epoch
from isojoule.estimators.stream.levels import (
    N_REFERENCE,
    Floats,
    Level,
    Places,
    judge_level,
    median,
    shared_period,
    stable_from,
)
from isojoule.estimators.stream.suspects import Suspects

WINDOW: Final = 256
"""Epochs that are looked back on; what bounds the work per epoch."""

STARTUP_S: Final = 60.0
"""What starting and compiling may take [s]. In the runs of del Rey et al. (2023) the
first epoch exceeds the second by up to 75 s, and the gap before the fine-tuning, in
which the network is compiled again, is 6 to 25 s."""

LONG_EPOCH_S: Final = 10 * STARTUP_S
"""Length from which on the first epoch is typical to a tenth [s]."""

_N_SUSPECTS: Final = 5
"""Epochs in a row after which a step that is no change counts as wander. Fewer do where
fewer stable epochs stand against them."""

_N_INCIDENT: Final = 5
"""Epochs up to which a stretch, from which a training comes back, was an incident."""

_N_SETTLED: Final = 64
"""Epochs of a regime from which on its stable ones are looked for less often."""

_N_LOOKED_BACK: Final = 16
"""Regimes among which the level of a new one is looked for."""


@dataclass(frozen=True, slots=True)
class Regime:
    """A stretch of epochs of one kind.

    Parameters
    ----------
    start : int
        Its first epoch, counted from 0.
    start_s : float
        When that began, on the axis of the epochs [s].
    n_epochs : int
        Epochs of it that are over.
    energy_j : float
        Median energy of its stable epochs, of its last where none is stable yet [J].
    duration_s : float
        Likewise the time from the end of one epoch to that of the next [s].
    is_planned : bool
        Whether the change was announced.
    """

    start: int
    start_s: float
    n_epochs: int
    energy_j: float
    duration_s: float
    is_planned: bool = False

    @property
    def mean_power_w(self) -> float:
        """Energy over time of a typical epoch [W]."""
        return self.energy_j / self.duration_s


@dataclass(frozen=True, slots=True)
class Stable:
    """The epochs that tell what the next ones will take.

    Parameters
    ----------
    positions : ndarray of shape (n,)
        Where they stand in the training, counted from the first epoch that was seen.
    energies_j, durations_s : ndarray of shape (n,)
        What they took [J], [s].
    start_s : float
        When the first of them began, on the axis of the epochs [s].
    before : tuple of float or None
        Energy [J] and time [s] of the epoch before them, where it was left out since
        the regime was still settling.
    period : int
        After how many epochs their pattern repeats; 1 where nothing repeats.
    has_startup : bool
        Whether the first epoch of a regime is among them, for it is long enough.
    is_switching : bool
        Whether they are of several regimes between which the training goes to and fro.
    """

    positions: Places
    energies_j: Floats
    durations_s: Floats
    start_s: float
    before: tuple[float, float] | None = None
    period: int = 1
    has_startup: bool = False
    is_switching: bool = False


@dataclass(slots=True)
class _Stretch:
    """A regime as it is followed."""

    position: int
    start_s: float
    is_planned: bool
    closed: Regime | None = None
    energy: Level | None = None
    duration: Level | None = None

    def is_like(self, energy_j: float, duration_s: float) -> bool:
        """Return whether an epoch could be one of it."""
        if self.energy is None or self.duration is None:
            return False
        return self.energy.holds(energy_j) and self.duration.holds(duration_s)


class RegimeTracker:
    """Follows the epochs of a training and tells what kind they are of.

    Parameters
    ----------
    changes_at : collection of int, optional
        Epochs at which the user changes the work, such as the first of a fine-tuning.

    Notes
    -----
    Without being told, a change is taken as one when two epochs in a row depart from
    the stable ones by more than 10 % and six scatters to the same side, three by 6 %
    and five, or five by 3 % and four, in energy or in time; or two to a level that was
    there before. Where single odd epochs are common, so many in a row are needed that
    they are no chance. A stretch of up to five epochs after which the old level is back
    is undone as an incident; after a longer one, the training is taken to go to and
    fro, and all epochs since count together.
    """

    def __init__(self, changes_at: Collection[int] = ()) -> None:
        self._changes_at = frozenset(changes_at)
        self._energies_j: list[float] = []
        self._durations_s: list[float] = []
        self._starts_s: list[float] = []
        self._end_s = 0.0
        self._first_index = 0
        self._stretches: list[_Stretch] = []
        self._pool = 0
        self._stable: Stable | None = None
        self._stable_position = 0
        self._suspects = (Suspects(), Suspects())
        self._regimes: tuple[Regime, ...] | None = None
        self.incidents: list[tuple[int, int]] = []

    def observe(self, epoch: Epoch) -> None:
        """Follow one further epoch.

        Parameters
        ----------
        epoch : Epoch
            The one after the last.
        """
        is_first = not self._energies_j
        if is_first:
            self._first_index, self._end_s = epoch.index, epoch.start_s
        self._energies_j.append(epoch.energy_j)
        self._durations_s.append(epoch.end_s - self._end_s)
        self._starts_s.append(epoch.start_s)
        self._end_s = epoch.end_s
        position = len(self._energies_j) - 1
        if is_first or epoch.index in self._changes_at:
            self._begin(position, is_planned=not is_first)
        else:
            self._suspect(position)
        self._settle()
        self._regimes = None

    @property
    def n_suspects(self) -> int:
        """How many of the last epochs depart from the stable ones."""
        return max(s.n for s in self._suspects)

    @property
    def suspects(self) -> tuple[Floats, Floats]:
        """Energies [J] and times [s] of these epochs."""
        begin = len(self._energies_j) - self.n_suspects
        return np.array(self._energies_j[begin:]), np.array(self._durations_s[begin:])

    @property
    def n_seen(self) -> int:
        """How many epochs were followed."""
        return len(self._energies_j)

    @property
    def last_duration_s(self) -> float:
        """Time from the end of the epoch before the last to that of the last [s]."""
        return self._durations_s[-1]

    @property
    def stable(self) -> Stable | None:
        """The epochs to go by; `None` where there are none yet."""
        return self._stable

    @property
    def stable_since(self) -> int | None:
        """The epoch from which on the training is stable.

        `None` before three stable epochs, or while the last ones depart from them.
        """
        if self._stable is None or len(self._stable.positions) < N_REFERENCE:
            return None
        return None if self.n_suspects else self._first_index + self._stable_position

    @property
    def stable_since_s(self) -> float:
        """When that epoch began, on the axis of the epochs [s]."""
        return self._starts_s[self._stable_position]

    @property
    def regimes(self) -> tuple[Regime, ...]:
        """What was seen so far, in order; incidents are not among them."""
        if self._regimes is None:
            self._regimes = tuple(s.closed or self._regime(s) for s in self._stretches)
        return self._regimes

    def _begin(self, position: int, *, is_planned: bool) -> None:
        """Let a regime begin."""
        if self._stretches:
            last = self._stretches[-1]
            last.closed = self._regime(last, position)
        start_s = self._starts_s[position]
        self._stretches.append(_Stretch(position, start_s, is_planned))
        self._pool = len(self._stretches) - 1
        self._suspects = (Suspects(), Suspects())

    def _suspect(self, position: int) -> None:
        """Judge whether the last epochs are of another regime."""
        now = self._stretches[-1]
        if now.energy is None or now.duration is None:
            return
        pairs = (
            (self._suspects[0], now.energy, self._energies_j[position]),
            (self._suspects[1], now.duration, self._durations_s[position]),
        )
        n = 0
        for suspects, level, value in pairs:
            suspects.take(*level.deviation(value, position))
            if suspects.are_a_change(level.odd_share):
                n = max(n, suspects.n)
        known = self._known_like(self.n_suspects) if self.n_suspects > 1 else None
        if n or known is not None:
            pool = self._pool
            self._begin(position + 1 - (n or self.n_suspects), is_planned=False)
            self._come_back(known, pool)
            return
        for suspects, level, _ in pairs:
            if suspects.n > min(_N_SUSPECTS, level.n_epochs):
                suspects.n = 0

    def _come_back(self, known: int | None, pool: int) -> None:
        """Undo an incident that is over; see whether the training goes to and fro."""
        if known is None:
            return
        begin = self._stretches[known + 1].position
        n_between = self._stretches[-1].position - begin
        if n_between <= _N_INCIDENT:
            self.incidents.append((self._first_index + begin, n_between))
            del self._stretches[known + 1 :]
            self._stretches[known].closed = None
        self._pool = min(pool, known)

    def _known_like(self, n: int) -> int | None:
        """Return which regime before the current one is like the last `n` epochs."""
        energy_j = median(np.array(self._energies_j[1 - n :]))
        duration_s = median(np.array(self._durations_s[1 - n :]))
        last = len(self._stretches) - 2
        for number in range(last, max(last - _N_LOOKED_BACK, -1), -1):
            if self._stretches[number + 1].is_planned:
                return None
            old = self._stretches[number]
            if old.is_like(energy_j, duration_s):
                return number
        return None

    def _settle(self) -> None:
        """Find the stable epochs of what goes on, and what the next should take."""
        now = self._stretches[-1]
        is_switching = self._pool < len(self._stretches) - 1
        positions = self._candidates(is_switching=is_switching)
        if not len(positions):
            self._stable = None
            return
        energies_j, durations_s = (
            np.array(series[positions[0] : positions[-1] + 1])[positions - positions[0]]
            for series in (self._energies_j, self._durations_s)
        )
        first = 0
        if not is_switching:
            first = self._onset(positions, energies_j, durations_s)
        before = (float(energies_j[first - 1]), float(durations_s[first - 1]))
        energies_j, durations_s = energies_j[first:], durations_s[first:]
        self._stable = Stable(
            positions[first:],
            energies_j,
            durations_s,
            self._starts_s[positions[first]],
            before if first else None,
            1 if is_switching else shared_period(energies_j, durations_s),
            bool(positions[first] == now.position),
            is_switching,
        )
        # What lies before the window stays as it was judged when it was in it, unless
        # the window itself has become another.
        slid = positions[0] > self._stretches[self._pool].position + 1
        if not slid or first > len(positions) // 4:
            self._stable_position = int(positions[first])
        self._expect(now, self._stable)

    def _onset(self, positions: Places, energies_j: Floats, durations_s: Floats) -> int:
        """Return the first of the candidates that is stable.

        It hardly moves any more once many epochs are stable: then it is looked for
        after every eighth only.
        """
        if len(positions) > _N_SETTLED and len(self._energies_j) % 8:
            return max(self._stable_position - int(positions[0]), 0)
        return stable_from(energies_j, durations_s)

    def _candidates(self, *, is_switching: bool) -> Places:
        """Return the positions that may be stable: no suspects, no first epochs."""
        end = len(self._energies_j) - self.n_suspects
        begin = max(self._stretches[self._pool].position, end - WINDOW)
        positions = np.arange(begin, end)
        if is_switching:
            starts = [s.position - begin for s in self._stretches[self._pool :]]
            return np.delete(positions, [p for p in starts if 0 <= p < end - begin])
        is_first = begin == self._stretches[-1].position
        is_short = is_first and self._durations_s[begin] < LONG_EPOCH_S
        return positions[1:] if is_short else positions

    @staticmethod
    def _expect(now: "_Stretch", stable: Stable) -> None:
        """Note what the next epoch of the current regime should take."""
        mine = stable.positions > now.position if stable.is_switching else slice(None)
        positions = stable.positions[mine]
        if len(positions):
            now.energy, now.duration = (
                judge_level(values[mine], positions, stable.period)
                for values in (stable.energies_j, stable.durations_s)
            )

    def _regime(self, stretch: "_Stretch", end: int | None = None) -> Regime:
        end = len(self._energies_j) if end is None else end
        levels = (stretch.energy, stretch.duration)
        energy_j, duration_s = (
            series[end - 1] if level is None else sum(level.values) / len(level.values)
            for level, series in zip(
                levels, (self._energies_j, self._durations_s), strict=True
            )
        )
        return Regime(
            self._first_index + stretch.position,
            stretch.start_s,
            end - stretch.position,
            energy_j,
            duration_s,
            stretch.is_planned,
        )
