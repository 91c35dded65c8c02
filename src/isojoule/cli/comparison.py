"""What `isojoule compare` and `isojoule report` share: read, compare, write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isojoule.cli.options import say

if TYPE_CHECKING:
    from isojoule.comparison.compare import Comparison
    from isojoule.formats.bundle import Bundle
    from isojoule.records import Calibration
    from isojoule.submissions import Handed


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


def compare_under(
    submissions: Path, rules_file: RulesFile
) -> "tuple[Handed, Comparison]":
    """Return what was handed in at a path, and its comparison."""
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
    with Console(stderr=True).status("reading") as status:
        handed = read_submissions(submissions, rules.fields, scope=rules.scope)
        compared = compare(handed, rules, tell=status.update)
    return handed, compared


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

    return Bundle(
        rules=rules_file.text,
        settings=rules_file.settings,
        handed_in="" if submissions.is_dir() else submissions.name,
        files=compared.files,
        results=results_of(compared),
        software=_software(),
        calibration=rules_file.calibration,
    )


def _software() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    packages = ("isojoule", "numpy", "scipy")
    return {"python": platform.python_version()} | {p: version(p) for p in packages}


def compare_again(bundle: "Bundle") -> "Comparison":
    """Return the comparison of a bundle, computed anew; say whether it is the same."""
    from tempfile import TemporaryDirectory

    rules_file = RulesFile(
        "rules.toml of the bundle", bundle.rules, bundle.calibration, bundle.settings
    )
    with TemporaryDirectory() as folder:
        _, compared = compare_under(bundle.write_inputs(Path(folder)), rules_file)
    if results_of(compared) == bundle.results:
        say("computed anew from the bundle: every number is the same, bit for bit")
    else:
        theirs, ours = bundle.software, _software()
        changed = [f"{n} {v} is {ours.get(n)} here" for n, v in theirs.items()]
        different = [c for c, n in zip(changed, theirs, strict=True) if theirs[n] != ours.get(n)]
        say(
            "warning: computed anew, some numbers differ from those in the bundle"
            + (f": {', '.join(different)}" if different else "")
        )
    return compared
