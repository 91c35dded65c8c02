"""From runs to what may be compared: one scope, one phase, repeats reduced."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, stdev

from isojoule.errors import (
    IncomparableError,
    InsufficientDataError,
    UnknownNameError,
)
from isojoule.records import (
    Calibration,
    Component,
    ComponentEnergy,
    Observation,
    Provenance,
    Run,
    Scope,
    weakest,
)


def parts_in_scope(
    energies: Iterable[ComponentEnergy], scope: Scope | None
) -> tuple[ComponentEnergy, ...]:
    """Return the known figures that the energy in `scope` is the sum of.

    Parameters
    ----------
    energies : iterable of ComponentEnergy
        Figures of one run or window.
    scope : {"gpu", "node", "wall"} or None
        `None` takes the figure whose scope its source does not state.

    Notes
    -----
    ``node`` is a total that the source states, else the parts that were read; parts
    that were not read are missing from it.
    """
    known = {e.component: e for e in energies if e.energy_j is not None}
    parts: tuple[Component, ...] = (scope or "unstated",)
    if scope == "node" and "node" not in known:
        parts = ("gpu", "cpu", "dram")
    return tuple(known[p] for p in parts if p in known)


def energy_in_scope(
    energies: Iterable[ComponentEnergy], scope: Scope | None
) -> tuple[float, Provenance] | None:
    """Return the energy [J] and provenance of `energies` in `scope`.

    Parameters
    ----------
    energies : iterable of ComponentEnergy
        Figures of one run or window.
    scope : {"gpu", "node", "wall"} or None
        As for `parts_in_scope`.

    Returns
    -------
    tuple of float and str, or None
        The sum over the known components of the scope with the weakest of their
        provenances; `None` where nothing in that scope is known.
    """
    found = parts_in_scope(energies, scope)
    if not found:
        return None
    total_j = sum(e.energy_j for e in found if e.energy_j is not None)
    return total_j, weakest(e.provenance for e in found if e.provenance is not None)


def bounds_in_scope(
    energies: Iterable[ComponentEnergy], scope: Scope | None
) -> tuple[float, float] | None:
    """Return the bounds of the energy in `scope` [J]; `None` where a part has none.

    Parameters
    ----------
    energies : iterable of ComponentEnergy
        Figures of one run or window.
    scope : {"gpu", "node", "wall"} or None
        As for `parts_in_scope`.
    """
    parts = parts_in_scope(energies, scope)
    lows = [e.energy_low_j for e in parts if e.energy_low_j is not None]
    highs = [e.energy_high_j for e in parts if e.energy_high_j is not None]
    if not parts or not len(lows) == len(highs) == len(parts):
        return None
    return sum(lows), sum(highs)


def observe(run: Run, *, scope: Scope | None = None) -> Observation | None:
    """Return what a normalizer may know of `run`.

    Parameters
    ----------
    run : Run
        A finished run.
    scope : {"gpu", "node", "wall"} or None
        Default: `Run.default_scope`.

    Returns
    -------
    Observation or None
        `None` where no energy in that scope is known, or it is zero.

    Notes
    -----
    Where a run knows how many samples it processed and how many an epoch has, its unit
    of work is one epoch: energy, duration and FLOP are scaled to that.
    """
    scope = scope or run.default_scope
    found = energy_in_scope(run.energies, scope)
    if found is None or found[0] == 0:
        return None
    work = run.workload
    epochs = 1.0
    if work.n_samples is not None and work.n_samples_per_epoch is not None:
        epochs = work.n_samples / work.n_samples_per_epoch
    return Observation(
        workload=work.name,
        hardware=run.hardware.name,
        energy_j=found[0] / epochs,
        duration_s=run.duration_s / epochs if run.duration_s else None,
        phase=work.phase,
        model=work.model,
        variant=work.variant,
        provenance=found[1],
        scope=scope,
        gpu_utilization_fraction=run.gpu_utilization_fraction,
        work_flop=None if work.work_flop is None else work.work_flop / epochs,
        n_params=work.n_params,
        batch_size=work.batch_size,
    )


def require_comparable(observations: Iterable[Observation]) -> None:
    """Raise unless `observations` have one phase, variant, scope and provenance.

    Raises
    ------
    IncomparableError
        If they differ; the message names what was found.
    """
    seen = list(observations)
    for what, found, option in (
        ("phases", {o.phase or "unstated" for o in seen}, "--phase"),
        ("settings", {o.variant or "unstated" for o in seen}, "--allow-mixed"),
        ("scopes", {o.scope or "unstated" for o in seen}, "--allow-mixed"),
        ("provenances", {o.provenance for o in seen}, "--allow-mixed"),
    ):
        if len(found) > 1:
            raise IncomparableError(
                f"energies of different {what} are mixed ({', '.join(sorted(found))}): "
                f"choose one, or accept the mixture ({option})"
            )


def calibrate(
    hardware: str, observations: Iterable[Observation], *, allow_mixed: bool = False
) -> Calibration:
    """Return the calibration of `hardware`, repeats reduced to their median.

    Parameters
    ----------
    hardware : str
        Name of the machine; observations of others are left out.
    observations : iterable of Observation
        Any number per workload.
    allow_mixed : bool, default False
        Accept several phases, variants, scopes or provenances.

    Raises
    ------
    IncomparableError
        If phases, variants, scopes or provenances differ and `allow_mixed` is false.
    """
    mine = [o for o in observations if o.hardware == hardware]
    if not allow_mixed:
        require_comparable(mine)
    groups: dict[str, list[Observation]] = {}
    for observation in mine:
        groups.setdefault(observation.workload, []).append(observation)
    return Calibration(hardware, {name: _median_of(g) for name, g in groups.items()})


def calibrate_phases(hardware: str, observations: Iterable[Observation]) -> Calibration:
    """Return the calibration of `hardware` over all phases, each by itself.

    Parameters
    ----------
    hardware : str
        Name of the machine; observations of others are left out.
    observations : iterable of Observation
        Any number per workload and phase.

    Returns
    -------
    Calibration
        Its observations are by workload and phase: ``mlp-1 (train)``.

    Raises
    ------
    IncomparableError
        If variants, scopes or provenances of one phase differ.
    """
    by_phase: dict[str | None, list[Observation]] = {}
    for observation in observations:
        by_phase.setdefault(observation.phase, []).append(observation)
    found = {
        f"{name} ({phase})": observation
        for phase, group in by_phase.items()
        for name, observation in calibrate(hardware, group).observations.items()
    }
    return Calibration(hardware, found)


def _median_of(repeats: list[Observation]) -> Observation:
    """Return the observation with the median energy and duration of `repeats`."""
    first = repeats[0]
    if len(repeats) == 1:
        return first
    energies_j = [o.energy_j for o in repeats]
    return Observation(
        workload=first.workload,
        hardware=first.hardware,
        energy_j=median(energies_j),
        duration_s=_median_known(o.duration_s for o in repeats),
        phase=first.phase,
        model=first.model,
        variant=first.variant,
        provenance=weakest(o.provenance for o in repeats),
        scope=first.scope,
        gpu_utilization_fraction=_median_known(
            o.gpu_utilization_fraction for o in repeats
        ),
        work_flop=_median_known(o.work_flop for o in repeats),
        n_params=_median_known(o.n_params for o in repeats),
        batch_size=_only(o.batch_size for o in repeats),
        n_repeats=sum(o.n_repeats for o in repeats),
        repeat_std_fraction=stdev(energies_j) / median(energies_j),
    )


def _only(values: Iterable[int | None]) -> int | None:
    """Return the value that all have; `None` where they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _median_known(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return median(known) if known else None


@dataclass(frozen=True, slots=True)
class Selection:
    """Observations of one kind, and what was done to get there.

    Parameters
    ----------
    observations : tuple of Observation
        Every repeat.
    notes : tuple of str
        What was left out and why.
    """

    observations: tuple[Observation, ...]
    notes: tuple[str, ...] = ()


def is_part(run: Run) -> bool:
    """Return whether `run` is that of one rank among several."""
    return "rank" in run.tags and run.tags.get("world_size", "1") != "1"


def select(
    runs: Sequence[Run],
    *,
    phase: str | None = None,
    power_limit_w: float | None = None,
    scope: Scope | None = None,
) -> Selection:
    """Return the observations of `runs` that may be compared with each other.

    Parameters
    ----------
    runs : sequence of Run
        Of any machines, workloads and phases.
    phase : str or None
        Phase to keep; where `None` all runs must be of one.
    power_limit_w : float or None
        Power limit to keep [W]; where `None` the highest of each machine, which is
        the default of most boards. Runs without a stated limit are always kept.
    scope : {"gpu", "node", "wall"} or None
        Scope of the energies; each run's default where `None`.

    Raises
    ------
    UnknownNameError
        If no run is of that phase or at that limit.
    IncomparableError
        If there are several phases and none was chosen.
    """
    phases = {r.workload.phase for r in runs}
    if phase is None and len(phases) > 1:
        raise IncomparableError(
            f"the data hold phases {', '.join(sorted(phases))}: choose one with --phase"
        )
    if phase is not None and phase not in phases:
        raise UnknownNameError("phase", phase, phases)
    of_phase = [r for r in runs if phase in {None, r.workload.phase}]
    whole = [r for r in of_phase if not is_part(r)]
    notes_of_parts = []
    if len(whole) < len(of_phase):
        n_parts = len(of_phase) - len(whole)
        notes_of_parts.append(
            f"{n_parts} runs of single ranks left out: `isojoule runs merge` adds them"
        )
    of_phase = whole
    complete = [r for r in of_phase if r.status == "complete"]
    kept, notes = _at_power_limit(complete, power_limit_w)
    notes += notes_of_parts
    if len(complete) < len(of_phase):
        n_partial = len(of_phase) - len(complete)
        notes.append(f"{n_partial} runs that did not end by themselves left out")
    observed = [o for r in kept if (o := observe(r, scope=scope)) is not None]
    if len(observed) < len(kept):
        notes.append(f"{len(kept) - len(observed)} runs without an energy left out")
    return Selection(tuple(observed), tuple(notes))


def _at_power_limit(
    runs: list[Run], power_limit_w: float | None
) -> tuple[list[Run], list[str]]:
    limits: dict[str, set[float]] = {}
    for run in runs:
        if run.power_limit_w is not None:
            limits.setdefault(run.hardware.name, set()).add(run.power_limit_w)
    if power_limit_w is not None:
        offered = {f"{w:g}" for found in limits.values() for w in found}
        if f"{power_limit_w:g}" not in offered:
            raise UnknownNameError("power limit", f"{power_limit_w:g}", offered)
        wanted = dict.fromkeys(limits, power_limit_w)
    else:
        wanted = {name: max(found) for name, found in limits.items()}
    kept = [
        r
        for r in runs
        if r.power_limit_w is None or r.power_limit_w == wanted[r.hardware.name]
    ]
    if len(kept) == len(runs):
        return kept, []
    there = {r.hardware.name for r in kept}
    chosen = ", ".join(
        f"{name} {w:g} W" for name, w in sorted(wanted.items()) if name in there
    )
    return kept, [f"kept one power limit per machine ({chosen})"]


def once(runs: Iterable[Run]) -> list[Run]:
    """Return the runs without those that come again.

    Parameters
    ----------
    runs : iterable of Run
        Of several files and stores. Rows of two tables of one name have the same ids:
        a run comes again only if all that a normalizer knows of it is the same, too.
    """
    seen: dict[tuple[object, ...], Run] = {}
    for run in runs:
        what = (run.hardware.name, run.workload.name, run.workload.phase, run.energies)
        seen.setdefault((run.run_id, run.duration_s, *what), run)
    return list(seen.values())


def require_left(runs: Iterable[Run], selection: Selection, *names: str) -> None:
    """Raise where all runs of a machine that is asked for were left out.

    Parameters
    ----------
    runs : iterable of Run
        What was selected from.
    selection : Selection
        What is left.
    *names : str
        Machines that are asked for; those that had no run are passed over.

    Raises
    ------
    InsufficientDataError
        The message says what was left out.
    """
    left = {o.hardware for o in selection.observations}
    known = {run.hardware.name for run in runs}
    for name in names:
        try:
            machine = match_hardware(name, known)
        except UnknownNameError:
            continue
        if machine not in left:
            why = "; ".join(selection.notes) or "they are of another phase"
            raise InsufficientDataError(f"no run on {machine} is left: {why}")


def match_hardware(name: str, known: Iterable[str]) -> str:
    """Return the one of `known` that `name` means.

    Parameters
    ----------
    name : str
        A full name, or words that only one of the names holds: ``A40`` for
        ``NVIDIA A40``.
    known : iterable of str
        Names there are.

    Raises
    ------
    UnknownNameError
        If none or several fit; the message names them.
    """
    names = sorted(set(known))
    if name in names:
        return name
    wanted = name.casefold()
    same = [n for n in names if n.casefold() == wanted]
    ending = [n for n in names if n.casefold().endswith(" " + wanted)]
    holding = [n for n in names if f" {wanted} " in f" {n.casefold()} "]
    for found in (same, ending, holding):
        if len(found) == 1:
            return found[0]
    raise UnknownNameError("hardware", name, names)
