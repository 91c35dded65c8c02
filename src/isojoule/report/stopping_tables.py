"""The tables about when to stop a training. Energies in kWh, as prices are."""

from math import inf, isfinite
from typing import Final

from isojoule.estimators.stopping.replay import Replay
from isojoule.estimators.stopping.rule import Decision, Gain
from isojoule.estimators.stopping.study import StopStudy
from isojoule.tables import Cell, Table
from isojoule.units import J_PER_KWH, j_to_kwh

_NOW: Final = {"what": "", "value": "value", "low": "low", "high": "high"}
_MARKS: Final = {
    "of": "share of",
    "share_fraction": "share",
    "target": "score",
    "epoch": "epoch",
    "energy_kwh": "energy [kWh]",
    "energy_low_kwh": "low",
    "energy_high_kwh": "high",
}
_OUTCOMES: Final = {
    "rule": "rule",
    "epoch": "last epoch",
    "stopped": "stopped",
    "energy_kwh": "energy [kWh]",
    "saved_kwh": "saved [kWh]",
    "saved_fraction": "saved",
    "best_score": "best score",
    "lost_points": "points lost",
    "net_kwh": "net [kWh]",
}
_DECISIONS: Final = {
    "epoch": "epoch",
    "spent_kwh": "spent [kWh]",
    "score": "score",
    "best_score": "best score",
    "gain_points": "points to come",
    "gain_low_points": "low",
    "gain_high_points": "high",
    "window_kwh": "energy of the window [kWh]",
    "points_per_kwh": "points per kWh",
    "kwh_per_point": "kWh per point",
    "probability_worth": "probability that it is worth it",
    "stop": "stop",
    "cause": "cause",
}
_RULES: Final = {
    "rule": "this rule",
    "hindsight": "the best in hindsight",
    "all epochs": "all epochs",
}


def now_table(study: StopStudy) -> Table:
    """Return what is known after the last epoch.

    Parameters
    ----------
    study : StopStudy
        What was found.
    """
    decision = study.decision
    rows: list[dict[str, Cell]] = [
        {"what": "energy so far [kWh]", "value": j_to_kwh(decision.spent_j)},
        {"what": "best score so far", "value": decision.best_score},
    ]
    if decision.gain is not None:
        rows += _gain_rows(decision.gain)
    reach = decision.reach
    if reach is not None:
        rows += [
            {"what": "budget left [kWh]", "value": j_to_kwh(reach.left_j)},
            {
                "what": "epochs that it carries",
                "value": reach.n_epochs,
                "low": reach.n_epochs_low,
                "high": reach.n_epochs_high,
            },
        ]
    if reach is not None and reach.best_score is not None:
        rows.append(
            {
                "what": f"best score after {reach.n_forecast} more epochs",
                "value": reach.best_score,
                "low": reach.best_score_low,
                "high": reach.best_score_high,
            }
        )
    if study.limit is not None:
        rows.append(
            {
                "what": "score at which the curve levels off",
                "value": study.limit.score,
                "low": study.limit.score_low,
                "high": study.limit.score_high,
            }
        )
    level = f"{100 * study.rule.level:.3g} %"
    return Table.from_rows(
        f"After epoch {decision.epoch}; bounds hold with {level}", rows, labels=_NOW
    )


def _gain_rows(gain: Gain) -> list[dict[str, Cell]]:
    ahead = f"the next {gain.n_epochs} epochs"
    per_kwh = J_PER_KWH / gain.energy_j if gain.energy_j > 0 else None
    rows: list[dict[str, Cell]] = [
        {
            "what": f"energy of {ahead} [kWh]",
            "value": j_to_kwh(gain.energy_j),
            "low": j_to_kwh(gain.energy_low_j),
            "high": j_to_kwh(gain.energy_high_j),
        },
        {
            "what": f"points that {ahead} bring",
            "value": gain.points,
            "low": gain.points_low,
            "high": gain.points_high,
        },
        {
            "what": "points per kWh",
            "value": per_kwh and gain.points * per_kwh,
            "low": per_kwh and gain.points_low * per_kwh,
            "high": per_kwh and gain.points_high * per_kwh,
        },
        {"what": "kWh per point", "value": finite_kwh(gain.energy_j_per_point)},
    ]
    if gain.probability_worth is not None:
        rows.append(
            {
                "what": "probability that they are worth it",
                "value": gain.probability_worth,
            }
        )
    return rows


