"""When to stop a training: sentences, and plain data for JSON."""

from dataclasses import asdict
from typing import Any

from isojoule.estimators.stopping.rule import Decision, Gain
from isojoule.estimators.stopping.study import StopStudy
from isojoule.estimators.streaming import Subject
from isojoule.units import j_to_kwh


def stop_document(
    study: StopStudy,
    *,
    run_id: str,
    score: str,
    subject: Subject,
    with_replay: bool = False,
) -> dict[str, object]:
    """Return a study as plain data, with the keys that ``--json`` documents.

    Parameters
    ----------
    study : StopStudy
        What was found.
    run_id : str
        Of the training.
    score : str
        Name of the score.
    subject : Subject
        What the energies are of.
    with_replay : bool, default False
        Whether to add what rules would have done, and the decision after each epoch.
    """
    rule, decision = study.rule, study.decision
    first = study.first_stop
    document: dict[str, object] = {
        "run_id": run_id,
        "workload": subject.workload,
        "hardware": subject.hardware,
        "scope": subject.scope,
        "provenance": subject.provenance,
        "score": score,
        "mode": rule.mode,
        "point": rule.point,
        "window": rule.window,
        "level": rule.level,
        "price_j_per_point": rule.price_j_per_point,
        "budget_j": rule.budget_j,
        "n_epochs": rule.n_epochs,
        "n_seen": len(study.epochs),
        **_decision_document(decision),
        "first_stop_epoch": None if first is None else first.epoch,
        "share_of": study.share_of,
        "marks": [asdict(mark) for mark in study.marks],
        "limit": None if study.limit is None else asdict(study.limit),
        "curve_starts": [piece.start for piece in study.pieces],
        "spikes": list(study.spikes),
        "ahead": [asdict(ahead) for ahead in study.ahead],
    }
    if with_replay:
        document["outcomes"] = [
            {**asdict(o), "saved_fraction": o.saved_fraction}
            for o in study.replay.outcomes
        ]
        document["decisions"] = [_decision_document(d) for d in study.replay.decisions]
    return document


def _decision_document(decision: Decision) -> dict[str, Any]:
    document = asdict(decision)
    document["last_score"] = document.pop("score")
    document["gain"] = decision.gain and _gain_document(decision.gain)
    return document


def _gain_document(gain: Gain) -> dict[str, Any]:
    per_point_j = gain.energy_j_per_point
    return {
        **asdict(gain),
        "points_per_j": gain.points_per_j if gain.energy_j > 0 else None,
        "energy_j_per_point": per_point_j if gain.points > 0 else None,
    }


def summarize_stop(study: StopStudy) -> tuple[str, ...]:
    """Return what was found, a sentence each; the decision first."""
    return (
        study.decision.reason,
        *_said_of_doubt(study),
        *_said_of_earlier(study),
        _said_of_score(study),
        *_said_of_point(study),
        _said_of_marks(study),
        *_said_of_limit(study),
        *_said_of_curve(study),
    )


def _said_of_doubt(study: StopStudy) -> list[str]:
    gain = study.decision.gain
    if gain is None or gain.probability_worth is None:
        return []
    likely = f"{100 * gain.probability_worth:.3g} %"
    level = f"{100 * study.rule.level:.3g} %"
    points = f"{gain.points_low:.2g} to {gain.points_high:.2g} points"
    more = f"{gain.n_epochs} more epochs bring {points}"
    return [f"With {level} {more}; that is worth it with a probability of {likely}."]


def _said_of_earlier(study: StopStudy) -> list[str]:
    first, last = study.first_stop, study.decision
    if first is None or first.epoch == last.epoch:
        return []
    since = j_to_kwh(last.spent_j - first.spent_j)
    said = f"It said stop after epoch {first.epoch} already"
    return [f"{said}; {since:.3g} kWh were spent since."]


def _said_of_score(study: StopStudy) -> str:
    decision = study.decision
    n_epochs = len(study.epochs)
    return (
        f"The best score is {decision.best_score:.4g}, of epoch {decision.best_epoch}; "
        f"{n_epochs} epochs took {j_to_kwh(decision.spent_j):.3g} kWh (epochs are "
        "counted from 0)."
    )


def _said_of_point(study: StopStudy) -> list[str]:
    """Return what to doubt of a point: scores in percent have points of 1."""
    point, scores = study.rule.point, [e.score for e in study.epochs if e.score]
    looks_like_percent = study.rule.mode == "max" and max(scores, default=0.0) > 2
    if point != 0.01 or not looks_like_percent:
        return []
    return ["A point is 0.01 here, but scores pass 2: if they are percent, --point 1."]


def _said_of_marks(study: StopStudy) -> str:
    shares = ", ".join(f"{100 * mark.fraction:.0f}" for mark in study.marks)
    energies = ", ".join(f"{j_to_kwh(mark.energy_j):.3g}" for mark in study.marks)
    of = "of it" if study.share_of == "score" else "of the way to it"
    return f"{shares} % {of} were reached with {energies} kWh."


def _said_of_limit(study: StopStudy) -> list[str]:
    limit = study.limit
    if limit is None:
        return []
    between = f"{limit.score_low:.4g} to {limit.score_high:.4g}"
    if not limit.is_known:
        return [f"Where the curve levels off is not known yet: at {between}."]
    said = f"The curve levels off at {limit.score:.4g} ({between})."
    last = limit.marks[-1]
    if last.energy_j is None:
        return [said, f"99 % of that is further off than {limit.n_ahead} epochs."]
    low, high = (
        "?" if bound_j is None else f"{j_to_kwh(bound_j):.3g}"
        for bound_j in (last.energy_low_j, last.energy_high_j)
    )
    told = f"{j_to_kwh(last.energy_j):.3g} kWh ({low} to {high})"
    return [said, f"99 % of that takes {told}, counted from the start."]


def _said_of_curve(study: StopStudy) -> list[str]:
    starts = [p.start for p in study.pieces[1:]]
    said = [f"Another curve begins at epoch {start}." for start in starts]
    if study.spikes:
        listed = ", ".join(map(str, study.spikes))
        said.append(f"Left out of the fit as spikes: the scores of epochs {listed}.")
    return said


def describe_worth(study: StopStudy) -> str:
    """Return what was asked: the price or the budget."""
    rule = study.rule
    if rule.price_j_per_point is not None:
        price = j_to_kwh(rule.price_j_per_point)
        return f"{price:.3g} kWh per point of {rule.point:g}"
    return f"{j_to_kwh(rule.budget_j or 0.0):.3g} kWh in all"
