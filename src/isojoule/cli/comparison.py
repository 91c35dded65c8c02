"""What `isojoule compare` and `isojoule report` share: read, compare, write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from isojoule.cli.options import print_table, say

if TYPE_CHECKING:
    from isojoule.comparison.compare import Comparison
    from isojoule.formats.bundle import Bundle
    from isojoule.records import Calibration
    from isojoule.report.comparison_figures import ComparisonFigure
    from isojoule.submissions import InputFile

_N_SHOWN: Final = 20
_N_THREADS: Final = 2
"""Rankings at a time: each of 10,000 systems takes half a gigabyte."""


@dataclass(frozen=True, slots=True)
class RulesFile:
    """A rules file as it was, and what the command line changes in it.

    Parameters
    ----------
    source : str
        Path or name.
    text : bytes
        Its content.
    calibration : bytes or None
        Content of the calibration that it names.
    settings : mapping
        Names at its top level and their values.
    """

    source: str
    text: bytes
    calibration: bytes | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def open_rules(source: str, settings: Mapping[str, Any]) -> RulesFile:
    """Return the rules file at a path or of a name, with its calibration.

    Raises
    ------
    FormatError
        If a file cannot be read or is no TOML.
    UnknownNameError
        If it is neither a file nor a name.
    """
    from isojoule.formats.files import read_bytes
    from isojoule.formats.rules import parse_rules, read_rules

    text = read_rules(source)
    named = parse_rules(text, source).get("calibration")
    calibration = read_bytes(Path(source).parent / str(named)) if named else None
    return RulesFile(source, text, calibration, settings)


def compare_under(submissions: Path, rules_file: RulesFile) -> "Comparison":
    """Return the comparison of what was handed in at a path."""
    from concurrent.futures import ThreadPoolExecutor

    from rich.console import Console

    from isojoule.comparison.compare import compare
    from isojoule.comparison.rules_document import rules_from
    from isojoule.formats.rules import parse_rules
    from isojoule.formats.submissions import read_submissions

    document = {**parse_rules(rules_file.text, rules_file.source)}
    rules = rules_from(
        document | dict(rules_file.settings),
        calibration=_calibration(rules_file.calibration),
    )
    with (
        Console(stderr=True).status("reading") as status,
        ThreadPoolExecutor(_N_THREADS) as pool,
    ):
        handed = read_submissions(submissions, rules.fields, scope=rules.scope)
        return compare(handed, rules, tell=status.update, run_all=pool.map)


def _calibration(content: bytes | None) -> "Calibration | None":
    from tempfile import TemporaryDirectory

    from isojoule.formats.calibration import read_calibration
    from isojoule.observations import calibrate, observe

    if content is None:
        return None
    with TemporaryDirectory() as folder:
        path = Path(folder, "calibration.json")
        path.write_bytes(content)
        file = read_calibration(path)
    found = [o for run in file.runs if (o := observe(run)) is not None]
    return calibrate(file.hardware.name, found)


def results_of(compared: "Comparison") -> bytes:
    """Return the results as the bytes that a bundle keeps."""
    import json

    from isojoule.report.comparison import comparison_document

    return json.dumps(
        comparison_document(compared), indent=1, sort_keys=True, allow_nan=False
    ).encode()


def bundle_of(
    submissions: Path, rules_file: RulesFile, compared: "Comparison"
) -> "Bundle":
    """Return all that the comparison was made from, and what came out."""
    from isojoule.formats.bundle import Bundle

    is_folder = submissions.is_dir()
    return Bundle(
        rules=rules_file.text,
        settings=rules_file.settings,
        handed_in="" if is_folder else submissions.name,
        files=compared.files if is_folder else (_whole_file(submissions),),
        results=results_of(compared),
        software=_software(),
        calibration=rules_file.calibration,
    )


def _whole_file(path: Path) -> "InputFile":
    from hashlib import sha256

    from isojoule.formats.files import read_bytes
    from isojoule.submissions import InputFile

    content = read_bytes(path)
    return InputFile(path.name, sha256(content).hexdigest(), content)


def _software() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    packages = ("isojoule", "numpy", "scipy")
    return {"python": platform.python_version()} | {p: version(p) for p in packages}


def compare_again(bundle: "Bundle") -> "tuple[Comparison, bool]":
    """Return the comparison of a bundle, computed anew, and whether it is the same."""
    from tempfile import TemporaryDirectory

    rules_file = RulesFile(
        "rules.toml of the bundle", bundle.rules, bundle.calibration, bundle.settings
    )
    with TemporaryDirectory() as folder:
        compared = compare_under(bundle.write_inputs(Path(folder)), rules_file)
    is_same = _without_problems(results_of(compared)) == _without_problems(
        bundle.results
    )
    if is_same:
        say("computed anew from the bundle: every number is the same, bit for bit")
    else:
        ours = _software()
        other = [
            f"{name} {version} there, {ours.get(name)} here"
            for name, version in bundle.software.items()
            if ours.get(name) != version
        ]
        say(
            "warning: computed anew, some numbers differ from those in the bundle; "
            + (", ".join(other) or "the software is the same: this should not be")
        )
    return compared, is_same


def _without_problems(results: bytes) -> dict[str, Any]:
    """Return results without the problems of files: a bundle holds no links."""
    import json

    return {k: v for k, v in json.loads(results).items() if k != "problems"}


def print_comparison(compared: "Comparison") -> None:
    """Print the ranking at a glance and what needs attention."""
    import click

    from isojoule.report.comparison_overview import overview_sentences, overview_table

    print_table(overview_table(compared, n_most=_N_SHOWN))
    for sentence in overview_sentences(compared):
        click.echo(sentence)


def write_comparison(
    compared: "Comparison", out: Path, *, bundle: "Bundle", with_figures: bool
) -> None:
    """Write the page, the tables, the figures, a mail per team, and the bundle."""
    from datetime import UTC, datetime

    from isojoule.comparison.checks.mail import mails
    from isojoule.formats.bundle import write_bundle
    from isojoule.formats.files import write_whole
    from isojoule.formats.table import encode_csv
    from isojoule.report.comparison_page import render_comparison
    from isojoule.report.comparison_tables import comparison_tables
    from isojoule.report.latex import to_latex
    from isojoule.report.markdown import to_markdown

    for name, table in comparison_tables(compared).items():
        write_whole(out / "tables" / f"{name}.csv", encode_csv(table))
        write_whole(out / "tables" / f"{name}.md", to_markdown(table))
        write_whole(out / "tables" / f"{name}.tex", to_latex(table))
    for team, text in mails(compared.findings, edition=compared.rules.edition).items():
        write_whole(out / "mails" / f"{_file_name(team)}.txt", text)
    figures = _drawn(compared) if with_figures else ()
    for figure in figures:
        for ending, content in figure.files.items():
            write_whole(out / "figures" / f"{figure.stem}{ending}", content)
    write_whole(out / "comparison.json", bundle.results)
    write_bundle(out / "bundle.zip", bundle)
    page = render_comparison(
        compared, now=datetime.now(UTC), with_figures=with_figures, figures=figures
    )
    write_whole(out / "comparison.html", page)
    say(f"comparison.html, the tables, the mails and bundle.zip are in {out}")


def _drawn(compared: "Comparison") -> "tuple[ComparisonFigure, ...]":
    """Return the figures; none, and a sentence, where the extra is missing."""
    from isojoule.errors import MissingExtraError
    from isojoule.report.comparison_figures import draw_comparison

    try:
        return draw_comparison(compared)
    except MissingExtraError as error:
        say(f"no figures: {error}")
        return ()


def _file_name(team: str) -> str:
    """Return a name for a file about `team`, whatever the team is called."""
    import re
    from hashlib import sha256

    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", team)[:60].strip("_")
    return (
        plain if plain == team else f"{plain}-{sha256(team.encode()).hexdigest()[:6]}"
    )