def finite_kwh(energy_j: float) -> float | None:
    """Return an energy in kWh; `None` where it is infinite."""
    return j_to_kwh(energy_j) if isfinite(energy_j) else None


def marks_table(study: StopStudy) -> Table:
    """Return when shares of the best score, and of its limit, are reached.

    Parameters
    ----------
    study : StopStudy
        What was found.
    """
    what = "" if study.share_of == "score" else "way to the "
    rows: list[dict[str, Cell]] = [
        {
            "of": f"{what}best score so far",
            "share_fraction": mark.fraction,
            "target": mark.target,
            "epoch": mark.epoch,
            "energy_kwh": j_to_kwh(mark.energy_j),
        }
        for mark in study.marks
    ]
    rows += [
        {
            "of": f"{what}level where the curve ends",
            "share_fraction": mark.fraction,
            "target": mark.target,
            "energy_kwh": _kwh_or_none(mark.energy_j),
            "energy_low_kwh": _kwh_or_none(mark.energy_low_j),
            "energy_high_kwh": _kwh_or_none(mark.energy_high_j),
        }
        for mark in (study.limit.marks if study.limit else ())
    ]
    return Table.from_rows("Energy until a share is reached", rows, labels=_MARKS)


def _kwh_or_none(energy_j: float | None) -> float | None:
    return None if energy_j is None else j_to_kwh(energy_j)


def outcomes_table(replayed: Replay) -> Table:
    """Return where rules would have ended the training.

    Parameters
    ----------
    replayed : Replay
        The training, followed without looking ahead.
    """
    rows: list[dict[str, Cell]] = [
        {
            "rule": _RULES.get(o.name, o.name),
            "epoch": o.epoch,
            "stopped": o.stopped,
            "energy_kwh": j_to_kwh(o.energy_j),
            "saved_kwh": j_to_kwh(o.saved_j),
            "saved_fraction": o.saved_fraction,
            "best_score": o.best_score,
            "lost_points": o.lost_points,
            "net_kwh": _kwh_or_none(o.net_j),
        }
        for o in replayed.outcomes
    ]
    labels = dict(_OUTCOMES)
    if replayed.rule.price_j_per_point is None:
        del labels["net_kwh"]
    return Table.from_rows("Where rules would have ended it", rows, labels=labels)


def decisions_table(replayed: Replay) -> Table:
    """Return the decision after each epoch.

    Parameters
    ----------
    replayed : Replay
        The training, followed without looking ahead.
    """
    rows = [_decision_row(decision) for decision in replayed.decisions]
    return Table.from_rows("After each epoch", rows, labels=_DECISIONS)


def _decision_row(decision: Decision) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "epoch": decision.epoch,
        "spent_kwh": j_to_kwh(decision.spent_j),
        "score": decision.score,
        "best_score": decision.best_score,
        "stop": decision.stop,
        "cause": decision.cause,
    }
    gain = decision.gain
    if gain is None:
        return row
    per_j = gain.points_per_j
    return row | {
        "gain_points": gain.points,
        "gain_low_points": gain.points_low,
        "gain_high_points": gain.points_high,
        "window_kwh": j_to_kwh(gain.energy_j),
        "points_per_kwh": per_j * J_PER_KWH if per_j < inf else None,
        "kwh_per_point": finite_kwh(gain.energy_j_per_point),
        "probability_worth": gain.probability_worth,
    }
