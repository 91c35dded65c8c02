"""The results of a comparison as tables; energies in kWh, as challenges state them.

`comparison_tables` returns all of them by the name of a file; the table of the systems
is in `comparison_systems_table`.
"""

from math import hypot
from statistics import median
from typing import Any, Final

from isojoule.comparison.budget import shares_of
from isojoule.comparison.compare import Comparison
from isojoule.report.comparison_attention import amendments_table
from isojoule.report.comparison_cohort_tables import (
    agreements_table,
    break_even_table,
    caps_table,
    exponents_table,
    fronts_table,
    orders_table,
    proxies_table,
    steps_table,
)
from isojoule.report.comparison_systems_table import systems_table
from isojoule.report.comparison_words import place_text, shown
from isojoule.submissions import Figure
from isojoule.tables import Table

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
            "error_fraction": "median error (one standard deviation)",
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
