"""The results of a comparison as tables; energies in kWh, as challenges state them.

`comparison_tables` returns all of them by the name of a file, for programs and
spreadsheets; `tables_to_print` those that fit a paper or an issue.
"""

from collections.abc import Callable
from math import hypot
from statistics import median
from typing import Any, Final

from isojoule.comparison.budget import shares_of
from isojoule.comparison.compare import Comparison
from isojoule.report.comparison.attention import amendments_table
from isojoule.report.comparison.carbon import carbon_block
from isojoule.report.comparison.cohort_tables import (
    agreements_table,
    break_even_table,
    caps_table,
    exponents_table,
    fronts_table,
    orders_table,
    proxies_table,
    steps_table,
)
from isojoule.report.comparison.ranking_table import ranking_table
from isojoule.report.comparison.systems_table import systems_table
from isojoule.report.comparison.words import (
    error_text,
    place_text,
    shown,
    small_share_text,
)
from isojoule.submissions import Figure
from isojoule.tables import Cell, Column, Table

_Row = dict[str, Any]


def comparison_tables(comparison: Comparison) -> dict[str, Table]:
    """Return every table of a comparison that has rows, by a name for its file.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    """
    found = {
        "systems": systems_table(comparison),
        "findings": findings_table(comparison),
        "problems": problems_table(comparison),
        "amendments": amendments_table(comparison),
        "caps": caps_table(comparison),
        "fronts": fronts_table(comparison),
        "marginal-costs": steps_table(comparison),
        "energy-weighting": agreements_table(comparison),
        "exponents": exponents_table(comparison),
        "break-even": break_even_table(comparison),
        "proxies": proxies_table(comparison),
        "order-changes": orders_table(comparison),
        "uncertainty-budget": budget_table(comparison),
        "inputs": inputs_table(comparison),
    }
    carbon = carbon_block(comparison)
    if carbon is not None and carbon.table is not None:
        found["carbon"] = carbon.table
    return {name: table for name, table in found.items() if table.n_rows}


def tables_to_print(comparison: Comparison) -> dict[str, Table]:
    """Return the tables for LaTeX and Markdown that have rows, by a name for the file.

    In place of all that is known of the systems there is their ranking.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    """
    found = {
        "ranking": ranking_table(comparison),
        "findings": findings_table(comparison),
        "caps": caps_table(comparison),
        "fronts": fronts_table(comparison),
        "marginal-costs": steps_table(comparison),
        "energy-weighting": agreements_table(comparison),
        "uncertainty-budget": budget_to_print(comparison),
        "amendments": amendments_table(comparison),
    }
    return {name: table for name, table in found.items() if table.n_rows}


def findings_table(comparison: Comparison) -> Table:
    """Return one row per finding of the checks, those that are waived among them."""
    return Table.from_rows(
        "What the checks found",
        [
            {
                "severity": f.severity,
                "team": shown(f.team),
                "label": shown(f.label),
                "check": f.check,
                "text": shown(f.text),
                "evidence": "; ".join(
                    f"{shown(name)}: {evidence_text(seen)}" for name, seen in f.evidence
                ),
                "mail": shown(f.mail),
                "waived": shown(f.waived),
            }
            for f in comparison.findings
        ],
        labels={
            "severity": "severity",
            "team": "team",
            "label": "system",
            "check": "check",
            "text": "what was found",
            "evidence": "evidence",
            "mail": "to send",
            "waived": "waived because",
        },
    )


def evidence_text(seen: Figure | str) -> str:
    """Return one piece of evidence with its place, where it has one."""
    if isinstance(seen, str):
        return shown(seen)
    return f"“{shown(seen.text)}” ({place_text(seen.place)})"


def problems_table(comparison: Comparison) -> Table:
    """Return what could not be read, by submission."""
    of_files = [("", problem) for problem in comparison.problems]
    of_systems = [
        (system.label, problem)
        for system in comparison.systems
        for problem in system.submission.problems
    ]
    return Table.from_rows(
        "What could not be read as it stands",
        [
            {
                "severity": problem.severity,
                "label": shown(label) or None,
                "text": shown(problem.text),
                "place": None if problem.place is None else place_text(problem.place),
            }
            for label, problem in (*of_files, *of_systems)
        ],
        labels={
            "severity": "severity",
            "label": "system",
            "text": "problem",
            "place": "where",
        },
    )


def budget_table(comparison: Comparison) -> Table:
    """Return what the intervals of the energies are made of, a row for each source."""
    rows = [
        row
        for phase in comparison.rules.phases
        for row in sorted(
            _budget_rows(comparison, phase), key=lambda row: -row["share_fraction"]
        )
    ]
    return Table.from_rows(
        "What the intervals of the energies are made of",
        rows,
        labels={
            "phase": "phase",
            "source": "source of error",
            "shared": "shared by",
            "n": "systems",
            "error_fraction": "median error (standard deviation of the logarithm)",
            "share_fraction": "median share of the variance",
        },
    )


def _budget_rows(comparison: Comparison, phase: str) -> list[_Row]:
    budgets = [
        s.energies[phase].doubts for s in comparison.systems if phase in s.energies
    ]
    shares = [shares_of(doubts) for doubts in budgets]
    return [
        {
            "phase": shown(phase),
            "source": shown(source),
            "shared": _SHARED[shared],
            "n": sum(source in found for found in shares),
            "error_fraction": median(
                hypot(*(d.log_std for d in doubts if d.source == source))
                for doubts in budgets
                if any(d.source == source for d in doubts)
            ),
            "share_fraction": median(found.get(source, 0.0) for found in shares),
        }
        for source, shared in {d.source: d.shared for b in budgets for d in b}.items()
    ]


def budget_to_print(comparison: Comparison) -> Table:
    """Return the same with errors and shares as people write them."""
    told = {"error_fraction": error_text, "share_fraction": small_share_text}
    table = budget_table(comparison)
    return Table(
        table.title,
        tuple(
            Column(c.name, tuple(_told(told[c.name], v) for v in c.values), c.heading)
            if c.name in told
            else c
            for c in table.columns
        ),
    )


def _told(tell: Callable[[float], str], value: Cell) -> Cell:
    return tell(value) if isinstance(value, float) else value


_SHARED: Final = {
    "system": "this system alone",
    "site": "all systems of a team",
    "all": "all systems",
}


def inputs_table(comparison: Comparison) -> Table:
    """Return the files that everything here was made from."""
    return Table.from_rows(
        "Inputs",
        [
            {
                "path": shown(file.path),
                "size": len(file.content),
                "sha256": file.sha256,
            }
            for file in comparison.files
        ],
        labels={"path": "file", "size": "bytes", "sha256": "SHA-256"},
    )
