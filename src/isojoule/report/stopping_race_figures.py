"""The figure of a race: predicted energies, and scores against them."""

from typing import TYPE_CHECKING, Final

from isojoule.estimators.race import Contender, Race
from isojoule.report.figures import (
    BLUE,
    GREY,
    VERMILLION,
    Figure,
    cut,
    open_drawing,
)
from isojoule.report.link_axes import saved
from isojoule.report.stopping_race import front_of
from isojoule.units import j_to_kwh

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN: Final = 4.2
_MAX_DRAWN: Final = 30
_CAPTION: Final = (
    "Predicted energy of the whole training, with its interval, cheapest first; the "
    "thin line is what was spent already."
)
_WITH_SCORES: Final = (
    " Right: predicted best score against predicted energy, with intervals; the line "
    "joins those that no other is predicted to beat in both."
)


def draw_race(race: Race, score: str | None) -> tuple[Figure, dict[str, bytes]]:
    """Return predicted energies and scores, and the drawing as files.

    Parameters
    ----------
    race : Race
        What is predicted.
    score : str or None
        Name of the score, where there is one.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    n_panels = 2 if race.has_scores else 1
    shown = race.contenders[:_MAX_DRAWN]
    height_in = max(2.6, 0.9 + 0.32 * len(shown))
    size_in = (
        _WIDTH_IN * n_panels,
        height_in if n_panels == 1 else max(3.6, height_in),
    )
    with open_drawing(*size_in, layout="constrained") as drawing:
        panels = drawing.subplots(1, n_panels, squeeze=False)[0]
        _draw_energies(panels[0], shown)
        if n_panels == 2:
            _draw_scores(panels[1], race, score or "score")
        alt = f"Predicted energy of {len(race.contenders)} trainings"
        caption = _CAPTION + (_WITH_SCORES if n_panels == 2 else "")
        if len(shown) < len(race.contenders):
            caption += (
                f" The cheapest {len(shown)} of {len(race.contenders)} are drawn."
            )
        return saved(drawing, alt, caption)


def _draw_energies(axes: "Axes", shown: tuple[Contender, ...]) -> None:
    places = range(len(shown))
    energies = [j_to_kwh(c.energy_j) for c in shown]
    axes.errorbar(
        energies,
        places,
        xerr=_reach(shown),
        fmt="o",
        color=BLUE,
        markersize=4.5,
        capsize=2.5,
        linewidth=1.2,
    )
    axes.hlines(places, 0, [j_to_kwh(c.spent_j) for c in shown], color=GREY, lw=0.8)
    axes.set_yticks(places, [cut(c.name, 24) for c in shown], parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("energy in all [kWh]")
    _grid(axes)


def _reach(shown: tuple[Contender, ...]) -> list[list[float]]:
    return [
        [max(j_to_kwh(c.energy_j - c.energy_low_j), 0.0) for c in shown],
        [max(j_to_kwh(c.energy_high_j - c.energy_j), 0.0) for c in shown],
    ]


def _draw_scores(axes: "Axes", race: Race, score: str) -> None:
    shown = tuple(c for c in race.contenders if c.score is not None)
    front = front_of(race)
    axes.step(
        [j_to_kwh(c.energy_j) for c in front],
        [c.score or 0.0 for c in front],
        where="post",
        color=VERMILLION,
        linewidth=1.0,
    )
    for contender in shown:
        middle = contender.score or 0.0
        axes.errorbar(
            [j_to_kwh(contender.energy_j)],
            [middle],
            xerr=_reach((contender,)),
            yerr=[
                [middle - (contender.score_low or middle)],
                [(contender.score_high or middle) - middle],
            ],
            fmt="o",
            color=VERMILLION if contender in front else BLUE,
            markersize=4.5,
            capsize=2.5,
            linewidth=1.0,
        )
        axes.annotate(
            cut(contender.name, 18),
            (j_to_kwh(contender.energy_j), middle),
            textcoords="offset points",
            xytext=(5, 4),
            fontsize=8,
            parse_math=False,
        )
    axes.set_xlabel("energy in all [kWh]")
    axes.set_ylabel(f"best {score} by the end", parse_math=False)
    _grid(axes)


def _grid(axes: "Axes") -> None:
    axes.grid(visible=True, color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
