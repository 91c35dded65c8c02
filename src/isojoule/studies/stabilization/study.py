"""When does a training become stable: all runs, both detectors, every choice."""

from collections.abc import Callable, Mapping, Sequence

from isojoule.errors import InsufficientDataError
from isojoule.records import Run
from isojoule.studies.stabilization.cases import Case, gather_cases
from isojoule.studies.stabilization.findings import Finding
from isojoule.studies.stabilization.fluss import (
    DETECTORS,
    SETTINGS,
    Change,
    compile_for,
)
from isojoule.studies.stabilization.panel import Panel
from isojoule.studies.stabilization.results import (
    EVERYWHERE,
    GroupErrors,
    StabilizationQuestion,
    StabilizationStudy,
    Truth,
)
from isojoule.studies.stabilization.rules import Rule, judge_rules
from isojoule.studies.stabilization.settled import settle
from isojoule.studies.stabilization.shares import SETTLED, SETTLED_FIRST
from isojoule.studies.stabilization.sweeps import draw_windows, errors_of, sweep

Told = Callable[[str, int, int], None]
"""What is told of the work: its name, how much of it is done, and of how much."""

COMPILING = "stumpy compiles (15 to 60 s)"
SEARCHING = "runs searched for a change"

_N_SPARED = 2
"""Epochs after a known change that the control leaves out."""


