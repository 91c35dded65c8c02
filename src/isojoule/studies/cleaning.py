"""Which runs a study leaves out, as named steps with their parameters, logged [1]_.

References
----------
.. [1] del Rey et al. (2024), "How to use model architecture and training environment to
   estimate the energy consumption of DL training": failed runs, runs without an energy
   of their memory, of fewer than 20 epochs, sampled more coarsely than their shortest
   epoch, and outliers.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.observations import energy_in_scope, is_part, parts_in_scope
from isojoule.records import Run, Scope
from isojoule.studies.groups.factors import find_factor
from isojoule.studies.groups.outliers import (
    OutlierSettings,
    Parameter,
    SeedSpread,
    find_outliers,
)
from isojoule.studies.groups.quantities import n_epochs

MIN_EPOCHS: Final = 20
"""What the paper asks for."""


@dataclass(frozen=True, slots=True)
class CleaningStep:
    """One reason to leave runs out, and what it did.

    Parameters
    ----------
    name : str
        What was looked for.
    parameters : mapping of str to value
        With what.
    n_before, n_after : int
        Runs.
    removed : tuple of str
        Ids of the runs that were left out.
    notes : tuple of str
        What could not be judged, and what to know of the step.
    """

    name: str
    parameters: dict[str, Parameter]
    n_before: int
    n_after: int
    removed: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CleaningRules:
    """What is left out.

    Parameters
    ----------
    where : tuple of str and str
        Factors, settings or tags with the value that is kept.
    scope : {"gpu", "node", "wall"} or None
        Of the energies; each run's default where `None`.
    min_epochs : int or None
        Fewest epochs. Where `None`, `MIN_EPOCHS`, unless more than half of the runs
        have fewer.
    outliers : OutlierSettings or None
        How outliers are looked for; `None` keeps them.

    Raises
    ------
    ValueError
        If fewer than no epochs are asked for.
    """

    where: tuple[tuple[str, str], ...] = ()
    scope: Scope | None = None
    min_epochs: int | None = None
    outliers: OutlierSettings | None = None

    def __post_init__(self) -> None:
        if self.min_epochs is not None and self.min_epochs < 0:
            raise ValueError(
                f"the fewest epochs must not be negative, got {self.min_epochs}"
            )


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What is left, and how it came about.

    Parameters
    ----------
    runs : tuple of Run
        Those that no step left out.
    steps : tuple of CleaningStep
        In the order in which they were taken.
    seed_spread : SeedSpread or None
        How far the outliers depend on the seed; `None` where none were looked for.
    """

    runs: tuple[Run, ...]
    steps: tuple[CleaningStep, ...]
    seed_spread: SeedSpread | None = None


