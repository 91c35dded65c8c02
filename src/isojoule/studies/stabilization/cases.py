"""Which runs can be studied: their epochs, their power, what is known of a change."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Final

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.estimators.epochs import Epoch, epochs_of
from isojoule.observations import energy_in_scope, is_part, match_hardware
from isojoule.records import Run, Scope
from isojoule.studies.stabilization.traces import Trace, trace_of

_SWITCH: Final = "phase_change_s"
"""Measure of a run in which the work is known to change, and when [s]."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One run that can be studied.

    Parameters
    ----------
    run : Run
        As it came.
    environment : str
        Its host, else its hardware.
    model : str
        Network, else workload.
    scope : {"gpu", "node", "wall"} or None
        Of the energies.
    epochs : tuple of Epoch
        In order, from epoch 0 on.
    trace : Trace or None
        Its power over time; `None` without samples.
    no_trace : str
        Why there is none.
    switch_s : float or None
        When the work changes, where that is known [s].
    """

    run: Run
    environment: str
    model: str
    scope: Scope | None
    epochs: tuple[Epoch, ...]
    trace: Trace | None
    no_trace: str
    switch_s: float | None

    @property
    def epoch_s(self) -> float:
        """Median length of an epoch [s]."""
        return median(epoch.duration_s for epoch in self.epochs)

    @property
    def whole(self) -> tuple[float, float] | None:
        """Duration [s] and energy [J] of the whole recording, where both are known."""
        found = energy_in_scope(self.run.energies, self.scope)
        if found is None or not found[0] or not self.run.duration_s:
            return None
        return self.run.duration_s, found[0]

    def epoch_after(self, time_s: float | None) -> int | None:
        """Return the first epoch whose end lies after a time.

        Parameters
        ----------
        time_s : float or None
            On the axis of the epochs [s].

        Returns
        -------
        int or None
            `None` without a time, or where it lies after the last epoch.
        """
        if time_s is None:
            return None
        return next((e.index for e in self.epochs if e.end_s > time_s), None)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The runs that can be studied, and why the others cannot.

    Parameters
    ----------
    cases : tuple of Case
        By environment, model and run.
    left_out : mapping of str to tuple of str
        Ids of runs by the reason why they were left out.
    """

    cases: tuple[Case, ...]
    left_out: dict[str, tuple[str, ...]]


def gather_cases(
    runs: Sequence[Run],
    *,
    scope: Scope | None = None,
    environment: str | None = None,
    hardware: str | None = None,
    n_most: int | None = None,
) -> Gathered:
    """Return the runs that have epochs.

    Parameters
    ----------
    runs : sequence of Run
        Of any machines.
    scope : {"gpu", "node", "wall"} or None
        Of the energies; where `None`, the plug if that was measured, else all parts of
        the machine that were read.
    environment, hardware : str or None
        Keep only these.
    n_most : int or None
        Keep at most so many, spread evenly over all.

    Raises
    ------
    UnknownNameError
        If there is no such environment or hardware.
    InsufficientDataError
        If no run is left; the message says why.
    """
    if not runs:
        raise InsufficientDataError("there are no runs: measure some, or name a file")
    wanted = _only(runs, environment, hardware)
    cases: list[Case] = []
    left_out: dict[str, list[str]] = {}
    for run in wanted:
        try:
            cases.append(_case(run, scope))
        except InsufficientDataError as error:
            left_out.setdefault(str(error), []).append(run.run_id)
    if not cases:
        raise InsufficientDataError(_nothing_left(len(wanted), left_out))
    cases.sort(key=lambda case: (case.environment, case.model, case.run.run_id))
    if n_most is not None and n_most < len(cases):
        kept = {
            round(place * (len(cases) - 1) / max(n_most - 1, 1))
            for place in range(n_most)
        }
        passed = [c.run.run_id for n, c in enumerate(cases) if n not in kept]
        left_out[f"not among the {len(kept)} asked for"] = passed
        cases = [case for n, case in enumerate(cases) if n in kept]
    return Gathered(tuple(cases), {why: tuple(ids) for why, ids in left_out.items()})


