"""isojoule suite check."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isojoule.cli.options import as_json, examples, print_json, print_table

if TYPE_CHECKING:
    from isojoule.formats.calibration import CalibrationFile
    from isojoule.suite.checks import Problem


@click.command(
    epilog=examples(
        "isojoule suite check calibration.json",
        "isojoule suite check --json theirs.json",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@as_json
def check(file: Path, json_: bool) -> None:
    """Check a calibration file: was it changed, is it complete, can one rely on it.

    Exits with 0 where it is accepted, else with 2. Warnings and notes do not reject it.
    """
    from isojoule.formats.calibration import read_calibration
    from isojoule.suite.calibration import calibration_table
    from isojoule.suite.checks import check_calibration, is_accepted

    calibration = read_calibration(file)
    problems = check_calibration(calibration)
    if json_:
        print_json({"file": str(file), **calibration_document(calibration, problems)})
    else:
        print_table(calibration_table(calibration.runs))
        click.echo("\n".join(problem_lines(problems)))
        verdict = "accepted" if is_accepted(problems) else "NOT accepted"
        click.echo(f"{file}: {calibration.hardware.name}, {verdict}")
    if not is_accepted(problems):
        click.get_current_context().exit(2)


def problem_lines(problems: "Sequence[Problem]") -> list[str]:
    """Return a line per kind of problem, with the first run that has it."""
    alike: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        key = (problem.severity, re.sub(r"\d+", "#", problem.text))
        alike.setdefault(key, []).append(problem)
    lines = []
    for first, *more in alike.values():
        whose = f"{first.subject}: " if first.subject else ""
        others = f" (and {len(more)} more)" if more else ""
        lines.append(f"{first.severity:<8} {whose}{first.text}{others}")
    return lines


def calibration_document(
    calibration: "CalibrationFile", problems: "Sequence[Problem]"
) -> dict[str, object]:
    """Return what --json prints of a calibration."""
    from dataclasses import asdict

    from isojoule.report.tables import to_records
    from isojoule.suite.calibration import calibration_table
    from isojoule.suite.checks import is_accepted

    return {
        "hardware": calibration.hardware.name,
        "software": calibration.hardware.software,
        "made_at": calibration.made_at.isoformat(),
        "isojoule_version": calibration.isojoule_version,
        "rules": dict(calibration.rules),
        "accepted": is_accepted(problems),
        "problems": [asdict(problem) for problem in problems],
        "workloads": to_records(calibration_table(calibration.runs)),
    }
