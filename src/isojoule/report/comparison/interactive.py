"""What the script of a comparison's page works with, and the script."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import product
from typing import Any, Final

from isojoule.comparison.caps import ALL
from isojoule.comparison.compare import Comparison
from isojoule.comparison.systems import System
from isojoule.errors import MissingExtraError
from isojoule.report.comparison.cells import PageCell
from isojoule.report.comparison.headings import Heading
from isojoule.report.comparison.index import Index, is_baseline
from isojoule.report.comparison.methods import machine_text
from isojoule.report.comparison.words import share_text, shown
from isojoule.submissions import Figure
from isojoule.units import j_to_kwh

_UNSAFE: Final = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)
_DIGITS: Final = 6

_Rows = Sequence[tuple[System, Sequence[PageCell]]]


def script_data(
    comparison: Comparison, index: Index, columns: Sequence[Heading], rows: _Rows
) -> dict[str, Any]:
    """Return the systems as ``comparison.js`` expects them.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    index : Index
        Its results by label.
    columns : sequence of Heading
        Of the table.
    rows : sequence of tuple of System and sequence of PageCell
        The table, in the order of the page.
    """
    rules = comparison.rules
    places = {system.label: i for i, (system, _) in enumerate(rows)}
    return {
        "level": f"{100 * rules.level:g} %",
        "machines": [machine_text(rules, phase) for phase in rules.phases],
        "phases": [shown(name) for name in rules.phases],
        "metrics": [
            {"name": shown(m.name), "isHighBetter": m.higher_is_better}
            for m in rules.metrics.values()
        ],
        "cohorts": [shown(name) for name in comparison.cohorts],
        "places": _places(comparison, columns),
        "columns": [
            {
                "text": f"{c.text} {c.unseen}".strip(),
                "of": [c.phase, c.metric, c.cohort],
            }
            for c in columns
        ],
        "systems": [
            _system(comparison, index, system)
            | {"cells": [_cell(cell) for cell in cells]}
            for system, cells in rows
        ],
        "fronts": _fronts(comparison, places),
        "caps": _caps(comparison),
        "empty": _empty(comparison),
    }


def _choices(comparison: Comparison) -> list[tuple[str, tuple[str, str, str]]]:
    """Return each cohort, phase and metric under the key that the script builds."""
    rules = comparison.rules
    return [
        (f"{c}.{p}.{m}", (cohort, phase, metric))
        for (c, cohort), (p, phase), (m, metric) in product(
            enumerate(comparison.cohorts),
            enumerate(rules.phases),
            enumerate(rules.metrics),
        )
    ]


def _places(comparison: Comparison, columns: Sequence[Heading]) -> dict[str, list[int]]:
    """Return the columns of energies and scores, whose texts the chart tells too."""
    keys = [column.key for column in columns]
    return {
        "energies": [keys.index(f"energy.{name}") for name in comparison.rules.phases],
        "scores": [keys.index(f"score.{name}") for name in comparison.rules.metrics],
    }


def _empty(comparison: Comparison) -> dict[str, str]:
    """Return why there is nothing to draw, for the choices where there is not."""
    return {
        key: f"Nothing to draw: among {shown(cohort)}, no system has both an energy of "
        f"{shown(phase)} above 0 and a score in {shown(metric)}."
        for key, (cohort, phase, metric) in _choices(comparison)
        if not any(
            _energy(system, phase) and _score(system.submission.scores.get(metric))
            for system in comparison.cohorts[cohort].systems
        )
    }


def _system(comparison: Comparison, index: Index, system: System) -> dict[str, Any]:
    rules, submission = comparison.rules, system.submission
    findings = index.findings.get(system.label, ())
    names = list(comparison.cohorts)
    return {
        "team": shown(system.team),
        "isBaseline": is_baseline(comparison, system),
        "nFindings": len(findings),
        "hasError": any(f.severity == "error" for f in findings),
        "cohorts": [names.index(n) for n in index.cohorts.get(system.label, ())],
        "energies": [_energy(system, phase) for phase in rules.phases],
        "scores": [_score(submission.scores.get(metric)) for metric in rules.metrics],
        "fronts": {
            key: [share_text(point.probability), point.is_on_front]
            for key, choice in _choices(comparison)
            if (point := index.front(*choice, system.label)) is not None
        },
    }


def _energy(system: System, phase: str) -> list[Any] | None:
    """Return energy and bounds [kWh], kind and place; only what a log axis can hold."""
    energy = system.energies.get(phase)
    if energy is None or energy.estimate.energy_j <= 0:
        return None
    found, stated = energy.estimate, energy.declared
    low_j = found.energy_low_j
    return [
        *(
            None if value is None else _rounded(j_to_kwh(value))
            for value in (
                found.energy_j,
                low_j if low_j is not None and low_j > 0 else None,
                found.energy_high_j,
            )
        ),
        f"{stated.provenance}, {stated.scope or 'scope not stated'}",
        shown(str(stated.place)),
    ]


def _score(figure: Figure | None) -> list[Any] | None:
    if figure is None or _rounded(figure.value) is None:
        return None
    values = (figure.value, figure.low, figure.high)
    return [*(_rounded(value) for value in values), shown(str(figure.place))]


def _rounded(value: float | None) -> float | None:
    if value is None or not abs(value) < float("inf"):
        return None
    return float(f"{value:.{_DIGITS}g}")


def _cell(cell: PageCell) -> list[Any]:
    """Return a cell without its empty end."""
    key = _rounded(cell.key) if isinstance(cell.key, float | int) else cell.key
    values = [cell.text, cell.small, key, cell.source, cell.original]
    while values and values[-1] in {"", None}:
        values.pop()
    return values


def _fronts(comparison: Comparison, places: Mapping[str, int]) -> dict[str, list[int]]:
    return {
        key: [places[label] for label in front.members]
        for key, (cohort, *pair) in _choices(comparison)
        if (front := comparison.cohorts[cohort].fronts.get((pair[0], pair[1])))
        is not None
    }


def _caps(comparison: Comparison) -> dict[str, list[list[Any]]]:
    """Return name and value [kWh] of the caps on energy, which the chart draws."""
    return {
        key: [
            [shown(row.cap), _rounded(j_to_kwh(row.max_value))]
            for row in comparison.cohorts[cohort].caps.get(metric, ())
            if row.quantity == phase
            and row.cap != ALL
            and row.max_value is not None
            and row.max_value > 0
        ]
        for key, (cohort, phase, metric) in _choices(comparison)
    }


def to_script_json(data: Mapping[str, Any]) -> str:
    """Return `data` as JSON that no HTML parser takes for markup.

    Parameters
    ----------
    data : mapping of str to object
        Without NaN or infinity.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_UNSAFE)


def page_script() -> str:
    """Return the script that sorts, filters and draws the page."""
    folder = files("isojoule.report").joinpath("templates")
    return folder.joinpath("comparison.js").read_text("utf-8")


def plotly_script() -> str:
    """Return plotly.js as its Python package holds it.

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise MissingExtraError("plots", "an interactive figure") from error
    return str(get_plotlyjs())
