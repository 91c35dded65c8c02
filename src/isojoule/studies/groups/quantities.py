"""What is compared: energy, in total or per sample, power, time, use, a score."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

from isojoule.observations import energy_in_scope, parts_in_scope
from isojoule.records import Run, Scope


@dataclass(frozen=True, slots=True)
class Basis:
    """What a figure is taken of.

    Parameters
    ----------
    scope : {"gpu", "node", "wall"} or None
        Part of the machine; `Run.default_scope` where `None`.
    whole_batches : bool, default False
        Whether samples that fill no whole batch are left out of the count, as loaders
        that drop them do.
    """

    scope: Scope | None = None
    whole_batches: bool = False


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure of a run.

    Parameters
    ----------
    name : str
        As it is asked for.
    field : str
        Its name with its unit at the end.
    label : str
        For people.
    of : callable
        From a run and a basis to the figure; `None` where it is not known.
    is_energy : bool
        Whether it depends on the scope and provenance of the energies.
    is_total : bool
        Whether it grows with the length of the training.
    """

    name: str
    field: str
    label: str
    of: Callable[[Run, Basis], float | None]
    is_energy: bool = True
    is_total: bool = False

    @property
    def unit(self) -> str:
        """The ending of names that carry the unit, as ``_j_per_sample``."""
        for ending in ("_j_per_sample", "_j", "_w", "_s", "_fraction"):
            if self.field.endswith(ending):
                return ending
        return ""


@dataclass(frozen=True, slots=True)
class Case:
    """A run with its figure.

    Parameters
    ----------
    run : Run
        A finished run.
    figure : float
        The quantity that is compared.
    """

    run: Run
    figure: float


def n_epochs(run: Run) -> float | None:
    """Return the passes over the data, as stated or counted by windows."""
    stated = run.workload.n_epochs
    if stated is not None:
        return stated
    trained = {w.epoch for w in run.windows if w.epoch is not None}
    return float(len(trained)) if trained else None


def samples_seen(run: Run, *, whole_batches: bool = False) -> float | None:
    r"""Return how many samples went through the network, training and validation.

    Parameters
    ----------
    run : Run
        A finished run.
    whole_batches : bool, default False
        Leave out the samples that fill no whole batch, as loaders that drop them do.

    Returns
    -------
    float or None
        `None` where neither the samples nor those of an epoch are known.

    Notes
    -----
    :math:`N (n_{train} + n_{val})` over the true number of epochs N, each count less
    its remainder by the batch size where whole batches count. The published figure [1]_
    is of whole batches, but takes the zero-based index of the last epoch for N (0.8 %
    too few in block 2). That of the first paper counts the epochs before fine-tuning
    twice: 12 % too many samples in the median, J/image too low by as much.

    References
    ----------
    .. [1] del Rey et al. (2024), "How to use model architecture and training
       environment to estimate the energy consumption of DL training".
    """
    work, epochs = run.workload, n_epochs(run)
    if work.n_samples_per_epoch is None or epochs is None:
        return work.n_samples
    per_epoch = (work.n_samples_per_epoch, work.n_validation_samples_per_epoch or 0)
    if whole_batches and work.batch_size:
        per_epoch = (
            per_epoch[0] // work.batch_size * work.batch_size,
            per_epoch[1] // work.batch_size * work.batch_size,
        )
    return epochs * sum(per_epoch) or None


def samples_are(run: Run) -> str:
    """Return which samples `samples_seen` counts."""
    work = run.workload
    if work.n_samples_per_epoch is None or n_epochs(run) is None:
        return "samples as stated"
    if work.n_validation_samples_per_epoch is None:
        return "training samples"
    return "training and validation samples"


def energy_j(run: Run, scope: Scope | None = None) -> float | None:
    """Return the energy of a run in a scope [J]; `None` where it has none or zero.

    Parameters
    ----------
    run : Run
        A finished run.
    scope : {"gpu", "node", "wall"} or None
        `Run.default_scope` where `None`.
    """
    found = energy_in_scope(run.energies, scope or run.default_scope)
    return found[0] or None if found else None


def energy_is(run: Run, scope: Scope | None = None) -> tuple[str, str]:
    """Return what the energy of a run covers and what it can be trusted for.

    Parameters
    ----------
    run : Run
        With an energy in that scope.
    scope : {"gpu", "node", "wall"} or None
        `Run.default_scope` where `None`.

    Returns
    -------
    tuple of str
        The scope, with its parts where it is a sum, and the weakest provenance.
    """
    scope = scope or run.default_scope
    parts = [e.component for e in parts_in_scope(run.energies, scope)]
    found = energy_in_scope(run.energies, scope)
    covered = str(scope or "scope not stated")
    if parts and parts != [scope] and scope:
        covered = f"{scope} ({' + '.join(parts)})"
    return covered, str(found[1]) if found else "not known"


def _energy(run: Run, basis: Basis) -> float | None:
    return energy_j(run, basis.scope)


def _per_sample(run: Run, basis: Basis) -> float | None:
    total_j = energy_j(run, basis.scope)
    n_samples = samples_seen(run, whole_batches=basis.whole_batches)
    return total_j / n_samples if total_j and n_samples else None


def _power(run: Run, basis: Basis) -> float | None:
    total_j = energy_j(run, basis.scope)
    return total_j / run.duration_s if total_j and run.duration_s else None


def _duration(run: Run, _: Basis) -> float | None:
    return run.duration_s or None


def _utilization(run: Run, _: Basis) -> float | None:
    return run.gpu_utilization_fraction


QUANTITIES: Final[Mapping[str, Quantity]] = {
    q.name: q
    for q in (
        Quantity("energy", "energy_j", "energy", _energy, is_total=True),
        Quantity(
            "energy_per_sample", "energy_j_per_sample", "energy per sample", _per_sample
        ),
        Quantity("power", "mean_power_w", "mean power", _power),
        Quantity(
            "duration",
            "duration_s",
            "duration",
            _duration,
            is_energy=False,
            is_total=True,
        ),
        Quantity(
            "gpu_utilization",
            "gpu_utilization_fraction",
            "GPU utilization",
            _utilization,
            is_energy=False,
        ),
    )
}
"""What can be compared beside a score, by name."""


def score_of(run: Run, name: str) -> float | None:
    """Return a score of a run: as it states it, else of its last window that has it.

    Parameters
    ----------
    run : Run
        A finished run.
    name : str
        As ``f1``, ``accuracy``, ``val_loss``.

    Returns
    -------
    float or None
        `None` where there is none, or it is not finite.
    """
    found = run.measures.get(name)
    if found is None:
        ended = sorted(run.windows, key=lambda window: window.end_s)
        scores = [w.scores[name] for w in ended if name in w.scores]
        found = scores[-1] if scores else None
    return found if found is not None and isfinite(found) else None


def score_quantity(name: str) -> Quantity:
    """Return a score as a quantity that can be compared like an energy."""
    return Quantity(
        name, name, name, lambda run, _: score_of(run, name), is_energy=False
    )