def _nothing_left(n_runs: int, left_out: dict[str, list[str]]) -> str:
    told = "; ".join(
        f"{len(ids)} {why} ({', '.join(ids[:2])}{', ...' if len(ids) > 2 else ''})"
        for why, ids in left_out.items()
    )
    return (
        f"none of {n_runs} runs can be studied: {told}. Measure with a callback, or "
        "with one window per epoch"
    )


def environment_of(run: Run) -> str:
    """Return what a run is grouped by: its host, else its hardware."""
    return run.hardware.host or run.hardware.name


def _only(
    runs: Sequence[Run], environment: str | None, hardware: str | None
) -> list[Run]:
    """Return the runs of one environment and hardware.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    kept = list(runs)
    if environment is not None:
        known = {environment_of(run) for run in kept}
        same = [name for name in known if name.casefold() == environment.casefold()]
        if not same:
            raise UnknownNameError("environment", environment, known)
        kept = [run for run in kept if environment_of(run) == same[0]]
    if hardware is not None:
        name = match_hardware(hardware, {run.hardware.name for run in kept})
        kept = [run for run in kept if run.hardware.name == name]
    return kept


def _case(run: Run, scope: Scope | None) -> Case:
    """Return a run with its epochs.

    Raises
    ------
    InsufficientDataError
        If it cannot be studied; the message is a reason without its name.
    """
    if is_part(run):
        raise InsufficientDataError("are single ranks: `isojoule runs merge` adds them")
    scope = scope or _widest(run)
    epochs = _epochs(run, scope)
    trace, no_trace = None, ""
    try:
        trace = trace_of(run)
    except InsufficientDataError as error:
        no_trace = str(error)
    return Case(
        run,
        environment_of(run),
        run.workload.model or run.workload.name,
        scope,
        epochs,
        trace,
        no_trace,
        _switch_s(run),
    )


def _widest(run: Run) -> Scope | None:
    """Return the scope that holds all that was read of a run's epochs."""
    energies = [e for w in run.windows if w.epoch is not None for e in w.energies]
    for scope in ("wall", "node"):
        if energy_in_scope(energies, scope) is not None:
            return scope
    return run.default_scope


def _epochs(run: Run, scope: Scope | None) -> tuple[Epoch, ...]:
    """Return the epochs of a run.

    Raises
    ------
    InsufficientDataError
        If there are none, or they cannot be used.
    """
    windows = [w for w in run.windows if w.epoch is not None]
    if not windows:
        raise InsufficientDataError("have no windows of epochs")
    if not any(w.duration_s > 0 for w in windows):
        raise InsufficientDataError("have windows of epochs without any length")
    try:
        epochs = epochs_of(run, scope=scope)
    except InsufficientDataError as error:
        told = scope or "unstated"
        raise InsufficientDataError(
            f"have epochs without an energy of scope {told}"
        ) from error
    except ValueError as error:
        raise InsufficientDataError(
            f"have epochs that are missing or overlap ({error})"
        ) from error
    if epochs[0].index != 0:
        raise InsufficientDataError(
            f"begin with epoch {epochs[0].index}: the ones before are missing"
        )
    if not sum(epoch.energy_j for epoch in epochs) > 0:
        raise InsufficientDataError("have epochs that took no energy")
    return epochs


def _switch_s(run: Run) -> float | None:
    """Return when the work of a run is known to change [s].

    A measure says so, or the windows of the epochs have two names, one after the other,
    as ``frozen`` and ``finetune``.
    """
    stated = run.measures.get(_SWITCH)
    if stated is not None:
        return stated if isfinite(stated) else None
    windows = sorted(
        (w for w in run.windows if w.epoch is not None and w.phase == "train"),
        key=lambda w: w.start_s,
    )
    names = [w.name for w in windows]
    changes = [n for n in range(1, len(names)) if names[n] != names[n - 1]]
    return windows[changes[0]].start_s if len(changes) == 1 else None
