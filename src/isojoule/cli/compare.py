"""isojoule compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from isojoule.cli.options import as_json, examples, print_json

if TYPE_CHECKING:
    from isojoule.comparison.compare import Comparison

FOUND: Final = 3
"""Exit code of ``--check`` where an error is not waived."""

_ASK: Final = (
    "give SUBMISSIONS and --rules; isojoule compare --print-rules starter prints rules "
    "to begin with"
)


@click.command(
    epilog=examples(
        "isojoule compare submissions/ --rules rules.toml --out ranking",
        "isojoule compare 2023.csv --rules dcase2023 --out ranking",
        "isojoule compare submissions.zip --rules rules.toml --exponent 0.5 --json",
        "isojoule compare my-experiment/ --rules rules.toml --check",
        "isojoule compare --print-rules starter > rules.toml",
    )
)
@click.argument("submissions", required=False, type=click.Path(path_type=Path))
@click.option(
    "--rules",
    "rules_source",
    metavar="FILE",
    help="Rules in TOML, or dcase2022, dcase2023, starter",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the page, the tables, the figures, the mails and the bundle",
)
@click.option("--no-figures", is_flag=True, help="Leave the figures out of --out")
@click.option(
    "--exponent",
    type=click.FloatRange(0, 10),
    help="a of score x (E_base / E)^a  [default: of the rules]",
)
@click.option(
    "--price",
    type=click.FloatRange(0, min_open=True),
    metavar="KWH",
    help="What one point of the first metric may cost  [default: of the rules]",
)
@click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Coverage of the intervals  [default: of the rules]",
)
@click.option(
    "--draws",
    type=click.IntRange(100, 1_000_000),
    help="Draws of the Monte Carlo  [default: of the rules]",
)
@click.option(
    "--seed", type=click.IntRange(0), help="Of the draws  [default: of the rules]"
)
@click.option(
    "--check",
    is_flag=True,
    help="End with exit code 3 where an error of a submission is not waived",
)
@click.option(
    "--print-rules", metavar="NAME", help="Print dcase2022, dcase2023 or starter"
)
@as_json
def compare(
    submissions: Path | None,
    rules_source: str | None,
    out: Path | None,
    no_figures: bool,
    exponent: float | None,
    price: float | None,
    level: float | None,
    draws: int | None,
    seed: int | None,
    check: bool,
    print_rules: str | None,
    json_: bool,
) -> int:
    """Check SUBMISSIONS, bring their energies to one machine, and rank them.

    SUBMISSIONS is a folder or a .zip (meta.yaml, CodeCarbon's CSV, *_tot_kwh.txt,
    records, calibrations), a table (CSV), or result entries (YAML). What cannot be read
    is told by submission; the others are still ranked.
    """
    from isojoule.cli.comparison import (
        bundle_of,
        compare_under,
        open_rules,
    )
    from isojoule.cli.comparison_files import print_comparison, write_comparison
    from isojoule.report.comparison.document import comparison_document

    if print_rules is not None:
        return _print_rules(print_rules)
    if submissions is None or rules_source is None:
        click.get_current_context().fail(_ASK)
    require_submissions(submissions)
    asked = {
        "exponent": exponent,
        "price_kwh_per_point": price,
        "level": level,
        "n_draws": draws,
        "seed": seed,
    }
    settings: dict[str, Any] = {n: v for n, v in asked.items() if v is not None}
    rules_file = open_rules(rules_source, settings)
    compared = compare_under(submissions, rules_file)
    if out is not None:
        bundle = bundle_of(submissions, rules_file, compared)
        write_comparison(compared, out, bundle=bundle, with_figures=not no_figures)
    if json_:
        print_json(comparison_document(compared))
    else:
        print_comparison(compared, detailed=check or None)
    return FOUND if check and has_errors(compared) else 0


def has_errors(compared: "Comparison") -> bool:
    """Return whether a finding or a file has an error that nobody waived."""
    findings = any(f.severity == "error" and not f.waived for f in compared.findings)
    return findings or any(p.severity == "error" for p in compared.problems)


def require_submissions(path: Path) -> None:
    """Refuse what a comparison wrote itself.

    Raises
    ------
    FormatError
        If `path` is a bundle, or the folder of an earlier comparison.
    """
    from isojoule.errors import FormatError
    from isojoule.formats.bundle import is_bundle

    if is_bundle(path):
        raise FormatError(
            f"{path} is a bundle: isojoule report {path} computes it anew"
        )
    if (path / "bundle.zip").is_file() and (path / "comparison.json").is_file():
        raise FormatError(
            f"{path} is what a comparison wrote: give what was handed in, or "
            f"isojoule report {path / 'bundle.zip'}"
        )


def _print_rules(name: str) -> int:
    from isojoule.formats.rules import packaged_rules

    click.echo(packaged_rules(name).decode(), nl=False)
    return 0
