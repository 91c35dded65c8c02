"""What the names of files and folders say: kind, phase, whose reference."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from isojoule.formats.submissions.assemble import is_label

_TOTAL: Final = re.compile(r"(?:.*_)?tot(?:al)?_kwh\.txt", re.IGNORECASE)
_META: Final = re.compile(r"(?:(.+)\.)?meta\.ya?ml", re.IGNORECASE)
_EMISSIONS: Final = re.compile(r"(?:.*[^a-z])?emissions.*\.csv", re.IGNORECASE)
_ARCHIVE: Final = re.compile(
    r".*\.(?:zip|tar|tgz|gz|bz2|xz|7z|rar)", re.IGNORECASE | re.DOTALL
)
_REFERENCE: Final = re.compile(r"bas(?:e|le)line|reference", re.IGNORECASE)

_PHASES: Final = (
    ("train", {"train", "training", "trained", "fit"}),
    ("test", {"test", "testing", "devtest", "inference", "dev"}),
    ("eval", {"eval", "evaluation", "evaluating"}),
)
"""Words of names, and the phase that the recipes of the challenge mean by them."""

_TECHNICAL: Final = re.compile(
    r"codecarbon|emissions?|exp|experiments?|version_.*|results?|logs?|energy|runs?"
    r"|records?|calibrations?|metrics.*|checkpoints?|lightning_logs|20\d\d_.*",
    re.IGNORECASE,
)


def is_total(name: str) -> bool:
    """Return whether a file is one that holds the kWh of a phase and nothing else."""
    return bool(_TOTAL.fullmatch(name))


def is_emissions(name: str) -> bool:
    """Return whether a file is called as CodeCarbon calls its own."""
    return bool(_EMISSIONS.fullmatch(name))


def is_packed(name: str) -> bool:
    """Return whether a file is an archive or compressed."""
    return bool(_ARCHIVE.fullmatch(name))


def meta_label(name: str) -> str | None:
    """Return the label in the name of a meta file; `None` where it is none.

    Parameters
    ----------
    name : str
        ``<label>.meta.yaml``, ``<label>.yaml`` where that has the form of a label, or
        ``meta.yaml``, whose label is empty.
    """
    found = _META.fullmatch(name)
    if found:
        return found[1] or ""
    path = PurePosixPath(name)
    is_yaml = path.suffix.lower() in {".yaml", ".yml"}
    return path.stem if is_yaml and is_label(path.stem) else None


def is_reference(name: str) -> bool:
    """Return whether a folder or file is called after the baseline or a reference."""
    return bool(_REFERENCE.search(name))


def is_technical(name: str) -> bool:
    """Return whether a folder is a step of a recipe and no submission."""
    words = _words(name)
    is_phase = any(words & known for _, known in _PHASES)
    return is_phase or bool(_TECHNICAL.fullmatch(name)) or "codecarbon" in words


def phase_in(names: Sequence[str]) -> str | None:
    """Return the phase that names say, the first of them that says one.

    Parameters
    ----------
    names : sequence of str
        Of a file, then of its folder, then of the folder around that.

    Notes
    -----
    ``devtest`` is the test on the development set, the one that is ranked; ``eval`` is
    the evaluation set, a phase of its own.
    """
    for name in names:
        words = _words(name)
        found = [phase for phase, known in _PHASES if words & known]
        if "eval" in found and len(found) > 1:
            found.remove("test")
        if len(found) == 1:
            return found[0]
    return None


def reference_in(folders: Sequence[str], file: str, known: Sequence[str]) -> str | None:
    """Return the reference model that a file in such folders is of.

    Parameters
    ----------
    folders : sequence of str
        Names of the folders between a submission and a file.
    file : str
        Name of the file.
    known : sequence of str
        Names of reference models in the rules.

    Returns
    -------
    str or None
        `None` where no folder is called after the baseline or a reference: the file is
        the system's own. The only one of `known`; of several the one that file or
        folders name, the innermost first, and empty where they name none. Where none is
        known, the name of the folder.
    """
    marked = [at for at, name in enumerate(folders) if is_reference(name)]
    if not marked:
        return None
    if len(known) < 2:
        return known[0] if known else folders[marked[-1]]
    for name in (file, *reversed(folders[marked[0] :])):
        named = [k for k in known if k.casefold() in name.casefold()]
        if named:
            return max(named, key=len)
    return ""


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z]+", name.casefold()))
