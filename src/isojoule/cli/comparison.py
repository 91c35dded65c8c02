"""What `isojoule compare` and `isojoule report` share: read, compare, write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from isojoule.cli.options import say

if TYPE_CHECKING:
    from isojoule.comparison.compare import Comparison
    from isojoule.formats.bundle import Bundle
    from isojoule.records import Calibration
    from isojoule.submissions import InputFile

_N_CHANGED: Final = 5
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
    from isojoule.comparison.rules import reference_names
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
        handed = read_submissions(
            submissions,
            rules.fields,
            scope=rules.scope,
            reference_names=reference_names(rules),
        )
        return compare(handed, rules, tell=status.update, run_all=pool.map)


def _calibration(content: bytes | None) -> "Calibration | None":
    from tempfile import TemporaryDirectory

    from isojoule.formats.calibration import read_calibration
    from isojoule.observations import calibrate_phases, observe

    if content is None:
        return None
    with TemporaryDirectory() as folder:
        path = Path(folder, "calibration.json")
        path.write_bytes(content)
        file = read_calibration(path)
    found = [o for run in file.runs if (o := observe(run)) is not None]
    return calibrate_phases(file.hardware.name, found)


def results_of(compared: "Comparison") -> bytes:
    """Return the results as the bytes that a bundle keeps."""
    import json

    from isojoule.report.comparison.document import comparison_document

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
        handed_in=submissions.resolve().name or "submissions",
        is_folder=is_folder,
        files=compared.files if is_folder else (_whole_file(submissions.resolve()),),
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
    changed = differing_keys(
        _without_problems(bundle.results), _without_problems(results_of(compared))
    )
    is_same = not changed
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
            f"warning: computed anew, {len(changed)} values differ from those in the "
            f"bundle: {', '.join(changed[:_N_CHANGED])}"
            f"{', ...' if len(changed) > _N_CHANGED else ''}; "
            + (", ".join(other) or "the software is the same: the bundle was changed")
        )
    return compared, is_same


def differing_keys(before: object, after: object, place: str = "") -> list[str]:
    """Return the places in two documents where their values are not the same."""
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = [
            (f"{place}.{key}".lstrip("."), before.get(key), after.get(key))
            for key in sorted({*before, *after})
        ]
    elif isinstance(before, list) and isinstance(after, list):
        pairs = [
            (f"{place}[{n}]", old, new)
            for n, (old, new) in enumerate(zip_longest(before, after))
        ]
    else:
        return [] if before == after else [place]
    return [key for where, old, new in pairs for key in differing_keys(old, new, where)]


def _without_problems(results: bytes) -> dict[str, Any]:
    """Return results without the problems of files: a bundle holds no links."""
    import json

    return {k: v for k, v in json.loads(results).items() if k != "problems"}
