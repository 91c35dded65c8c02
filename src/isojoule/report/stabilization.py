"""What a stabilization study gave: sentences, and plain data for JSON."""

from collections import Counter
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.report.stabilization_tables import (
    PUBLISHED_SHARES,
    detector_label,
    is_delrey,
    stabilization_tables,
)
from isojoule.report.tables import to_records
from isojoule.studies.stabilization.panel import METHODS
from isojoule.studies.stabilization.results import StabilizationStudy
from isojoule.studies.stabilization.rules import RuleErrors
from isojoule.studies.stabilization.shares import (
    NEAR_S,
    SETTLED,
    SETTLED_FIRST,
    STATED,
    DetectorScore,
    agreements,
    score_detector,
    share_by,
    stable_epochs,
)
from isojoule.studies.stabilization.sweeps import Errors

_EDGE: Final = (
    "In the authors' second set of runs, whose power is not published, the change "
    "points of 12 of 18 groups have a median of 30.0 to 31.1 s, and most a minimum of "
    "30.0 s: the first place that their settings allow, 3 x 10 readings."
)
_DESIGN: Final = (
    "So that most runs are stable by epoch {epoch} is made of two things: the "
    "experiment, which changes the work there on purpose, and an algorithm that always "
    "answers. Do not carry the {epoch} over to other trainings."
)


_OWN_DESIGN: Final = (
    "A change that is found there is how these trainings were set up. Do not carry "
    "epoch {epoch} over to trainings that are set up otherwise."
)

_TOLD_RULES: Final = ("published", "sane+1", SETTLED, SETTLED_FIRST)
"""Of which rules for the start sentences are made; all are in the table."""


def stabilization_document(study: StabilizationStudy) -> dict[str, object]:
    """Return a study as plain data, with the keys that ``--json`` documents."""
    asked = study.question
    tables = stabilization_tables(study)
    return {
        "n_runs": study.n_runs,
        "n_used": len(study.findings),
        "level": study.level,
        "settings": asked.settings,
        "start": asked.start,
        "window": asked.window,
        "truth": asked.truth,
        "seed": asked.seed,
        "n_draws": asked.n_draws,
        "left_out": [
            {"reason": why, "n_runs": len(ids), "run_ids": list(ids)}
            for why, ids in study.left_out.items()
        ],
        **{
            name.replace("-", "_"): to_records(table)
            for name, table in tables.items()
            if name != "left-out"
        },
        "sentences": list(summarize_stabilization(study)),
    }


def summarize_stabilization(study: StabilizationStudy) -> tuple[str, ...]:
    """Return what was found and what follows, a sentence or two each."""
    return (
        say_used(study),
        *say_detectors(study),
        *say_epochs(study),
        *say_design(study),
        *say_start(study),
        *say_random(study),
    )


def say_used(study: StabilizationStudy) -> str:
    """Return how many runs were studied, and why the others were not."""
    reasons = "; ".join(f"{len(ids)} {why}" for why, ids in study.left_out.items())
    left = f"; left out: {reasons}" if reasons else ""
    without: dict[str, int] = {}
    for finding in study.findings:
        if finding.case.trace is None:
            why = finding.case.no_trace
            without[why] = without.get(why, 0) + 1
    blind = "".join(
        f" {_of(n, len(study.findings))} {_plural(why, n)} and could not be searched "
        "for a change of power."
        for why, n in without.items()
    )
    return f"{len(study.findings)} of {study.n_runs} runs studied{left}.{blind}"


def _plural(why: str, n: int) -> str:
    return why if n == 1 else why.replace("has ", "have ", 1)


