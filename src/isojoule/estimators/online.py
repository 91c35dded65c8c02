r"""Energy of a training from a few of its epochs, as published [1]_.

Two estimates from a window of :math:`w` epochs that begins at the epoch :math:`s` from
which the training is taken as stable:

.. math::
   E_{power} = \bar P_{s \ldots s+w-1} \; T
   \qquad
   E_{epoch} = \frac{E_{s \ldots s+w-1}}{w} (n - s) + E_{0 \ldots s-1}

with the duration :math:`T` of the whole training and its number of epochs :math:`n`,
which both have to be known. Epochs are counted from 0. The published figures use
:math:`s = 10` and :math:`w = 5`.

References
----------
.. [1] del Rey et al. (2024), "How to use model architecture and training environment to
   estimate the energy consumption of DL training", Table 10 and its replication
   package, doi:10.5281/zenodo.11505891.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import fmean, stdev
from typing import Final, Self

from isojoule.errors import InsufficientDataError
from isojoule.estimators.epochs import Epoch, require_consecutive
from isojoule.records import Estimate, Hardware, Run, Workload
from isojoule.stats import student_half_width

PUBLISHED_START: Final = 10
"""Epoch from which the authors take every training as stable."""

LEAST_SCATTER: Final = 0.01
"""Relative scatter that a window of epochs is taken to have at the least: a few epochs
that agree better do so by chance, by rounding, or since their power was set."""

PUBLISHED_WINDOW: Final = 5
"""Epochs that their figures average over."""


def power_based_energy_j(
    epochs: Sequence[Epoch], *, start: int, window: int, duration_s: float
) -> float:
    """Return mean power of a window of epochs times the duration of the training [J].

    Parameters
    ----------
    epochs : sequence of Epoch
        Those that are over, in order; those outside the window are not looked at.
    start : int
        First epoch of the window, counted from 0.
    window : int
        Number of epochs in it.
    duration_s : float
        Length of the whole training [s].

    Raises
    ------
    InsufficientDataError
        If not all epochs of the window have been seen.
    ValueError
        If the window is empty, the start or duration cannot be, or epochs are missing
        or overlap.
    """
    if not (isfinite(duration_s) and duration_s > 0):
        raise ValueError(f"the duration must be positive, got {duration_s} s")
    seen = _window_of(epochs, start, window)
    return _energy_j(seen) / sum(e.duration_s for e in seen) * duration_s


def epoch_based_energy_j(
    epochs: Sequence[Epoch], *, start: int, window: int, n_epochs: float
) -> float:
    """Return energy of the stable epochs, from a window of them, plus the first [J].

    Parameters
    ----------
    epochs : sequence of Epoch
        Those that are over, from epoch 0 on, in order; those after the window are not
        looked at.
    start : int
        First epoch of the window, counted from 0; all before it count as they were.
    window : int
        Number of epochs in it.
    n_epochs : float
        Epochs of the whole training.

    Raises
    ------
    InsufficientDataError
        If not all epochs up to the end of the window have been seen.
    ValueError
        If the window is empty or larger than the training, the start cannot be, or
        epochs are missing or overlap.
    """
    require_window(start, window, n_epochs)
    seen = _window_of(epochs, start, window)
    first = [e for e in epochs if e.index < start]
    if len(first) < start:
        raise InsufficientDataError(
            f"the energy of epochs 0 to {start - 1} is needed, and "
            f"{start - len(first)} of them have not been seen"
        )
    require_consecutive([*first, *seen])
    return _energy_j(seen) * (n_epochs - start) / window + _energy_j(first)


def require_window(start: int, window: int, n_epochs: float | None) -> None:
    """Raise unless a window of epochs can lie in a training.

    Parameters
    ----------
    start : int
        First epoch of the window, counted from 0.
    window : int
        Number of epochs in it.
    n_epochs : float or None
        Epochs of the whole training, where they are known.

    Raises
    ------
    ValueError
        If the window is empty, begins before epoch 0, or does not fit.
    """
    if window < 1:
        raise ValueError(f"a window needs at least 1 epoch, got {window}")
    if start < 0:
        raise ValueError(f"epochs are counted from 0, got a window from {start} on")
    if n_epochs is not None and not start + window <= n_epochs < float("inf"):
        raise ValueError(
            f"a window of epochs {start} to {start + window - 1} does not fit into a "
            f"training of {n_epochs:g} epochs: take a smaller --window or --start"
        )


def _window_of(epochs: Sequence[Epoch], start: int, window: int) -> list[Epoch]:
    """Return the epochs of a window.

    Raises
    ------
    InsufficientDataError
        If not all of them have been seen.
    """
    require_window(start, window, None)
    seen = [e for e in epochs if start <= e.index < start + window]
    require_consecutive(seen)
    if len(seen) < window:
        known = f"epochs {epochs[0].index} to {epochs[-1].index}" if epochs else "none"
        raise InsufficientDataError(
            f"the window needs epochs {start} to {start + window - 1}, seen so far: "
            f"{known}"
        )
    return seen


def _energy_j(epochs: Sequence[Epoch]) -> float:
    return sum(e.energy_j for e in epochs)


@dataclass(frozen=True, slots=True)
class OnlinePowerEstimator:
    r"""Mean power of a window of stable epochs times the duration, as published [1]_.

    Parameters
    ----------
    start : int, default 10
        First epoch of the window, counted from 0.
    window : int, default 5
        Number of epochs in it.

    Notes
    -----
    The interval is :math:`\pm t_{w-1} s T \sqrt{1/w + 1/(n - w)}` with the standard
    deviation :math:`s` of the mean powers of the :math:`w` epochs, at least
    `LEAST_SCATTER` of their mean: it knows their scatter alone, not that epochs before
    or after the window may be of another kind.
    """

    start: int = PUBLISHED_START
    window: int = PUBLISHED_WINDOW

    def __post_init__(self) -> None:
        require_window(self.start, self.window, None)

    @classmethod
    def fit(cls, runs: Sequence[Run] = ()) -> Self:  # noqa: ARG003 - the contract
        """Return the estimator; there is nothing to learn from finished runs."""
        return cls()

    def estimate(
        self,
        workload: Workload,
        hardware: Hardware,
        *,
        observed: Sequence[Epoch] = (),
        duration_s: float | None = None,
        level: float = 0.9,
    ) -> Estimate:
        """Return the energy of all epochs of `workload`.

        Parameters
        ----------
        workload : Workload
            What is trained.
        hardware : Hardware
            On what.
        observed : sequence of Epoch
            Epochs that are over already, in order; all of the window among them.
        duration_s : float or None
            Length of the whole training [s]; where `None`, what was observed plus the
            mean length of the window for each epoch to come.
        level : float, default 0.9
            Coverage of the interval, in (0, 1).

        Raises
        ------
        InsufficientDataError
            If epochs of the window were not observed, or neither the duration nor the
            number of epochs is known.
        ValueError
            If epochs are missing or overlap, or the window does not fit.
        """
        require_window(self.start, self.window, workload.n_epochs)
        seen = _window_of(observed, self.start, self.window)
        notes: tuple[str, ...] = ()
        if duration_s is None:
            duration_s = _whole_duration_s(workload, observed, seen)
            notes = (f"duration of {duration_s:.0f} s taken on from the epochs so far",)
        energy_j = power_based_energy_j(
            observed, start=self.start, window=self.window, duration_s=duration_s
        )
        n_epochs = workload.n_epochs or float("inf")
        scatter_j = _scatter([e.mean_power_w for e in seen]) * duration_s
        half_j, made_of = _reach(scatter_j, self.window, n_epochs - self.window, level)
        return _estimate(
            workload, hardware, energy_j, half_j, level, "online-power", made_of, notes
        )


@dataclass(frozen=True, slots=True)
class OnlineEpochEstimator:
    r"""Energy of a window of stable epochs for all stable ones, as published [1]_.

    Parameters
    ----------
    start : int, default 10
        First epoch of the window, counted from 0; all before it count as they were.
    window : int, default 5
        Number of epochs in it.

    Notes
    -----
    The interval is :math:`\pm t_{w-1} s (n - s_0) \sqrt{1/w + 1/(n - s_0 - w)}` with
    the standard deviation :math:`s` of the energies of the :math:`w` epochs from
    :math:`s_0` on, at least `LEAST_SCATTER` of their mean: it knows their scatter
    alone, not that later epochs may be of another kind.
    """

    start: int = PUBLISHED_START
    window: int = PUBLISHED_WINDOW

    def __post_init__(self) -> None:
        require_window(self.start, self.window, None)

    @classmethod
    def fit(cls, runs: Sequence[Run] = ()) -> Self:  # noqa: ARG003 - the contract
        """Return the estimator; there is nothing to learn from finished runs."""
        return cls()

    def estimate(
        self,
        workload: Workload,
        hardware: Hardware,
        *,
        observed: Sequence[Epoch] = (),
        duration_s: float | None = None,  # noqa: ARG002 - the contract
        level: float = 0.9,
    ) -> Estimate:
        """Return the energy of all epochs of `workload`.

        Parameters
        ----------
        workload : Workload
            What is trained; its `n_epochs` is needed.
        hardware : Hardware
            On what.
        observed : sequence of Epoch
            Epochs that are over already, in order, from epoch 0 to the end of the
            window at least.
        duration_s : float or None
            Not used.
        level : float, default 0.9
            Coverage of the interval, in (0, 1).

        Raises
        ------
        InsufficientDataError
            If epochs up to the end of the window were not observed, or the number of
            epochs is not known.
        ValueError
            If epochs are missing or overlap, or the window does not fit.
        """
        n_epochs = _planned(workload)
        energy_j = epoch_based_energy_j(
            observed, start=self.start, window=self.window, n_epochs=n_epochs
        )
        seen = _window_of(observed, self.start, self.window)
        n_stable = n_epochs - self.start
        scatter_j = _scatter([e.energy_j for e in seen]) * n_stable
        half_j, made_of = _reach(scatter_j, self.window, n_stable - self.window, level)
        return _estimate(
            workload, hardware, energy_j, half_j, level, "online-epoch", made_of, ()
        )


def _planned(workload: Workload) -> float:
    """Return how many epochs are planned.

    Raises
    ------
    InsufficientDataError
        If that is not known.
    """
    if workload.n_epochs is None:
        raise InsufficientDataError(
            f"how many epochs {workload.name} has is not known: state n_samples and "
            "n_samples_per_epoch"
        )
    return workload.n_epochs


def _whole_duration_s(
    workload: Workload, observed: Sequence[Epoch], window: Sequence[Epoch]
) -> float:
    """Return how long the training takes if it goes on like the window [s].

    Raises
    ------
    InsufficientDataError
        If the number of epochs is not known.
    """
    n_left = max(_planned(workload) - (observed[-1].index + 1), 0.0)
    epoch_s = sum(e.duration_s for e in window) / len(window)
    return observed[-1].end_s - observed[0].start_s + n_left * epoch_s


def _scatter(values: Sequence[float]) -> float:
    return max(stdev(values), LEAST_SCATTER * fmean(values)) if len(values) > 1 else 0.0


def _reach(
    scatter_j: float, window: int, n_left: float, level: float
) -> tuple[float | None, str]:
    """Return how far the interval reaches [J], and what it is made of."""
    if window < 2:
        return None, "no interval: one epoch has no scatter, take a larger window"
    if n_left <= 0:
        return 0.0, "all epochs are in the window"
    quantile = student_half_width(level, window - 1)
    made_of = (
        f"scatter of the {window} epochs of the window, at least "
        f"{100 * LEAST_SCATTER:g} %, Student's distribution; epochs of another kind "
        "are not in it"
    )
    return quantile * scatter_j * sqrt(1 / window + 1 / n_left), made_of


def _estimate(
    workload: Workload,
    hardware: Hardware,
    energy_j: float,
    half_j: float | None,
    level: float,
    method: str,
    made_of: str,
    notes: tuple[str, ...],
) -> Estimate:
    return Estimate(
        workload.name,
        hardware.name,
        energy_j,
        None if half_j is None else max(energy_j - half_j, 0.0),
        None if half_j is None else energy_j + half_j,
        level,
        method,
        in_range=True,
        uncertainty=(made_of,),
        notes=notes,
    )
