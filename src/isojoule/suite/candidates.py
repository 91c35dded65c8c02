"""What is known of reference models on another machine before they run on this one."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from isojoule.errors import InsufficientDataError
from isojoule.observations import calibrate, match_hardware, select
from isojoule.records import Calibration, Observation, Run
from isojoule.suite.settings import Phase
from isojoule.workloads import (
    BATCH_SIZE,
    N_SAMPLES_PER_EPOCH,
    SUITE,
    ReferenceModel,
)

NOMINAL_FLOP_PER_J: Final = 1e10
"""Efficiency at which FLOP stand in for energies that nobody measured: about that of a
GPU of 2020 with small networks. Where all sizes are taken from FLOP another value gives
the same plan, for only their ratios enter."""

NOT_MEASURED: Final = "machine not measured"

_TRAINING_FLOP: Final = 3.0
"""FLOP of a training step over those of its forward pass."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a plan starts from.

    Parameters
    ----------
    candidates : tuple of Observation
        Reference models on the other machine, or what their FLOP tell.
    wanted : tuple of Observation
        Workloads there whose energy here will be asked for.
    have : tuple of str
        Candidates that have run here.
    notes : tuple of str
        What the user should know of all that.
    """

    candidates: tuple[Observation, ...]
    wanted: tuple[Observation, ...]
    have: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def sized_by_flop(model: ReferenceModel, phase: Phase) -> Observation:
    """Return an epoch of a model at `NOMINAL_FLOP_PER_J`, its power not known.

    Parameters
    ----------
    model : ReferenceModel
        Which one.
    phase : {"train", "test"}
        Training or inference.

    Notes
    -----
    Its FLOP are left out beside the energy that was made of them: a nominal efficiency
    is not known to be that of the model.
    """
    flop = (
        model.training_flop_per_sample
        if phase == "train"
        else model.forward_flop_per_sample
    )
    return Observation(
        workload=model.name,
        hardware=NOT_MEASURED,
        energy_j=flop * N_SAMPLES_PER_EPOCH / NOMINAL_FLOP_PER_J,
        phase=phase,
        model=model.name,
        provenance="declared",
        n_params=model.n_params,
        batch_size=BATCH_SIZE,
    )


def known_on(runs: Sequence[Run], machine: str | None, phase: Phase) -> Calibration:
    """Return what `runs` tell of a machine.

    Parameters
    ----------
    runs : sequence of Run
        Of the machine, and perhaps of others.
    machine : str or None
        Name, or words that name only one; may be `None` where there is only one.
    phase : {"train", "test"}
        Which runs; where all are of one other phase, these.

    Raises
    ------
    UnknownNameError
        If no machine, or no phase, is of that name.
    IncomparableError
        If energies of several kinds are mixed.
    InsufficientDataError
        If the machine is not named and there are several, or no run has an energy.
    """
    phases = {run.workload.phase for run in runs}
    seen = select(runs, phase=phase if len(phases) > 1 else None).observations
    machines = sorted({o.hardware for o in seen})
    if not machines:
        raise InsufficientDataError("none of the runs has an energy")
    if machine is None and len(machines) > 1:
        raise InsufficientDataError(
            f"the runs are of {', '.join(machines)}: name one machine with --from"
        )
    name = machines[0] if machine is None else match_hardware(machine, machines)
    return calibrate(name, seen)


def ask(
    models: Sequence[ReferenceModel],
    phase: Phase,
    *,
    source: Calibration | None = None,
    wanted_models: Sequence[ReferenceModel] = (),
    wanted_runs: Sequence[Run] = (),
    have: Collection[str] = (),
) -> Question:
    """Return the question that a plan answers.

    Parameters
    ----------
    models : sequence of ReferenceModel
        That could be run here.
    phase : {"train", "test"}
        Training or inference.
    source : Calibration or None
        The other machine; models that it has not measured are left out. Without it all
        sizes are taken from FLOP.
    wanted_models : sequence of ReferenceModel
        Kinds of networks that matter to the user.
    wanted_runs : sequence of Run
        Workloads that do. Without either, all reference models.
    have : collection of str
        Names of models that have run here.

    Raises
    ------
    InsufficientDataError
        If the other machine has measured no candidate, or nothing of what is wanted has
        a size.
    UnknownNameError
        If the runs that are wanted are not of the other machine.
    IncomparableError
        If energies of several kinds are mixed.
    """
    candidates = _on_source(models, phase, source)
    wanted = list(_wanted_runs(wanted_runs, phase, source))
    if wanted_models or not wanted:
        wanted += _on_source(list(wanted_models or SUITE.values()), phase, source)
    names = {o.workload for o in candidates}
    return Question(
        candidates=tuple(candidates),
        wanted=tuple(wanted),
        have=tuple(sorted(names & set(have))),
        notes=tuple(_notes(source, len(models) - len(candidates), set(have) - names)),
    )


def _notes(
    source: Calibration | None, n_left_out: int, unused: Collection[str]
) -> Iterable[str]:
    """Yield what the user should know of a question."""
    if source is None:
        yield (
            "no measurements of the other machine given (--source, --from): sizes are "
            f"taken from FLOP, {NOMINAL_FLOP_PER_J / 1e9:g} GFLOP to the joule, and "
            "powers are unknown"
        )
    elif n_left_out:
        yield (
            f"{n_left_out} models are left out: {source.hardware} has not measured them"
        )
    if unused:
        few = ", ".join(sorted(unused)[:4])
        yield f"no reference, though run here: {few}" + ", ..." * (len(unused) > 4)


def _on_source(
    models: Sequence[ReferenceModel], phase: Phase, source: Calibration | None
) -> list[Observation]:
    """Return what the other machine measured of models, or what their FLOP tell.

    Raises
    ------
    InsufficientDataError
        If it has measured none.
    """
    if source is None:
        return [sized_by_flop(model, phase) for model in models]
    known = source.observations
    found = [known[model.name] for model in models if model.name in known]
    if not found:
        few = ", ".join(model.name for model in models[:4])
        raise InsufficientDataError(
            f"{source.hardware} has measured none of {few}"
            f"{' and others' if len(models) > 4 else ''}: a reference has to run on "
            "both machines; leave --source out to plan from FLOP alone"
        )
    return found


def _wanted_runs(
    runs: Sequence[Run], phase: Phase, source: Calibration | None
) -> Iterable[Observation]:
    """Yield the workloads of runs on the scale of the candidates.

    Raises
    ------
    InsufficientDataError
        If there is no other machine and no run states FLOP.
    """
    if not runs:
        return
    if source is not None:
        yield from known_on(runs, source.hardware, phase).observations.values()
        return
    phases = {run.workload.phase for run in runs}
    seen = select(runs, phase=phase if len(phases) > 1 else None).observations
    sized = {o.workload: o for o in seen if o.work_flop}
    if not sized:
        raise InsufficientDataError(
            "the workloads asked for state no FLOP, and there are no measurements of "
            "the other machine to compare their energies with: name them with --source "
            "and --from"
        )
    for observation in sized.values():
        flop = observation.work_flop or 0.0
        flop *= _TRAINING_FLOP if observation.phase == "train" else 1.0
        yield replace(
            observation,
            hardware=NOT_MEASURED,
            energy_j=flop / NOMINAL_FLOP_PER_J,
            duration_s=None,
            work_flop=None,
        )