def say_detectors(study: StabilizationStudy) -> list[str]:
    """Return where each detector puts the change, and how often it is right."""
    epoch = study.question.start
    said = []
    for detector in study.detectors:
        score = score_detector(study.findings, detector)
        if not score.n_runs:
            continue
        shares = stable_epochs(study.findings, detector)
        by = share_by(shares, epoch) or 0.0
        told = (
            f"{detector_label(detector)} has {_percent(by)} of {score.n_runs} runs "
            f"stable by epoch {epoch}"
        )
        if detector in STATED and is_delrey(study) and epoch in PUBLISHED_SHARES:
            told += f" (published figure: {_percent(PUBLISHED_SHARES[epoch])})"
        n_none = score.n_runs - score.n_found
        if n_none:
            told += (
                f"; in {n_none}{_mostly(study, detector)} it finds no change, and they "
                "count as stable from epoch 0 on"
            )
        said.append(
            f"{told}.{_said_of_edges(score)}{_said_of_known(score)}"
            f"{_said_of_controls(score)}"
        )
    for agreement in agreements(study.findings, study.detectors):
        if (agreement.one, agreement.other) == ("published", "published-unrounded"):
            share = _percent(agreement.n_near / agreement.n_runs)
            hangs = agreement.n_near < 0.9 * agreement.n_runs
            said.append(
                "Cutting power to whole watts, or not, gives the same change within "
                f"{NEAR_S:.0f} s in {share} of {agreement.n_runs} runs"
                + (": what is found hangs on less than a watt." if hangs else ".")
            )
    return said


def _mostly(study: StabilizationStudy, detector: str) -> str:
    """Return where a detector finds nothing most often, if that is where it is."""
    places = [
        f"{f.case.model}, {f.case.environment}"
        for f in study.findings
        if (change := f.changes.get(detector)) is not None
        and change.arcs is not None
        and change.time_s is None
    ]
    (place, n), *_ = Counter(places).most_common(1)
    is_most = n > 1 and n > len(places) / 2
    return f" ({n} of them {place})" if is_most else ""


def _said_of_edges(score: DetectorScore) -> str:
    if not score.n_first + score.n_last:
        return ""
    first, last = (_percent(n / score.n_runs) for n in (score.n_first, score.n_last))
    return (
        f" In {first} the change is at the first place that it may return, in {last} "
        "at the last."
    )


def _said_of_known(score: DetectorScore) -> str:
    if not score.n_known:
        return (
            " Whether the changes are true ones is not known: no run states when its "
            "work changes."
        )
    near = _percent(score.n_near / score.n_known)
    within = _percent(score.n_within_epoch / score.n_known)
    return (
        f" It lies within {NEAR_S:.0f} s of where the work changes in {near}, within "
        f"an epoch in {within}."
    )


def _said_of_controls(score: DetectorScore) -> str:
    if not score.n_controls:
        return ""
    false = _percent(score.n_false / score.n_controls)
    told = f" Where nothing is known to change it still finds a change in {false}"
    if score.n_false_edge:
        edge = _percent(score.n_false_edge / score.n_controls)
        near = _percent(score.n_false_near_edge / score.n_controls)
        told += (
            f": in {edge} exactly at the first or last place that it may return, in "
            f"{near} within 30 s of one"
        )
    return f"{told}."


def say_epochs(study: StabilizationStudy) -> list[str]:
    """Return what the epochs alone tell."""
    first = sorted(
        e for e in stable_epochs(study.findings, SETTLED_FIRST) if e is not None
    )
    until = sorted(e for e in stable_epochs(study.findings, SETTLED) if e is not None)
    if not first or not until:
        return ["Energy and time of the epochs never agree for three in a row."]
    several = sum(len(f.settled.regimes) > 1 for f in study.findings)
    told = (
        "By energy and time of the epochs the trainings first look stable from epoch "
        f"{first[len(first) // 2]} on (median), and are so until their end from epoch "
        f"{until[len(until) // 2]} on"
    )
    if several:
        told += (
            f"; {_of(several, len(study.findings))} change their kind in between, so "
            "being stable once does not last"
        )
    return [f"{told}."]


def say_design(study: StabilizationStudy) -> list[str]:
    """Return what a known change of work has to do with the epochs found."""
    known = [
        epoch
        for f in study.findings
        if (epoch := f.case.epoch_after(f.case.switch_s)) is not None
    ]
    if not known:
        return []
    usual = max(set(known), key=known.count)
    n_usual = _of(known.count(usual), len(known))
    said = f"The work changes in epoch {usual} in {n_usual}, as they state."
    if is_delrey(study):
        return [said, _EDGE, _DESIGN.format(epoch=usual)]
    return [said, _OWN_DESIGN.format(epoch=usual)]


