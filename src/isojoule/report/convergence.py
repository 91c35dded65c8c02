"""The study of convergence as a table, sentences and a document."""

from typing import Any

from isojoule.studies.convergence import Convergence, Ratios
from isojoule.tables import Table


def convergence_table(found: Convergence) -> Table:
    """Return one row per training: its energies and their ratios."""
    return Table.from_rows(
        "Energy until a share of the best score, and beyond",
        [
            {
                "name": t.name,
                "at_share_j": t.at_share_j,
                "at_best_j": t.at_best_j,
                "total_j": t.total_j,
                "best_over_share": t.best_over_share,
                "total_over_share": t.total_over_share,
            }
            for t in found.trained
        ],
        labels={
            "name": "training",
            "at_share_j": f"at {100 * found.share:g} % of the best",
            "at_best_j": "at the best",
            "total_j": "in total",
            "best_over_share": "best / this",
            "total_over_share": "total / this",
        },
    )


def summarize_convergence(found: Convergence) -> list[str]:
    """Return what the trainings have in common, in sentences."""
    until = f"the energy until {100 * found.share:g} % of it"
    return [
        f"Reaching the best score took {_told(found.at_best)} {until}.",
        f"The whole training took {_told(found.total)} {until}.",
    ]


def _told(ratios: Ratios) -> str:
    if ratios.n == 1:
        return f"{ratios.median:.3g} times"
    return (
        f"a median {ratios.median:.3g} times ({ratios.low:.3g} to {ratios.high:.3g}, "
        f"n = {ratios.n})"
    )


def convergence_document(found: Convergence) -> dict[str, Any]:
    """Return the study as one document for JSON."""
    return {
        "trainings": convergence_table(found).rows(),
        "share": found.share,
        "best_over_share": _document(found.at_best),
        "total_over_share": _document(found.total),
    }


def _document(ratios: Ratios) -> dict[str, float]:
    return {
        "n": ratios.n,
        "median": ratios.median,
        "low": ratios.low,
        "high": ratios.high,
    }
