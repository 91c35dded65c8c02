"""Ranks with their intervals, drawn: one line per system, the best first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from isojoule.comparison.compare import Comparison
from isojoule.comparison.ranking import Ranking
from isojoule.report.comparison.words import level_text, shown
from isojoule.report.figures import BLUE, GREY, INK, Figure, cut, open_drawing
from isojoule.report.link_axes import saved

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_ROWS: Final = 40
_ROW_IN: Final = 0.17


def draw_ranks(
    comparison: Comparison, keys: Sequence[str]
) -> tuple[Figure, dict[str, bytes]] | None:
    """Return the best of some rankings, a panel each; `None` where all are empty.

    Parameters
    ----------
    comparison : Comparison
        What to draw.
    keys : sequence of str
        Rankings, such as ``energy.train``.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    rankings = [
        comparison.rankings[key]
        for key in keys
        if key in comparison.rankings and comparison.rankings[key].rows
    ]
    if not rankings:
        return None
    most = min(_MAX_ROWS, max(len(ranking.rows) for ranking in rankings))
    names = " and ".join(_name(ranking.key) for ranking in rankings)
    alt = f"Ranks by {names} with their intervals."
    baselines = {s.label for s in comparison.systems if s.is_baseline}
    size = (4.6 * len(rankings), 0.75 + _ROW_IN * most)
    with open_drawing(*size, "constrained") as drawing:
        panels = drawing.subplots(1, len(rankings), squeeze=False)[0]
        for axes, ranking in zip(panels, rankings, strict=True):
            _draw_ranking(axes, ranking, most, baselines)
        return saved(drawing, alt, _caption(comparison, rankings))


def _name(key: str) -> str:
    kind, _, rest = key.partition(".")
    return f"energy of {shown(rest)}" if kind == "energy" else shown(rest)


def _draw_ranking(
    axes: "Axes", ranking: Ranking, n_rows: int, baselines: set[str]
) -> None:
    rows = ranking.rows[:n_rows]
    places = range(len(rows))
    axes.hlines(
        places,
        [row.low for row in rows],
        [row.high for row in rows],
        color=BLUE,
        alpha=0.45,
        lw=2.4,
    )
    for is_baseline in (False, True):
        chosen = [
            (row.rank, place)
            for place, row in zip(places, rows, strict=True)
            if (row.label in baselines) == is_baseline
        ]
        axes.plot(
            [rank for rank, _ in chosen],
            [place for _, place in chosen],
            "D" if is_baseline else "o",
            color=INK if is_baseline else BLUE,
            ms=4,
        )
    axes.set_yticks(places, [cut(shown(row.label), 26) for row in rows], fontsize=7)
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
    axes.set_ylim(n_rows - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("rank", color=GREY)
    axes.set_title(cut(_name(ranking.key), 60), parse_math=False)


def _caption(comparison: Comparison, rankings: Sequence[Ranking]) -> str:
    read = (
        "Marks are ranks by the figures themselves, lines hold "
        f"{level_text(comparison.rules.level)} of the draws; diamonds are baselines. "
        "Where lines overlap widely, the order is not known."
    )
    told = [read]
    longest = max(len(ranking.rows) for ranking in rankings)
    if longest > _MAX_ROWS:
        told.append(
            f"The best {_MAX_ROWS} of {longest} are drawn; the tables hold all."
        )
    return " ".join(told)
