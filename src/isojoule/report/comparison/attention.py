"""What the organizers should look at: findings by team, waivers, amendments."""

from collections.abc import Sequence
from dataclasses import dataclass

from isojoule.comparison.checks import Finding
from isojoule.comparison.checks.mail import mails
from isojoule.comparison.compare import Comparison
from isojoule.report.comparison.index import SEVERITIES
from isojoule.report.comparison.words import (
    kwh_text,
    place_text,
    plural,
    sentence,
    shown,
)
from isojoule.submissions import Figure, Submission
from isojoule.tables import Table


@dataclass(frozen=True, slots=True)
class Evidence:
    """One figure that a finding rests on.

    Parameters
    ----------
    name : str
        What it is.
    text : str
        As it was written.
    place : str
        File and line; empty for what is in no file.
    original : str
        What stood there before an amendment.
    """

    name: str
    text: str
    place: str = ""
    original: str = ""


@dataclass(frozen=True, slots=True)
class Noticed:
    """A finding, ready to be shown.

    Parameters
    ----------
    severity, check, label, text, waived : str
        As in `Finding`.
    evidence : tuple of Evidence
        What it rests on.
    """

    severity: str
    check: str
    label: str
    text: str
    evidence: tuple[Evidence, ...]
    waived: str = ""


@dataclass(frozen=True, slots=True)
class TeamFindings:
    """What to talk about with one team.

    Parameters
    ----------
    team : str
        Its name; empty for findings about the rules.
    summary : str
        How many findings of which severity.
    gravest : str
        Severity of the gravest.
    findings : tuple of Noticed
        Gravest first.
    mail : str
        A text that can be sent; empty where there is nothing to ask.
    """

    team: str
    summary: str
    gravest: str
    findings: tuple[Noticed, ...]
    mail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """A correction with what stood there before.

    Parameters
    ----------
    label, field : str
        As in the rules.
    reason : str
        Of the last amendment of the figure.
    before, after : str
        The two texts.
    place : str
        Where the original stands.
    """

    label: str
    field: str
    before: str
    after: str
    reason: str
    place: str


def findings_by_team(comparison: Comparison) -> tuple[TeamFindings, ...]:
    """Return what is not waived, teams with the gravest findings first."""
    by_team: dict[str, list[Finding]] = {}
    for finding in comparison.findings:
        if not finding.waived:
            by_team.setdefault(finding.team, []).append(finding)
    texts = mails(comparison.findings, edition=comparison.rules.edition)
    teams = [
        _of_team(team, found, texts.get(team, "")) for team, found in by_team.items()
    ]
    return tuple(
        sorted(
            teams,
            key=lambda t: (_grade(t.gravest), -len(t.findings), t.team.casefold()),
        )
    )


def waived_findings(comparison: Comparison) -> tuple[Noticed, ...]:
    """Return the findings that the rules set aside, with the reason."""
    return tuple(_noticed(f) for f in comparison.findings if f.waived)


def _grade(severity: str) -> int:
    return [*SEVERITIES].index(severity)  # type: ignore[arg-type]


def _of_team(team: str, findings: Sequence[Finding], mail: str) -> TeamFindings:
    counts = {s: sum(f.severity == s for f in findings) for s in SEVERITIES}
    ordered = sorted(findings, key=lambda f: _grade(f.severity))
    return TeamFindings(
        shown(team),
        ", ".join(plural(n, severity) for severity, n in counts.items() if n),
        next(s for s in SEVERITIES if counts[s]),
        tuple(_noticed(f) for f in ordered),
        "\n".join(shown(line) for line in mail.splitlines()),
    )


def _noticed(finding: Finding) -> Noticed:
    return Noticed(
        finding.severity,
        finding.check,
        shown(finding.label),
        sentence(shown(finding.text)),
        tuple(_evidence(name, seen) for name, seen in finding.evidence),
        shown(finding.waived),
    )


def _evidence(name: str, seen: Figure | str) -> Evidence:
    if isinstance(seen, str):
        return Evidence(shown(name), shown(seen))
    original = "" if seen.original is None else shown(seen.original.text)
    return Evidence(shown(name), shown(seen.text), place_text(seen.place), original)


def amended_figures(comparison: Comparison) -> tuple[Amended, ...]:
    """Return every figure that the rules amend, once, with what it replaced."""
    submissions = {s.label: s.submission for s in comparison.systems}
    fields: dict[str, list[str]] = {}
    for amendment in comparison.rules.amendments:
        fields.setdefault(amendment.label, []).append(f"{amendment.field}.")
    return tuple(
        Amended(
            label=shown(label),
            field=shown(name),
            before=_told(name, figure.original) if figure.original else "nothing",
            after=_told(name, figure),
            reason=shown(figure.reason),
            place=place_text(figure.place),
        )
        for label, asked in fields.items()
        if label in submissions
        for name, figure in _figures(submissions[label])
        if figure.reason and f"{name}.".startswith(tuple(asked))
    )


def _told(name: str, figure: Figure) -> str:
    if "_kwh" in name and not name.startswith("scores.") and figure.value is not None:
        return f"{kwh_text(figure.value)} kWh"
    return shown(figure.text)


def _figures(submission: Submission) -> list[tuple[str, Figure]]:
    """Return the figures of a submission by the field that amends them."""
    counts = {
        "n_params": submission.n_params,
        "n_macs": submission.n_macs,
        "n_subsystems": submission.n_subsystems,
        "training_duration_s": submission.training_duration_s,
        "n_devices": submission.n_devices,
        "n_tracked_devices": submission.n_tracked_devices,
    }
    return [
        *((f"{phase}_energy_kwh", f) for phase, f in submission.energies.items()),
        *(
            (f"reference_energy_kwh.{run.name}.{run.phase}", run.energy)
            for run in submission.references
        ),
        *((f"scores.{metric}", f) for metric, f in submission.scores.items()),
        *((name, f) for name, f in counts.items() if f is not None),
    ]


def amendments_table(comparison: Comparison) -> Table:
    """Return the corrections of the rules, each with what stood there before."""
    return Table.from_rows(
        "Amendments",
        [
            {
                "label": a.label,
                "field": a.field,
                "before": a.before,
                "after": a.after,
                "reason": a.reason,
                "place": a.place,
            }
            for a in amended_figures(comparison)
        ],
        labels={
            "label": "system",
            "field": "field",
            "before": "before",
            "after": "after",
            "reason": "reason",
            "place": "where",
        },
    )
