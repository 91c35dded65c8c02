"""The page of a race of trainings."""

from datetime import datetime
from importlib.metadata import version
from typing import Final

from isojoule.estimators.race import Race
from isojoule.records import Provenance
from isojoule.report.figures import Figure
from isojoule.report.page import Fact, Page, Section
from isojoule.report.stopping_race import race_table, summarize_race
from isojoule.units import j_to_kwh

_HOLDS: Final = (
    "Energies hold while each training goes on as it did; a score is that of the best "
    "checkpoint, and far ahead its interval is wide."
)
_APART: Final = (
    "Each training is drawn by itself: what all of them share, such as a warm room, is "
    "not told apart from what is their own."
)


def describe_race(
    race: Race, figure: Figure | None, *, provenance: Provenance, now: datetime
) -> Page:
    """Return the page that shows a race.

    Parameters
    ----------
    race : Race
        What is predicted.
    figure : Figure or None
        Its drawing.
    provenance : {"measured", "modelled", "declared"}
        The weakest of the energies.
    now : datetime
        Date of the page, aware.
    """
    first = race.contenders[0]
    return Page(
        title="Which training takes less",
        lead=f"{len(race.contenders)} trainings after a few epochs each.",
        facts=(
            Fact("least energy", first.name),
            Fact("it takes", f"{j_to_kwh(first.energy_j):.3g} kWh"),
            Fact("probability", f"{100 * first.probability_cheapest:.3g} %"),
            Fact("intervals", f"{100 * race.level:.3g} %"),
            Fact("provenance", provenance),
        ),
        sections=(
            Section("Prediction", summarize_race(race), figure),
            Section("Predicted of the whole trainings", table=race_table(race)),
            Section("What this does not say", (_HOLDS, _APART)),
        ),
        generated_by=f"isojoule {version('isojoule')}",
        created_at=now,
        notice="Some energies here are modelled, not measured."
        if provenance == "modelled"
        else "",
    )
