"""What a link study gave: sentences, and plain data for JSON."""

from collections.abc import Sequence
from math import exp, inf

from isojoule.report.link_tables import (
    block_title,
    correlations_table,
    lengths_table,
    predictors_table,
    ratios_table,
    setup_labels,
    setup_title,
    workloads_table,
)
from isojoule.report.tables import to_records
from isojoule.studies.intervals import Interval
from isojoule.studies.link import BlockLink, LinkStudy
from isojoule.studies.phases import PhaseRatio
from isojoule.studies.predictors import Score


def link_document(study: LinkStudy) -> dict[str, object]:
    """Return a study as plain data, with the keys that ``--json`` documents."""
    return {
        "n_runs": study.n_runs,
        "level": study.level,
        "left_out": [{"reason": r, "n_runs": n} for r, n in study.left_out.items()],
        "blocks": [_block_document(linked) for linked in study.blocks],
        "train_test": [
            {
                **setup_labels(comparison.setup, comparison.phase),
                "n_pairs": len(comparison.pairs),
                "ratios": to_records(ratios_table(comparison)),
            }
            for comparison in study.phases
        ],
    }


def _block_document(linked: BlockLink) -> dict[str, object]:
    block, comparison = linked.block, linked.comparison
    return {
        **setup_labels(block.setup, block.phase),
        "n_runs": len(block.runs),
        "family_is": block.family_is,
        "flop_is": block.flop_is,
        "workloads": to_records(workloads_table(block)),
        "correlations": to_records(correlations_table(linked)),
        "predictors": to_records(predictors_table(linked)),
        "predictors_reason": comparison.reason or None,
        "compared_workloads": [block.points[i].workload for i in comparison.workloads],
        "lengths": to_records(lengths_table(linked)),
        "notes": list(linked.notes),
    }


def summarize_link(study: LinkStudy) -> tuple[str, ...]:
    """Return what was found and what was left out, a line each."""
    sentences = [describe_left_out(study)]
    for linked in study.blocks:
        sentences.append(f"{block_title(linked.block)}:")
        sentences += [f"  {sentence}" for sentence in summarize_block(linked)]
    for comparison in study.phases:
        ratio = comparison.ratios[0]
        setup = setup_title(comparison.setup)
        sentences += [f"train over {comparison.phase} on {setup}:", f"  {_told(ratio)}"]
    if not study.phases:
        sentences.append(
            "Training against testing: cannot tell, no machine has runs of both phases "
            "of one kind."
        )
    return tuple(sentences)


def describe_left_out(study: LinkStudy) -> str:
    """Return how many runs were used, and why the others were not."""
    n_used = sum(len(linked.block.runs) for linked in study.blocks)
    reasons = ", ".join(f"{n} {reason}" for reason, n in study.left_out.items())
    said = f"; left out: {reasons}" if reasons else ""
    return f"{n_used} of {study.n_runs} runs used{said}."


def _told(ratio: PhaseRatio) -> str:
    if ratio.energy_ratio is None:
        return f"Cannot tell: {ratio.reason}."
    flop = f" and {ratio.flop_ratio:.3g} times the FLOP" if ratio.flop_ratio else ""
    return (
        f"A sample of training takes {ratio.energy_ratio.value:.3g} times the energy "
        f"({_range(ratio.energy_ratio)}){flop}; geometric mean of "
        f"{ratio.n_workloads} workloads."
    )


def summarize_block(linked: BlockLink) -> list[str]:
    """Return what one block tells, a sentence each."""
    said = [*_said_of_predictors(linked), *_said_of_lengths(linked)]
    return said + [f"{note[0].upper()}{note[1:]}." for note in linked.notes]


def _said_of_predictors(linked: BlockLink) -> list[str]:
    comparison = linked.comparison
    if comparison.reason:
        return [f"Which quantity predicts best: {comparison.reason}."]
    said = []
    for needs_run, when in ((False, "before a run"), (True, "after a run")):
        scored = [s for s in comparison.scores if s.needs_run is needs_run and s.male]
        said += [_said_of_best(scored, when, linked.block.family_is)] if scored else []
    return said


def _said_of_best(scores: Sequence[Score], when: str, family: str) -> str:
    """Return which of the predictors that are known by then does best, and how well."""
    best, *others = scores
    error = best.male or Interval(inf)
    told = (
        f"Of what is known {when}, {best.predictor} does best on a {family} that was "
        f"left out: off by a factor of {exp(error.value):.3g} (MALE {error.value:.3g}, "
        f"{_range(error)})"
    )
    if best.beats_constant is False:
        told += "; it is not shown to beat the mean of all other workloads"
    if tied := [s.predictor for s in others if s.is_tied]:
        told += f"; not told apart from it: {', '.join(tied)}"
    if unknown := [s.predictor for s in others if s.is_tied is None]:
        told += f"; whether {', '.join(unknown)} are worse is not known"
    return f"{told}."


def _range(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return f"no interval: {interval.reason}"
    return f"{interval.low:.3g} to {interval.high:.3g}"


def _said_of_lengths(linked: BlockLink) -> list[str]:
    fitted = [fit for fit in linked.lengths if not fit.reason]
    if not fitted:
        return []
    verdicts = [fit.verdict for fit in fitted]
    counts = ", ".join(
        f"{verdict} in {verdicts.count(verdict)}" for verdict in dict.fromkeys(verdicts)
    )
    plural = "s" if len(fitted) > 1 else ""
    said = [f"Energy against samples in {len(fitted)} workload{plural}: {counts}."]
    n_without = len(linked.lengths) - len(fitted)
    if n_without:
        said.append(
            f"{n_without} more workloads ran at lengths too few or too close to fit."
        )
    return said