def study_stabilization(
    runs: Sequence[Run],
    *,
    level: float = 0.95,
    question: StabilizationQuestion | None = None,
    on_progress: Told | None = None,
) -> StabilizationStudy:
    """Return when `runs` become stable and what follows for the online estimators.

    Parameters
    ----------
    runs : sequence of Run
        With windows of epochs; where they have samples of power, too, a change of it is
        looked for.
    level : float, default 0.95
        Coverage of the ranges over draws, in (0, 1).
    question : StabilizationQuestion or None
        What is asked; the defaults where `None`.
    on_progress : callable or None
        Told what is being done, how much of it is done, and of how much.

    Raises
    ------
    InsufficientDataError
        If no run has epochs, or none is long enough for any window.
    UnknownNameError
        If there is no such environment or hardware.
    MissingExtraError
        If stumpy is not installed and a run has samples.
    ValueError
        If the level is outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie in (0, 1), got {level}")
    asked = question or StabilizationQuestion()
    gathered = gather_cases(
        runs,
        scope=asked.scope,
        environment=asked.environment,
        hardware=asked.hardware,
        n_most=asked.n_most,
    )
    cases = gathered.cases
    panels: dict[Truth, Panel] = {
        "epochs": Panel.of([case.epochs for case in cases]),
        "recording": Panel.of([c.epochs for c in cases], [c.whole for c in cases]),
    }
    panel = panels[asked.truth]
    _require_room(panel, asked)
    detectors = SETTINGS[asked.settings]
    members = _members(cases)
    findings = _search(cases, detectors, on_progress or _tell_nobody)
    return StabilizationStudy(
        question=asked,
        level=level,
        n_runs=len(runs),
        findings=findings,
        left_out=gathered.left_out,
        detectors=detectors,
        groups=_groups(members, panels, asked),
        grids={
            key: sweep(panel.chosen(places), asked.starts, asked.windows)
            for key, places in members.items()
        },
        rules=judge_rules(panel, _rules(findings, detectors, asked), asked.window),
        draws=tuple(
            draws
            for first in dict.fromkeys((0, asked.start))
            for window in dict.fromkeys((asked.window, *asked.windows))
            if (
                draws := draw_windows(
                    panel,
                    window=window,
                    first=first,
                    n_draws=asked.n_draws,
                    seed=asked.seed,
                )
            )
        ),
    )


def _tell_nobody(what: str, n_done: int, n_all: int) -> None:
    """Show no progress."""


def _require_room(panel: Panel, asked: StabilizationQuestion) -> None:
    """Raise unless the window that is looked at fits into a run.

    Raises
    ------
    InsufficientDataError
        The message says how long the longest run is.
    """
    longest = int(panel.n_epochs.max())
    if asked.start + asked.window > longest:
        raise InsufficientDataError(
            f"a window of {asked.window} epochs from epoch {asked.start} on fits into "
            f"none of {panel.n_runs} runs, the longest has {longest} epochs: take a "
            "smaller --start or --window"
        )


def _search(
    cases: Sequence[Case], detectors: Sequence[str], told: Told
) -> tuple[Finding, ...]:
    """Return what is found in each run, one after the other."""
    if any(case.trace is not None for case in cases):
        told(COMPILING, 0, 1)
        compile_for({name: DETECTORS[name] for name in detectors})
        told(COMPILING, 1, 1)
    findings = []
    for n_done, case in enumerate(cases):
        told(SEARCHING, n_done, len(cases))
        findings.append(
            Finding(
                case,
                _changes(case, detectors),
                _controls(case, detectors),
                settle(case.epochs),
            )
        )
    told(SEARCHING, len(cases), len(cases))
    return tuple(findings)


def _changes(case: Case, detectors: Sequence[str]) -> Mapping[str, Change]:
    if case.trace is None:
        return {}
    return {
        name: DETECTORS[name].find(case.trace, epoch_s=case.epoch_s)
        for name in detectors
    }


def _controls(case: Case, detectors: Sequence[str]) -> Mapping[str, Change]:
    """Return what the detectors say where nothing is known to change."""
    after = case.epoch_after(case.switch_s)
    if case.trace is None or after is None or after + _N_SPARED >= len(case.epochs):
        return {}
    rest = case.epochs[after + _N_SPARED :]
    trace = case.trace.since(rest[0].start_s)
    if len(trace.time_s) < 2:
        return {}
    return {
        name: DETECTORS[name].find(trace, epoch_s=case.epoch_s)
        for name in detectors
        if name != "published-unrounded"  # that would take as long again
    }


def _members(cases: Sequence[Case]) -> dict[tuple[str, str], list[int]]:
    """Return the places of all runs, of each environment, and of each model in it."""
    keys = [(EVERYWHERE, EVERYWHERE)]
    keys += dict.fromkeys((case.environment, EVERYWHERE) for case in cases)
    keys += dict.fromkeys((case.environment, case.model) for case in cases)
    return {
        (environment, model): [
            place
            for place, case in enumerate(cases)
            if environment in {EVERYWHERE, case.environment}
            and model in {EVERYWHERE, case.model}
        ]
        for environment, model in keys
    }


def _groups(
    members: Mapping[tuple[str, str], Sequence[int]],
    panels: Mapping[Truth, Panel],
    asked: StabilizationQuestion,
) -> tuple[GroupErrors, ...]:
    """Return the errors at the choice looked at, for all and for each part."""
    truths: tuple[Truth, ...] = ("epochs", "recording")
    return tuple(
        _group(panels[truth].chosen(places), key, truth, asked)
        for truth in truths
        for key, places in members.items()
    )


def _group(
    panel: Panel, key: tuple[str, str], truth: Truth, asked: StabilizationQuestion
) -> GroupErrors:
    by_power_j, by_epoch_j = panel.estimated_j(asked.start, asked.window)
    return GroupErrors(
        *key,
        truth,
        panel.n_runs,
        {
            "power": errors_of(by_power_j, panel.energy_j),
            "epoch": errors_of(by_epoch_j, panel.energy_j),
        },
    )


def _rules(
    findings: Sequence[Finding],
    detectors: Sequence[str],
    asked: StabilizationQuestion,
) -> list[Rule]:
    """Return the ways to choose the start that are held against each other."""
    n = len(findings)
    rules = [
        Rule(f"epoch-{start}", f"epoch {start}", (start,) * n)
        for start in (asked.start, asked.start + 1)
    ]
    for name in detectors:
        starts = tuple(finding.stable_epoch(name) for finding in findings)
        if any(start is not None for start in starts):
            rule = Rule(name, DETECTORS[name].label, starts, looks_ahead=True)
            rules += [rule, rule.next]
    first = tuple(f.settled.first_since for f in findings)
    since = tuple(f.settled.since for f in findings)
    switch = tuple(f.case.epoch_after(f.case.switch_s) for f in findings)
    rules += [
        Rule(SETTLED_FIRST, "epochs agree for the first time", first),
        Rule(SETTLED, "epochs agree until the end", since, looks_ahead=True),
    ]
    if any(epoch is not None for epoch in switch):
        known = Rule("switch", "the known change of work", switch)
        rules += [known, known.next]
    return rules
