"""What a stabilization study gave, row by row: one table per question."""

from collections.abc import Sequence
from typing import Final

from isojoule.report.stabilization_error_tables import (
    best_table,
    draws_table,
    groups_table,
    rules_table,
    sweep_table,
)
from isojoule.studies.stabilization.findings import Finding
from isojoule.studies.stabilization.fluss import DETECTORS
from isojoule.studies.stabilization.results import (
    EVERYWHERE,
    StabilizationStudy,
)
from isojoule.studies.stabilization.shares import (
    SETTLED,
    SETTLED_FIRST,
    STATED,
    agreements,
    score_detector,
    share_by,
    stable_epochs,
    stated_epochs,
)
from isojoule.tables import Cell, Table

EPOCHS: Final = (5, 8, 9, 10, 11, 12, 15, 20, 30)
"""By which epochs shares are tabulated."""

PUBLISHED_SHARES: Final = {8: 0.727, 9: 0.793, 10: 0.909}
"""Share of runs that change by an epoch, read off the published figure; del Rey et al.
(2024), Figure 9. Both sets of their runs; only one of them has its power published."""

PUBLISHED_BY_ENVIRONMENT: Final = {
    "Cloud": 0.927,
    "Local ML Engineer": 0.89,
    "Local Normal User": 0.963,
}
"""The same by epoch 10, by environment."""

_SHARES: Final = {
    "environment": "environment",
    "detector": "detector",
    "n_runs": "runs",
    "n_unchanged": "no change",
    **{f"by_{epoch}_fraction": f"≤ {epoch}" for epoch in EPOCHS},
}
_SCORES: Final = {
    "detector": "detector",
    "n_runs": "runs",
    "found_fraction": "find a change",
    "first_fraction": "at first place",
    "last_fraction": "at last place",
    "n_known": "change known",
    "near_fraction": "within 15 s",
    "within_epoch_fraction": "within an epoch",
    "n_controls": "nothing changes",
    "false_fraction": "still find one",
    "false_edge_fraction": "at an edge",
    "false_near_edge_fraction": "within 30 s of one",
}
_AGREEMENTS: Final = {
    "one": "one",
    "other": "other",
    "n_runs": "runs",
    "equal_fraction": "same reading",
    "near_fraction": "within 15 s",
}
_LEFT_OUT: Final = {"reason": "they", "n_runs": "runs", "examples": "such as"}


_SETTLED_LABELS: Final = {
    SETTLED_FIRST: "epochs agree for the first time",
    SETTLED: "epochs agree until the end",
}


def detector_label(name: str) -> str:
    """Return what a detector is called for people."""
    if name in _SETTLED_LABELS:
        return _SETTLED_LABELS[name]
    if name in STATED.values():
        return f"{name} of the table"
    return DETECTORS[name].label


def stabilization_tables(study: StabilizationStudy) -> dict[str, Table]:
    """Return all tables by the name of their file."""
    tables = {
        "stable-by-epoch": shares_table(study),
        "detectors": scores_table(study),
        "agreement": agreement_table(study),
        "errors": groups_table(study),
        "best-start": best_table(study),
        "rules": rules_table(study),
        "random-windows": draws_table(study),
        "sweep": sweep_table(study),
        "runs": runs_table(study),
        "left-out": left_out_table(study),
    }
    return {name: table for name, table in tables.items() if table.n_rows}


def shares_table(study: StabilizationStudy) -> Table:
    """Return the share of runs that are stable by some epochs, by environment."""
    places = [EVERYWHERE, *study.environments]
    if len(places) == 2:
        places = places[:1]
    rows = [
        _shares_row(place, detector, study.of(place))
        for place in places
        for detector in (*study.detectors, SETTLED_FIRST, SETTLED, *STATED.values())
    ]
    rows += _published_rows(study)
    rows = [row for row in rows if row.get("n_runs") != 0]
    return Table.from_rows("Stable by epoch", rows, labels=_SHARES)


def _shares_row(
    place: str, detector: str, findings: Sequence[Finding]
) -> dict[str, Cell]:
    if detector in STATED.values():
        epochs = stated_epochs(findings, detector)
    else:
        epochs = stable_epochs(findings, detector)
    unchanged = [
        f
        for f in findings
        if (change := f.changes.get(detector)) is not None
        and change.arcs is not None
        and change.time_s is None
    ]
    return {
        "environment": place,
        "detector": detector_label(detector),
        "n_runs": len(epochs),
        "n_unchanged": len(unchanged) if detector in DETECTORS else None,
        **{f"by_{epoch}_fraction": share_by(epochs, epoch) for epoch in EPOCHS},
    }


def _published_rows(study: StabilizationStudy) -> list[dict[str, Cell]]:
    """Return what the paper's figure shows, where these are its runs."""
    if not is_delrey(study):
        return []
    rows: list[dict[str, Cell]] = [
        {"environment": EVERYWHERE, "detector": "published figure"}
        | {f"by_{epoch}_fraction": share for epoch, share in PUBLISHED_SHARES.items()}
    ]
    rows += [
        {"environment": place, "detector": "published figure", "by_10_fraction": share}
        for place, share in PUBLISHED_BY_ENVIRONMENT.items()
        if place in study.environments
    ]
    return rows


