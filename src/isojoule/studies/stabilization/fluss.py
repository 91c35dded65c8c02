r"""Where the power of a run changes, by FLUSS: as published, and with care.

As published [1]_: every 10 readings, at 1 Hz, are joined with the 10 that are most like
them in shape, level and size taken out; the lowest place of the corrected arc curve is
the change, wherever it is, unless it lies within 30 readings of either end. There is
always an answer, and where nothing changes it is often that edge.

With care: stretches of half an epoch, compared as they are, so that the level counts,
which is what a change of power is; in steps of a sixteenth of an epoch; a change only
where the curve has a true minimum, not at the edge, below a tenth of what it would be
without any change. Else the answer is that there is none.

References
----------
.. [1] del Rey et al. (2024), "How to use model architecture and training environment to
   estimate the energy consumption of DL training", with stumpy 1.12 (Law 2019,
   doi:10.21105/joss.01504); FLUSS: Gharghabi et al. (2017),
   doi:10.1109/ICDM.2017.21.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.studies.stabilization.arcs import parabola, sampled_curve
from isojoule.studies.stabilization.profiles import corrected_arcs, nearest_like
from isojoule.studies.stabilization.traces import Trace

Floats: TypeAlias = NDArray[np.float64]
Edge: TypeAlias = Literal["first", "last"]

_MIN_PERIOD_S: Final = 0.9
"""Readings that come faster are averaged to the 1 s of the published data."""

_MAX_READINGS: Final = 30_000
"""Every reading is compared with every other: more take minutes."""


_DITHER: Final = 1e-3
"""Standard deviation of what is added, as a share of the mean power."""


@dataclass(frozen=True, slots=True, eq=False)
class Arcs:
    """The corrected arc curve of a run.

    Parameters
    ----------
    time_s : ndarray of shape (n,)
        Where each value belongs [s].
    heights : ndarray of shape (n,)
        Arcs over that place as a share of those without any change, at most 1.
    first, last : int
        Between which places a change may lie, both included.
    """

    time_s: Floats
    heights: Floats
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What a detector says of one run.

    Parameters
    ----------
    time_s : float or None
        When the power changes [s]; `None` where no change was found.
    height : float or None
        Of the corrected arc curve there, or at its lowest place where none was found.
    edge : {"first", "last"} or None
        Which end of what the detector may return it is.
    arcs : Arcs or None
        The curve.
    reason : str
        Why no change was found.
    """

    time_s: float | None
    height: float | None = None
    edge: Edge | None = None
    arcs: Arcs | None = None
    reason: str = ""


class Detector(Protocol):
    """Finds one change of power in a trace."""

    @property
    def label(self) -> str:
        """What it is called for people."""
        ...

    def find(self, trace: Trace, *, epoch_s: float) -> Change:
        """Return where the power changes.

        Parameters
        ----------
        trace : Trace
            Of one run.
        epoch_s : float
            Length of a typical epoch [s].
        """
        ...


@dataclass(frozen=True, slots=True)
class PublishedFluss:
    """FLUSS with the settings of the paper.

    Parameters
    ----------
    label : str
        What it is called for people.
    whole_watts : bool, default True
        Whether power is cut to whole watts, as the paper's reader does.
    n_subsequence, n_arc, excl_factor : int
        ``m`` of `stumpy.stump`, ``L`` and ``excl_factor`` of `stumpy.fluss`, in
        readings.
    n_first_dropped, n_last_dropped : int
        Readings that are left out at the ends.
    """

    label: str
    whole_watts: bool = True
    n_subsequence: int = 10
    n_arc: int = 10
    excl_factor: int = 3
    n_first_dropped: int = 0
    n_last_dropped: int = 3

    def find(self, trace: Trace, *, epoch_s: float) -> Change:  # noqa: ARG002 - not asked
        """Return the lowest place of the corrected arc curve.

        Parameters
        ----------
        trace : Trace
            Of one run; readings faster than about one per second are averaged to one.
        epoch_s : float
            Not looked at.

        Raises
        ------
        MissingExtraError
            If stumpy is not installed.
        """
        if len(trace.time_s) > 1 and trace.period_s < _MIN_PERIOD_S:
            trace = trace.averaged(1.0)
        end = len(trace.time_s) - self.n_last_dropped
        time_s = trace.time_s[self.n_first_dropped : max(end, 0)]
        power_w = trace.power_w[self.n_first_dropped : max(end, 0)]
        n_edge = self.excl_factor * self.n_arc
        n_places = len(power_w) - self.n_subsequence + 1
        if n_places <= 2 * n_edge:
            return Change(
                None,
                reason=f"{len(power_w)} readings are too few: {n_edge} at either end "
                "are excluded",
            )
        if n_places > _MAX_READINGS:
            return Change(
                None,
                reason=f"{len(power_w)} readings are too many to compare all of them, "
                f"at most {_MAX_READINGS}",
            )
        if self.whole_watts:
            power_w = np.floor(power_w)
        nearest = nearest_like(power_w, self.n_subsequence, by_shape=True)
        heights, place = corrected_arcs(
            nearest, sampled_curve(n_places), self.n_arc, self.excl_factor
        )
        arcs = Arcs(time_s[:n_places], heights, n_edge, n_places - n_edge - 1)
        if heights[place] >= 1:
            return Change(None, 1.0, arcs=arcs, reason="the arc curve is flat")
        return Change(
            float(time_s[place]), float(heights[place]), _edge(arcs, place), arcs
        )


