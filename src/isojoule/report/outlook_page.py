"""The page of trainings that have not begun."""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from isojoule.estimators.outlook import Outlook
from isojoule.report.figures import (
    BLUE,
    GREY,
    ORANGE,
    VERMILLION,
    Figure,
    cut,
    open_drawing,
    to_svg,
)
from isojoule.report.link_axes import frame_log
from isojoule.report.outlook import outlook_table, summarize
from isojoule.report.page import Fact, Page, Section
from isojoule.report.tables import format_cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CALCULATORS: Final = {
    "ml-co2": ("ML CO2 Impact", "s", VERMILLION),
    "green-algorithms": ("Green Algorithms", "^", ORANGE),
}

_ALIKE: Final = (
    "An estimate is for trainings like those that were learned from. Early stopping, "
    "slow storage and other users of the machine are not in it."
)
_MAKERS: Final = (
    "A machine without runs is known by what its maker states: peak rate and power "
    "limit. How well software uses it is learned from other machines."
)
_CALCULATED: Final = (
    "The calculators are given the estimated time; neither publishes an error."
)


def describe_outlooks(outlooks: Sequence[Outlook], *, now: datetime) -> Page:
    """Return the page that shows outlooks.

    Parameters
    ----------
    outlooks : sequence of Outlook
        One or several, of one training.
    now : datetime
        Date of the page, aware.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    first = outlooks[0]
    work = first.workload
    return Page(
        title="What a training will take",
        lead=f"{work.name}: {first.n_epochs:g} epochs of {work.n_samples_per_epoch} "
        "samples, before it begins.",
        facts=(
            Fact("least energy", _least(outlooks)),
            Fact("interval", f"{first.energy.level:.0%}"),
            Fact("provenance", first.energy.provenance),
            Fact("scope", first.energy.scope or "not stated"),
        ),
        sections=(
            Section("Energy", tuple(summarize(outlooks)), figure=draw(outlooks)),
            Section("All figures", table=outlook_table(outlooks)),
            Section("What this does not say", (_ALIKE, _MAKERS, _CALCULATED)),
        ),
        generated_by=f"isojoule {version('isojoule')}",
        created_at=now,
    )


def _least(outlooks: Sequence[Outlook]) -> str:
    return format_cell("energy_j", min(o.energy.energy_j for o in outlooks))


def draw(outlooks: Sequence[Outlook]) -> Figure:
    """Return the energies with their intervals, one row per machine and batch size.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    alt = (
        f"Estimated energy of {len(outlooks)} ways to train {outlooks[0].workload.name}"
        ", with intervals, on a logarithmic axis."
    )
    with open_drawing(7.2, 1.3 + 0.42 * len(outlooks), "constrained") as drawing:
        axes = drawing.add_subplot()
        for row, outlook in enumerate(outlooks):
            _draw_row(axes, row, outlook)
        frame_log(axes, "x", "energy of the training", unit="J")
        axes.grid(visible=False, axis="y")
        axes.set_yticks(range(len(outlooks)), [_label(o) for o in outlooks])
        axes.set_ylim(len(outlooks) - 0.4, -0.6)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
        svg = to_svg(drawing, alt)
    return Figure(svg, alt, "Dot: the estimate; line: its interval.")


def _label(outlook: Outlook) -> str:
    return f"{cut(outlook.hardware.name, 30)}, batch {outlook.workload.batch_size}"


def _draw_row(axes: "Axes", row: int, outlook: Outlook) -> None:
    energy = outlook.energy

    def named(label: str) -> str:
        return label if row == 0 else "_"

    if energy.energy_low_j is not None and energy.energy_high_j is not None:
        bounds = [energy.energy_low_j, energy.energy_high_j]
        axes.plot(bounds, [row, row], color=BLUE, linewidth=2.5, alpha=0.5)
    axes.plot(energy.energy_j, row, "o", color=BLUE, label=named("estimate"))
    for baseline in outlook.baselines:
        name, marker, color = _CALCULATORS.get(
            baseline.method, (baseline.method, "x", GREY)
        )
        axes.plot(
            baseline.energy_j,
            row,
            marker,
            color=color,
            markerfacecolor="none",
            label=named(name),
        )
