"""Accelerators as people write them: how many, and which."""

import re
from collections.abc import Mapping
from typing import Final

_WORDS: Final[Mapping[str, int]] = {
    "a": 1,
    "one": 1,
    "single": 1,
    "a single": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "eight": 8,
    "ten": 10,
}
_COUNT: Final = re.compile(
    rf"(\d{{1,4}}|{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
    r"(?:\s*[x\u00d7*]\s*|\s+)(?=\S)(.+)",
    re.ASCII | re.IGNORECASE,
)
_COUNT_BEHIND: Final = re.compile(r"(.+?)\s*[x\u00d7*]\s*(\d{1,4})", re.ASCII)
_ONLY_COUNT: Final = re.compile(r"(\d{1,4})\s*(?:gpus?|devices?)", re.IGNORECASE)
_MODEL: Final = re.compile(r"\d|\b(?:cpu|gpu|tpu|titan)s?\b", re.IGNORECASE)
_MEMORY: Final = re.compile(r"\d+\s*gi?b\b", re.IGNORECASE | re.ASCII)
_SEVERAL: Final = re.compile(r"[+&;,]|\band\b", re.IGNORECASE)
_GENERIC: Final = re.compile(r"\s+gpus?$", re.IGNORECASE)


def read_devices(text: str) -> tuple[int | None, str | None]:
    """Return how many accelerators `text` names, and which as it was written.

    Parameters
    ----------
    text : str
        ``2 GTX 3090``, ``8x A100``, ``A100 40Gb``, ``3060ti``, ``4 A100 GPUs``.

    Returns
    -------
    tuple of (int or None, str or None)
        Where nobody says how many there are it is `None`, never 1; several kinds have
        no count. The word GPU behind a name is left away.
    """
    bare = " ".join(text.split())
    alone = _ONLY_COUNT.fullmatch(bare)
    if alone:
        return int(alone[1]) or None, None
    count, name = _counted(bare)
    if _SEVERAL.search(_MEMORY.sub("", name).rstrip(" ,;")):
        return None, bare
    return count, _GENERIC.sub("", name) or None


def _counted(text: str) -> tuple[int | None, str]:
    """Return a count before or behind a name, and the name."""
    before = _COUNT.fullmatch(text)
    if before and _is_name(before[2]):
        word = before[1].casefold()
        return _WORDS.get(word) or int(word), before[2]
    behind = _COUNT_BEHIND.fullmatch(text)
    if behind and _is_name(behind[1]):
        return int(behind[2]), behind[1]
    return None, text


def _is_name(text: str) -> bool:
    """Return whether `text` can be a product: ``Ti``, ``GB A100`` and ``4 A100`` not.

    What stands before such a rest is part of a name (``1080 Ti``), a memory, or one of
    two counts.
    """
    if re.match(r"(?:gi?b\b|\d{1,3}\s)", text, re.IGNORECASE):
        return False
    return bool(_MODEL.search(_MEMORY.sub("", text)))