@dataclass(frozen=True, slots=True)
class CarefulFluss:
    """FLUSS that is scaled to the epochs, and may say that nothing changes.

    Parameters
    ----------
    label : str
        What it is called for people.
    steps_per_epoch : int, default 16
        Into how many parts an epoch is averaged.
    subsequence_epochs : float, default 0.5
        Length of what is compared, in epochs.
    edge_epochs : float, default 1.0
        What is excluded at either end, in epochs.
    max_height : float, default 0.1
        Of the corrected arc curve at a change.
    max_steps : int, default 8000
        Of a run; longer ones are averaged more coarsely.

    Notes
    -----
    A stretch is in the new state once its middle is, so the change is put half a
    stretch after the place of the minimum; where the minimum is flat, at its middle.
    The settings were chosen on every second of the 309 raw runs of del Rey et al.
    (2023), doi:10.5281/zenodo.7828518, by hand among 16 combinations.
    """

    label: str
    steps_per_epoch: int = 16
    subsequence_epochs: float = 0.5
    edge_epochs: float = 1.0
    max_height: float = 0.1
    max_steps: int = 8000

    def find(self, trace: Trace, *, epoch_s: float) -> Change:
        """Return the lowest true minimum of the corrected arc curve, if it is low.

        Parameters
        ----------
        trace : Trace
            Of one run.
        epoch_s : float
            Length of a typical epoch [s].

        Raises
        ------
        MissingExtraError
            If stumpy is not installed.
        """
        if len(trace.time_s) < 2 or trace.duration_s <= 0:
            return Change(None, reason="there are too few readings")
        step_s = max(
            epoch_s / self.steps_per_epoch,
            trace.period_s,
            trace.duration_s / self.max_steps,
        )
        steps = trace.averaged(step_s)
        n_subsequence = max(4, round(self.subsequence_epochs * epoch_s / step_s))
        n_edge = max(n_subsequence, round(self.edge_epochs * epoch_s / step_s))
        n_places = len(steps.power_w) - n_subsequence + 1
        if n_places < 2 * n_edge + 3:
            return Change(
                None,
                reason=f"{trace.duration_s:.0f} s are too short for epochs of "
                f"{epoch_s:.3g} s",
            )
        series_w = _with_ties_broken(steps.power_w)
        nearest = nearest_like(series_w, n_subsequence, by_shape=False)
        heights, _ = corrected_arcs(nearest, parabola(n_places), n_edge, 1)
        time_s = steps.time_s[:n_places] + step_s * n_subsequence / 2
        arcs = Arcs(time_s, heights, n_edge, n_places - n_edge - 1)
        return self._judge(arcs, step_s)

    def _judge(self, arcs: Arcs, step_s: float) -> Change:
        inner = arcs.heights[arcs.first : arcs.last + 1]
        valley = lowest_valley(inner)
        if valley is None:
            lowest = float(inner.min())
            return Change(
                None, lowest, arcs=arcs, reason="the arc curve has no minimum"
            )
        begin, end = valley
        height = float(inner[begin])
        if height > self.max_height:
            reason = f"the lowest minimum is {height:.2f}, above {self.max_height:g}"
            return Change(None, height, arcs=arcs, reason=reason)
        begin_s = float(arcs.time_s[arcs.first + begin])
        return Change(begin_s + step_s * (end - begin) / 2, height, arcs=arcs)


def lowest_valley(heights: Floats) -> tuple[int, int] | None:
    """Return first and last place of the lowest minimum that is higher on both sides.

    Parameters
    ----------
    heights : ndarray of shape (n,)
        What touches an end is no minimum: it may go on falling.

    Returns
    -------
    tuple of int, or None
        Both included; the first of equal ones. `None` where there is none.
    """
    begins = np.flatnonzero(np.append(True, np.diff(heights) != 0))
    levels = heights[begins]
    if len(levels) < 3:
        return None
    is_valley = (levels[1:-1] < levels[:-2]) & (levels[1:-1] < levels[2:])
    if not is_valley.any():
        return None
    valleys = np.flatnonzero(is_valley) + 1
    lowest = int(valleys[np.argmin(levels[valleys])])
    return int(begins[lowest]), int(begins[lowest + 1]) - 1


def _with_ties_broken(power_w: Floats) -> Floats:
    """Return a series in which no two stretches are the same [W].

    Of stretches that are the same the first would be taken, so that all arcs go to one
    place, and its neighborhood looks like a change. What is added is drawn, the same
    every time, and a thousandth of the mean: less than any sensor's error.
    """
    drawn = np.random.default_rng(0).standard_normal(len(power_w))
    size_w = _DITHER * float(np.mean(np.abs(power_w)))
    return power_w + (size_w or _DITHER) * drawn  # all at 0 W are ties, too


def _edge(arcs: Arcs, place: int) -> Edge | None:
    if place == arcs.first:
        return "first"
    return "last" if place == arcs.last else None


def compile_for(detectors: Mapping[str, Detector]) -> None:
    """Let stumpy compile what these detectors need: 13 to 30 s each, once a process.

    Parameters
    ----------
    detectors : mapping of str to Detector
        Those that will be asked.

    Raises
    ------
    MissingExtraError
        If stumpy is not installed.
    """
    ramp = np.arange(64.0) % 7
    for by_shape in {isinstance(d, PublishedFluss) for d in detectors.values()}:
        nearest_like(ramp, 8, by_shape=by_shape)


DETECTORS: Final[Mapping[str, Detector]] = {
    "published": PublishedFluss("FLUSS as published"),
    "published-unrounded": PublishedFluss(
        "FLUSS as published, watts not cut", whole_watts=False
    ),
    "sane": CarefulFluss("FLUSS with care"),
}
"""The detectors by name."""

SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "published": ("published", "published-unrounded"),
    "sane": ("sane",),
    "both": tuple(DETECTORS),
}
"""Which detectors are asked, by what is chosen."""
