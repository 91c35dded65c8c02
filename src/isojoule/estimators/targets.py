"""What the offline estimates learn from a finished run: mean power, energy of an epoch.

A run may state them as measures, as published tables do; else they follow from its
energies, its duration and its number of epochs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from isojoule.errors import IncomparableError, InsufficientDataError
from isojoule.estimators.epochs import epochs_of
from isojoule.observations import energy_in_scope
from isojoule.records import Provenance, Run, Scope, weakest

Target: TypeAlias = Literal["power_w", "epoch_energy_j", "stable_epoch_energy_j"]

FIRST_STABLE: Final = 10
"""Epoch, counted from 0, from which the authors take every training as stable."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value of one run, with what it covers and how it came about.

    Parameters
    ----------
    value : float
        In the unit that ends the name of the target.
    scope : {"gpu", "node", "wall"} or None
        What it covers.
    provenance : {"measured", "modelled", "declared"}
        Weakest of the parts.
    """

    value: float
    scope: Scope | None
    provenance: Provenance


def epochs_done(run: Run) -> float | None:
    """Return how many epochs a run has trained; `None` where that is not known.

    Parameters
    ----------
    run : Run
        Its windows tell, where they name epochs: a training may end before its plan.
        Else its samples over those of an epoch; without the latter all of it is one.
    """
    seen = {w.epoch for w in run.windows if w.epoch is not None and w.duration_s > 0}
    if seen:
        return float(len(seen))
    if run.workload.n_samples_per_epoch is None and run.workload.n_samples is not None:
        return 1.0
    return run.workload.n_epochs


def mean_power_w(run: Run, scope: Scope | None = None) -> Reading | None:
    """Return the mean power of the accelerators [W], of all that was read without them.

    Parameters
    ----------
    run : Run
        The measure ``mean_gpu_power_w`` goes first; else energy over duration.
    scope : {"gpu", "node", "wall"} or None
        `Run.default_scope` where `None`; the accelerators where they were read.
    """
    stated = run.measures.get("mean_gpu_power_w")
    if stated is not None:
        return Reading(stated, "gpu", "measured")
    of = "gpu" if run.gpu_energy_j is not None else scope or run.default_scope
    found = energy_in_scope(run.energies, of)
    if found is None or not run.duration_s:
        return None
    return Reading(found[0] / run.duration_s, of, found[1])


def mean_epoch_energy_j(run: Run, scope: Scope | None = None) -> Reading | None:
    """Return the mean energy of an epoch of a run [J]; `None` where it is not known.

    Parameters
    ----------
    run : Run
        The measure ``mean_epoch_energy_j`` goes first, which is of all components of
        the run; else its energy over the epochs that it trained.
    scope : {"gpu", "node", "wall"} or None
        `Run.default_scope` where `None`; of no meaning where the run states a mean.
    """
    stated = _stated(run, "mean_epoch_energy_j")
    if stated is not None:
        return stated
    of = scope or run.default_scope
    found = energy_in_scope(run.energies, of)
    n_epochs = epochs_done(run)
    if found is None or not n_epochs:
        return None
    return Reading(found[0] / n_epochs, of, found[1])


def mean_stable_epoch_energy_j(run: Run, scope: Scope | None = None) -> Reading | None:
    """Return the mean energy of the epochs from epoch 10 on [J]; `None` if unknown.

    Parameters
    ----------
    run : Run
        The measure ``mean_stable_epoch_energy_j`` goes first, which is of all
        components of the run; else the mean over its windows.
    scope : {"gpu", "node", "wall"} or None
        As for `mean_epoch_energy_j`.
    """
    stated = _stated(run, "mean_stable_epoch_energy_j")
    if stated is not None:
        return stated
    of = scope or run.default_scope
    found = energy_in_scope(run.energies, of)
    try:
        epochs = epochs_of(run, scope=of)
    except (InsufficientDataError, ValueError):
        return None
    stable = [e.energy_j for e in epochs if e.index >= FIRST_STABLE]
    if not stable or found is None:
        return None
    return Reading(sum(stable) / len(stable), of, found[1])


def _stated(run: Run, name: str) -> Reading | None:
    value = run.measures.get(name)
    if value is None:
        return None
    components = {e.component for e in run.energies}
    provenances = [e.provenance for e in run.energies if e.provenance]
    return Reading(
        value,
        "gpu" if components == {"gpu"} else "node",
        weakest(provenances) if provenances else "modelled",
    )


READINGS: Final[Mapping[Target, Callable[[Run, Scope | None], Reading | None]]] = {
    "power_w": mean_power_w,
    "epoch_energy_j": mean_epoch_energy_j,
    "stable_epoch_energy_j": mean_stable_epoch_energy_j,
}
"""How each target is read from a run."""


def read_all(
    runs: Sequence[Run], target: Target, scope: Scope | None = None
) -> list[Reading | None]:
    """Return the target of each run; `None` where it is not known, or not positive.

    Parameters
    ----------
    runs : sequence of Run
        Finished runs.
    target : {"power_w", "epoch_energy_j", "stable_epoch_energy_j"}
        What to read.
    scope : {"gpu", "node", "wall"} or None
        As for the functions that read it.
    """
    read = READINGS[target]
    found = [read(run, scope) for run in runs]
    return [r if r is not None and r.value > 0 else None for r in found]


def require_one_scope(readings: Iterable[Reading]) -> Scope | None:
    """Return the scope that all readings have.

    Parameters
    ----------
    readings : iterable of Reading
        At least one.

    Raises
    ------
    IncomparableError
        If they have several.
    """
    scopes = {r.scope for r in readings}
    if len(scopes) > 1:
        named = ", ".join(sorted(s or "unstated" for s in scopes))
        raise IncomparableError(
            f"energies of different scopes are mixed ({named}): choose one with --scope"
        )
    return scopes.pop()
