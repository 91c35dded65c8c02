"""The page about when to stop a training."""

from datetime import datetime
from importlib.metadata import version
from typing import Final

from isojoule.estimators.stopping.study import StopStudy
from isojoule.estimators.streaming import Subject
from isojoule.report.figures import Figure
from isojoule.report.page import Fact, Page, Section
from isojoule.report.stopping import describe_worth, summarize_stop
from isojoule.report.stopping_tables import (
    decisions_table,
    marks_table,
    now_table,
    outcomes_table,
)
from isojoule.units import j_to_kwh

_NO_CHANGE: Final = (
    "What is expected holds while the training goes on as it does: a change of the "
    "learning rate, of the data or of the layers that are trained cannot be foreseen. "
    "Announce it by --change-at."
)
_BEST: Final = (
    "A gain is that of the best score so far, as for users who keep the best "
    "checkpoint. The best of noisy scores is partly luck: a test set shows less of it."
)
_UNSEEN: Final = (
    "What the log does not hold is not known: no rule can be judged on epochs that "
    "were never trained."
)
_LIMITS: Final = (
    _NO_CHANGE,
    _BEST,
    "The price is yours: how much energy a point of this score is worth.",
    _UNSEEN,
)
_REPLAYED: Final = (
    "Each rule was shown one epoch after the other. In hindsight is what no rule can "
    "know. Net is the energy saved less the worth of the points lost."
)


def describe_stopping(
    study: StopStudy,
    figure: Figure | None,
    *,
    score: str,
    subject: Subject,
    now: datetime,
) -> Page:
    """Return the page that shows a study.

    Parameters
    ----------
    study : StopStudy
        What was found.
    figure : Figure or None
        Its drawing.
    score : str
        Name of the score.
    subject : Subject
        What the energies are of.
    now : datetime
        Date of the page, aware.
    """
    decision = study.decision
    worth = "price" if study.rule.budget_j is None else "budget"
    return Page(
        title="Stop this training" if decision.stop else "Go on with this training",
        lead=f"{score} of {subject.workload} on {subject.hardware}, after "
        f"{len(study.epochs)} epochs.",
        facts=(
            Fact("decision", "stop" if decision.stop else "go on"),
            Fact(worth, describe_worth(study)),
            Fact("best score", f"{decision.best_score:.4g}"),
            Fact("spent", f"{j_to_kwh(decision.spent_j):.3g} kWh"),
            Fact("scope", subject.scope or "not stated"),
            Fact("provenance", subject.provenance),
        ),
        sections=(
            Section("Decision", summarize_stop(study), figure),
            Section("What is known now", table=now_table(study)),
            Section("Energy until a share is reached", table=marks_table(study)),
            Section(
                "Where rules would have ended it",
                (_REPLAYED,),
                table=outcomes_table(study.replay),
            ),
            Section("After each epoch", table=decisions_table(study.replay)),
            Section("What this does not say", _LIMITS),
        ),
        generated_by=f"isojoule {version('isojoule')}",
        created_at=now,
        notice="Some energies here are modelled, not measured."
        if subject.provenance == "modelled"
        else "",
    )
