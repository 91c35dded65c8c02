"""Which accelerator is meant by what somebody wrote."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from isojoule.accelerators import Specification, find_specification

_WORDS: Final = (
    "geforce",
    "instinct",
    "laptop",
    "mobile",
    "nvidia",
    "quadro",
    "radeon",
    "super",
    "tesla",
    "titan",
)
"""What a misspelt word of four letters or more can be meant for."""

_LONGEST_NAME: Final = 200

_BOARDS: Final = re.compile(r"[- ](?:pcie|sxm\d?|nvl|hbm\d\w?|\d+gb)\b", re.IGNORECASE)
"""How a chip is mounted, and with how much memory."""


@lru_cache(maxsize=1024)  # many submissions name the same few devices
def specification_of(device: str) -> Specification | None:
    """Return what is known of an accelerator, also where its name is misspelt.

    Parameters
    ----------
    device : str
        As a person wrote it: ``Telsa A100``, ``GTX 3090``, ``2 A100 GPUs``.

    Returns
    -------
    Specification or None
        `None` where no product of the table is meant for certain.
    """
    for spelling in _spellings(" ".join(device[:_LONGEST_NAME].split())):
        found = find_specification(spelling)
        if found is not None:
            return found
    return None


def family_of(device: str) -> str:
    """Return what devices of one kind share: the product without board and memory.

    Parameters
    ----------
    device : str
        As a person wrote it.

    Returns
    -------
    str
        Name of the product; of one that is not in the table its letters and digits.

    Notes
    -----
    ``A100`` leaves open which board is meant, so that boards of one chip are put
    together. Their limits differ by less than two: 250 and 400 W of an A100.
    """
    found = specification_of(device)
    if found is None:
        return re.sub(r"[^a-z0-9]+", "", device[:_LONGEST_NAME].casefold())
    return _BOARDS.sub("", found.name)


def _spellings(device: str) -> Iterator[str]:
    """Yield what may be meant, what was written first."""
    yield device
    plain = re.sub(r"^\d{1,2}\s*[x*\u00d7]?\s+(?=[A-Za-z])", "", device)
    plain = re.sub(r"\b(?:gpus?|cards?)\b", " ", plain, flags=re.IGNORECASE)
    plain = re.sub(r"\b([AHLKPTV])[- ](?=\d{2,4}\b)", r"\1", plain)
    plain = re.sub(r"[A-Za-z]{4,}", _corrected, plain)
    yield plain
    # The makers' names of series are often mixed up; a number is sold in one of them.
    yield re.sub(r"\bGTX(?=[ \d])", "RTX", plain, flags=re.IGNORECASE)
    yield re.sub(r"\bRTX(?=[ \d])", "GTX", plain, flags=re.IGNORECASE)
    if re.match(r"\d{4}\s*(?:ti)?\b", plain, re.IGNORECASE):
        yield f"RTX {plain}"
        yield f"GTX {plain}"


def _corrected(word: re.Match[str]) -> str:
    near = get_close_matches(word[0].casefold(), _WORDS, n=1, cutoff=0.75)
    return near[0] if near else word[0]
