"""The page of a forecast."""

from datetime import datetime
from importlib.metadata import version
from typing import Final

from isojoule.estimators.stream.replay import Replay
from isojoule.report.figures import Figure
from isojoule.report.forecast import progress, spent_fraction, summarize_forecast
from isojoule.report.forecast_tables import (
    amounts_table,
    regimes_table,
    replay_table,
    total_cells,
)
from isojoule.report.page import Fact, Page, Section
from isojoule.report.tables import format_cell

_HOLDS: Final = (
    "The forecast holds while the epochs to come are of the kind of the last ones. A "
    "change of the work or of the machine that has not begun cannot be foreseen."
)
_LIMITS: Final = (
    _HOLDS,
    "Before epochs are stable the interval is that of other trainings, and wide.",
    "Early stopping ends a training before its planned epochs: then less is spent.",
)


def describe_forecast(
    replayed: Replay, figure: Figure | None, *, now: datetime
) -> Page:
    """Return the page that shows a forecast.

    Parameters
    ----------
    replayed : Replay
        What was forecast.
    figure : Figure or None
        Its drawing.
    now : datetime
        Date of the page, aware.
    """
    last = replayed.last
    subject = replayed.subject
    total = format_cell("energy_j", total_cells(last)["energy_j"])
    spent = spent_fraction(replayed)
    stable = "not yet" if last.stable_since is None else f"epoch {last.stable_since}"
    return Page(
        title="What this training will take",
        lead=f"{subject.workload} on {subject.hardware}, after {progress(replayed)}.",
        facts=(
            Fact("total" if last.is_whole else "until the change", total),
            Fact("spent", format_cell("spent_fraction", spent)),
            Fact("stable since", stable),
            Fact("kinds of epochs", str(len(last.regimes))),
            Fact("scope", subject.scope or "not stated"),
            Fact("provenance", subject.provenance),
        ),
        sections=(
            Section("Forecast", summarize_forecast(replayed), figure),
            Section("Spent, left and total", table=amounts_table(last)),
            Section(
                "Kinds of epochs",
                table=regimes_table(last, replayed.epochs[0].start_s),
            ),
            Section("Forecast after each epoch", table=replay_table(replayed)),
            Section("What this does not say", _LIMITS),
        ),
        generated_by=f"isojoule {version('isojoule')}",
        created_at=now,
        notice="Some energies here are modelled, not measured."
        if subject.provenance == "modelled"
        else "",
    )