def is_delrey(study: StabilizationStudy) -> bool:
    """Return whether runs state what del Rey et al.'s table does."""
    return any(
        measure in finding.case.run.measures
        for finding in study.findings
        for measure in STATED.values()
    )


def scores_table(study: StabilizationStudy) -> Table:
    """Return how often each detector is right."""
    rows: list[dict[str, Cell]] = []
    for detector in study.detectors:
        score = score_detector(study.findings, detector)
        if not score.n_runs:
            continue
        rows.append(
            {
                "detector": detector_label(detector),
                "n_runs": score.n_runs,
                "found_fraction": _share(score.n_found, score.n_runs),
                "first_fraction": _share(score.n_first, score.n_runs),
                "last_fraction": _share(score.n_last, score.n_runs),
                "n_known": score.n_known,
                "near_fraction": _share(score.n_near, score.n_known),
                "within_epoch_fraction": _share(score.n_within_epoch, score.n_known),
                "n_controls": score.n_controls,
                "false_fraction": _share(score.n_false, score.n_controls),
                "false_edge_fraction": _share(score.n_false_edge, score.n_controls),
                "false_near_edge_fraction": _share(
                    score.n_false_near_edge, score.n_controls
                ),
            }
        )
    return Table.from_rows("How often the detectors are right", rows, labels=_SCORES)


def _share(n: int, n_all: int) -> float | None:
    return n / n_all if n_all else None


def agreement_table(study: StabilizationStudy) -> Table:
    """Return how far the detectors agree with each other and with the table."""
    rows = [
        {
            "one": detector_label(agreement.one),
            "other": detector_label(agreement.other),
            "n_runs": agreement.n_runs,
            "equal_fraction": _share(agreement.n_equal, agreement.n_runs),
            "near_fraction": _share(agreement.n_near, agreement.n_runs),
        }
        for agreement in agreements(study.findings, study.detectors)
    ]
    return Table.from_rows("How far detectors agree", rows, labels=_AGREEMENTS)


def runs_table(study: StabilizationStudy) -> Table:
    """Return what was found in each run."""
    labels = {
        "run_id": "run",
        "environment": "environment",
        "model": "model",
        "scope": "scope",
        "n_epochs": "epochs",
        "epoch_s": "epoch",
        "switch_s": "known change",
        "switch_epoch": "its epoch",
        "settled_first_epoch": "agree first",
        "settled_epoch": "agree until the end",
        "settled_known_after": "known after",
        "regimes": "kinds begin",
    }
    for detector in study.detectors:
        name = detector.replace("-", "_")
        labels[f"{name}_change_s"] = detector_label(detector)
        labels |= {f"{name}_{what}": what for what in ("epoch", "height", "reason")}
        labels[f"{name}_control_s"] = "where nothing changes"
    rows = [_run_row(finding, study.detectors) for finding in study.findings]
    return Table.from_rows("Each run", rows, labels=labels)


def _run_row(finding: Finding, detectors: Sequence[str]) -> dict[str, Cell]:
    case, settled = finding.case, finding.settled
    row: dict[str, Cell] = {
        "run_id": case.run.run_id,
        "environment": case.environment,
        "model": case.model,
        "scope": case.scope,
        "n_epochs": len(case.epochs),
        "epoch_s": case.epoch_s,
        "switch_s": case.switch_s,
        "switch_epoch": case.epoch_after(case.switch_s),
        "settled_first_epoch": settled.first_since,
        "settled_epoch": settled.since,
        "settled_known_after": settled.known_after,
        "regimes": " ".join(str(start) for start in settled.regimes),
    }
    for detector in detectors:
        name = detector.replace("-", "_")
        change = finding.changes.get(detector)
        if change is None:
            row[f"{name}_reason"] = case.no_trace
            continue
        control = finding.controls.get(detector)
        row[f"{name}_change_s"] = change.time_s
        row[f"{name}_epoch"] = finding.stable_epoch(detector)
        row[f"{name}_height"] = change.height
        row[f"{name}_reason"] = change.reason or None
        row[f"{name}_control_s"] = None if control is None else control.time_s
    return row


def left_out_table(study: StabilizationStudy) -> Table:
    """Return which runs were left out, or have no power over time, and why."""
    reasons = {why: list(ids) for why, ids in study.left_out.items()}
    for finding in study.findings:
        if finding.case.trace is None:
            why = f"{finding.case.no_trace}: not searched for a change of power"
            reasons.setdefault(why, []).append(finding.case.run.run_id)
    rows: list[dict[str, Cell]] = [
        {"reason": why, "n_runs": len(ids), "examples": ", ".join(ids[:3])}
        for why, ids in reasons.items()
    ]
    return Table.from_rows("Runs left out", rows, labels=_LEFT_OUT)