def clean(
    runs: Sequence[Run],
    rules: CleaningRules,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Cleaned:
    """Return the runs that a study may use, with a log of what was left out and why.

    Parameters
    ----------
    runs : sequence of Run
        Of any machines and workloads.
    rules : CleaningRules
        What is left out.
    on_progress : callable or None
        Told how many of how many searches for outliers are done.

    Raises
    ------
    InsufficientDataError
        If no run is left; the message says which step took the last.
    MissingExtraError
        If outliers are looked for and scikit-learn is not installed.
    UnknownNameError
        If a condition names nothing that the runs have, or a value that none has.
    """
    log = _Log(list(runs))
    for name, value in rules.where:
        _keep_where(log, name, value)
    _drop_copies(log)
    log.drop("of a single rank", is_part)
    log.drop("did not end by itself", _has_failed)
    _drop_without_energy(log, rules.scope)
    _drop_short(log, rules.min_epochs)
    _drop_coarse(log)
    spread = None
    if rules.outliers is not None:
        spread = _drop_outliers(log, rules, rules.outliers, on_progress)
    return Cleaned(tuple(log.runs), tuple(log.steps), spread)


class _Log:
    """The runs that are left, and the steps so far."""

    def __init__(self, runs: list[Run]) -> None:
        self.runs = runs
        self.steps: list[CleaningStep] = []

    def drop(
        self,
        name: str,
        is_out: Callable[[Run], bool | None],
        *,
        parameters: Mapping[str, Parameter] | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        """Leave out the runs that are out; those that cannot be judged stay.

        Raises
        ------
        InsufficientDataError
            If no run is left.
        """
        verdicts = [is_out(run) for run in self.runs]
        removed = [r for r, out in zip(self.runs, verdicts, strict=True) if out]
        kept = [r for r, out in zip(self.runs, verdicts, strict=True) if not out]
        n_unknown = verdicts.count(None)
        if n_unknown:
            notes = (*notes, f"{n_unknown} runs kept that cannot be judged by it")
        self.steps.append(
            CleaningStep(
                name,
                dict(parameters or {}),
                len(self.runs),
                len(kept),
                tuple(run.run_id for run in removed),
                tuple(notes),
            )
        )
        self.runs = kept
        if removed and not kept:
            taken = "; ".join(
                f"{s.n_before - s.n_after} {s.name}"
                for s in self.steps
                if s.n_before > s.n_after
            )
            raise InsufficientDataError(
                f"no run is left for the study: {taken}. Measure more, or loosen the "
                "cleaning"
            )


def _keep_where(log: _Log, name: str, value: str) -> None:
    """Keep the runs with a value of a factor, setting or tag.

    Raises
    ------
    UnknownNameError
        If no run has that name, or none that value.
    """
    factor = find_factor(name, log.runs)
    known = {str(v) for run in log.runs if (v := factor.of(run)) is not None}
    meant = {v for v in known if v.casefold() == value.casefold()}
    if not meant:
        raise UnknownNameError(f"value of {name}", value, known)
    log.drop(
        "of another kind than asked for",
        lambda run: str(factor.of(run)) not in meant,
        parameters={name: value},
    )


def _drop_copies(log: _Log) -> None:
    """Leave out what is there twice, as from a store and its export."""
    seen = set()

    def is_copy(run: Run) -> bool:
        what = (run.run_id, run.workload.name, run.hardware.name)
        key = (*what, run.energies, run.duration_s)
        is_known = key in seen
        seen.add(key)
        return is_known

    log.drop("given twice", is_copy)


def _has_failed(run: Run) -> bool:
    return run.status != "complete" or run.exit_code not in {None, 0}


def _drop_without_energy(log: _Log, scope: Scope | None) -> None:
    """Leave out runs without an energy, or without a part that others have."""
    usual = _usual_parts(log.runs, scope)

    def is_without(run: Run) -> bool:
        found = energy_in_scope(run.energies, scope or run.default_scope)
        lacking = usual[_machine(run)] - _parts(run, scope)
        return not found or not found[0] or bool(lacking)

    parts = sorted(set().union(*usual.values()))
    log.drop(
        "without an energy of the scope or of a part of it",
        is_without,
        parameters={"scope": scope, "parts": " + ".join(parts)},
    )


def _machine(run: Run) -> tuple[str, str]:
    return run.hardware.name, run.workload.phase


def _parts(run: Run, scope: Scope | None) -> set[str]:
    known = parts_in_scope(run.energies, scope or run.default_scope)
    return {str(energy.component) for energy in known}


def _usual_parts(
    runs: Iterable[Run], scope: Scope | None
) -> dict[tuple[str, str], set[str]]:
    """Return the parts of the energy that most runs of a machine have.

    A sum that lacks a part is of another scope: a run whose memory was not read looks
    as if it took less.
    """
    found: dict[tuple[str, str], list[set[str]]] = {}
    for run in runs:
        found.setdefault(_machine(run), []).append(_parts(run, scope))
    return {
        machine: {
            part
            for part in set().union(*of_runs)
            if 2 * sum(part in parts for parts in of_runs) > len(of_runs)
        }
        for machine, of_runs in found.items()
    }


def _drop_short(log: _Log, min_epochs: int | None) -> None:
    """Leave out trainings of few epochs, whose start makes up too much of them."""
    least = MIN_EPOCHS if min_epochs is None else min_epochs
    counts = [n for run in log.runs if (n := n_epochs(run)) is not None]
    n_short = sum(n < least for n in counts)
    if min_epochs is None and 2 * n_short > len(counts):
        told = (
            f"{n_short} of {len(counts)} runs have fewer than {MIN_EPOCHS} epochs: all "
            "are kept, since the limit is that of another study"
        )
        log.drop(
            "of too few epochs",
            lambda _: False,
            parameters={"min_epochs": 0},
            notes=(told,),
        )
        return

    def is_short(run: Run) -> bool | None:
        epochs = n_epochs(run)
        return None if epochs is None else epochs < least

    log.drop("of too few epochs", is_short, parameters={"min_epochs": least})


def _drop_coarse(log: _Log) -> None:
    log.drop("sampled more coarsely than its shortest epoch", is_coarse)


def is_coarse(run: Run) -> bool | None:
    """Return whether a run has an epoch that may lie between two of its samples.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    bool or None
        `None` where the time between samples or that of an epoch is not known. Epochs
        are those of the windows, else all of the mean length.
    """
    period_s = _period_s(run)
    shortest_s = _shortest_epoch_s(run)
    if period_s is None or shortest_s is None:
        return None
    return period_s > shortest_s


def _period_s(run: Run) -> float | None:
    if run.samples is not None and len(run.samples.time_s) > 1:
        return float(np.median(np.diff(run.samples.time_s)))
    return run.sampling_period_s


def _shortest_epoch_s(run: Run) -> float | None:
    spans: dict[int, tuple[float, float]] = {}
    for window in run.windows:
        if window.epoch is not None:
            start, end = spans.get(window.epoch, (window.start_s, window.end_s))
            spans[window.epoch] = (
                min(start, window.start_s),
                max(end, window.end_s),
            )
    if spans:
        return min(end - start for start, end in spans.values())
    epochs = n_epochs(run)
    return run.duration_s / epochs if run.duration_s and epochs else None


def _drop_outliers(
    log: _Log,
    rules: CleaningRules,
    settings: OutlierSettings,
    on_progress: Callable[[int, int], None] | None,
) -> SeedSpread:
    """Leave out the outliers of each group; return how far they depend on the seed."""
    found = find_outliers(
        log.runs, settings, scope=rules.scope, on_progress=on_progress
    )
    places = iter(range(len(log.runs)))
    log.drop(
        "outlier of its group (isolation forest)",
        lambda _: next(places) in found.removed,
        parameters=found.parameters,
        notes=found.notes,
    )
    return found.spread