def say_start(study: StabilizationStudy) -> list[str]:
    """Return what follows for the start of the window."""
    rules = {judged.rule.name: judged for judged in study.rules}
    asked = study.question
    fixed = rules[f"epoch-{asked.start}"]
    choice = f"start {asked.start} and window {asked.window}"
    n_fitting = fixed.errors["power"].n_runs
    said = [f"At {choice} {_both(fixed)}, over {n_fitting} runs."]
    later = rules[f"epoch-{asked.start + 1}"]
    if later.errors["epoch"].n_runs == fixed.errors["epoch"].n_runs:
        said.append(f"One epoch later {_both(later)}.")
    rest = [
        judged
        for judged in study.rules
        if judged.rule.name in _TOLD_RULES and judged.errors["epoch"].n_runs
    ]
    said += [
        f"With the start where {_where(judged)}, {_both(judged)}, over the "
        f"{judged.errors['epoch'].n_runs} runs that are long enough."
        for judged in rest
    ]
    return said + _said_of_windows(study)


def _said_of_windows(study: StabilizationStudy) -> list[str]:
    """Return what longer windows are worth, one epoch after the start looked at."""
    grid, start = study.grid, study.question.start + 1
    wanted = dict.fromkeys((1, study.question.window, grid.windows[-1]))
    tried = [window for window in wanted if window in grid.windows]
    if start not in grid.starts or len(tried) < 2:
        return []
    errors = [grid.at(start, window)["epoch"] for window in tried]
    if not all(isfinite(mape) for _, mape in errors):
        return []
    told = ", ".join(_percent(mape) for _, mape in errors)
    sizes = ", ".join(str(window) for window in tried)
    said = (
        f"Windows of {sizes} epochs from epoch {start} on make the epoch-energy-based "
        f"estimate off by {told}."
    )
    return [said]


def _where(judged: RuleErrors) -> str:
    label = judged.rule.label
    if label.startswith("epochs"):
        return f"the {label}"
    plain = label.removesuffix(", the next epoch")
    return f"{plain} says" if plain == label else f"{plain} says, one epoch later"


def say_random(study: StabilizationStudy) -> list[str]:
    """Return what a window at a random place is off by."""
    said = []
    for draws in study.draws:
        if draws.window != study.question.window:
            continue
        where = "anywhere" if draws.first == 0 else f"from epoch {draws.first} on"
        by_power, by_epoch = (_spread(draws.mape_fraction[m]) for m in METHODS)
        said.append(
            f"With a window of {draws.window} epochs at a random place {where} the "
            f"power-based estimate is off by {by_power} and the epoch-energy-based one "
            f"by {by_epoch} (MAPE, mean and SD over {study.question.n_draws} draws)."
        )
    return said


def _both(judged: RuleErrors) -> str:
    """Return how far both estimators are off."""
    by_power, by_epoch = (_error(judged.errors[method]) for method in METHODS)
    return (
        f"the power-based estimate is off by {by_power} and the epoch-energy-based "
        f"one by {by_epoch}"
    )


def _error(errors: Errors) -> str:
    if errors.mape_fraction is None or errors.rmse_j is None:
        return "an unknown amount"
    return f"{_percent(errors.mape_fraction)} (RMSE {errors.rmse_j / 1e3:.4g} kJ)"


def _spread(shares: NDArray[np.float64]) -> str:
    return f"{_percent(float(shares.mean()))} ± {_percent(float(shares.std()))}"


def _percent(share: float) -> str:
    percent = 100 * share
    if percent in {0, 100}:
        return f"{percent:.0f} %"
    return f"{percent:.1f} %" if percent >= 10 else f"{percent:.2f} %"


def _of(n: int, n_all: int) -> str:
    if n == n_all:
        return f"all {n_all} runs" if n_all > 1 else "the run"
    return f"{n} of {n_all} runs"
