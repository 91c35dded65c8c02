"""What the makers of accelerators specify: limit, memory, bandwidth, cores, peak rates.

The figures of a machine without any reference run. They bound what it can do; they do
not say what it does.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from math import isfinite
from types import MappingProxyType
from typing import Final

from isojoule.units import BYTES_PER_GIB

_TABLE: Final = "data/accelerators.csv"

_CHECKED: Final = {"yes": True, "from-memory": False}

_NOISE: Final = re.compile(
    "accelerator|amd|apple|core|corporation|developer|edition|founders|generation"
    "|geforce|google|gpu|grace|graphics|hopper|instinct|intel|kit|module|nvidia|quadro"
    "|radeon|superchip|tensor|tesla|usb"
)
"""Words that tell no two rows of the table apart."""

_MEMORY: Final = re.compile(r"\d+gb")

_VARIANT: Final = re.compile(
    r"laptop|mig|mobile|notebook|nvl|pcie|super|sxm\d?|ti|\d+gb"
)
"""Words that tell another product or variant wherever in the name they stand."""

_SPELLINGS: Final = (
    (re.compile(r"[^a-z0-9]+"), " "),
    (re.compile(r"\bpci e(xpress)?\b"), "pcie"),
    (re.compile(r"\b(\d+) ?gi?b\b"), r"\1gb"),
    (re.compile(r"\b(rtx|gtx)(?=a?\d)"), r"\1 "),
    (re.compile(r"(?<=\d)(ti|super)\b"), r" \1"),
)
"""Ways to write one name, and what each becomes; in this order."""


@dataclass(frozen=True, slots=True)
class Specification:
    """What the maker of an accelerator states about it; `None` where it states nothing.

    Parameters
    ----------
    name : str
        As the driver calls it.
    vendor : str
        ``nvidia``, ``amd``, ``apple``, ``google``, ``intel``.
    power_limit_w : float or None
        Default limit of what one power reading covers [W]: the board, or the part of a
        board that the driver counts as a device.
    memory_bytes : int or None
        Its memory [bytes]; `None` where it is the machine's.
    memory_bandwidth_byte_per_s : float or None
        Peak rate of that memory [bytes/s].
    peak_fp32_flop_per_s : float or None
        Peak rate in single precision without tensor cores, at the boost clock
        [FLOP/s].
    peak_fp16_flop_per_s : float or None
        Peak rate of dense products in half precision on tensor or matrix cores, summed
        in single precision [FLOP/s]; `None` where the chip has no such cores.
    released_year : int
        Year it could first be bought.
    source : str
        Where the figures are from.
    is_checked : bool
        Whether every figure was compared with a public text.
    aliases : tuple of str
        Further names that `find_specification` takes for this one.
    n_cores : int or None
        Lanes that multiply and add in single precision: CUDA cores, stream processors.

    Raises
    ------
    ValueError
        If a figure is not positive and finite, or the source is empty.
    """

    name: str
    vendor: str
    power_limit_w: float | None
    memory_bytes: int | None
    memory_bandwidth_byte_per_s: float | None
    peak_fp32_flop_per_s: float | None
    peak_fp16_flop_per_s: float | None
    released_year: int
    source: str
    is_checked: bool
    aliases: tuple[str, ...] = ()
    n_cores: int | None = None

    def __post_init__(self) -> None:
        for figure in (
            self.n_cores,
            self.power_limit_w,
            self.memory_bytes,
            self.memory_bandwidth_byte_per_s,
            self.peak_fp32_flop_per_s,
            self.peak_fp16_flop_per_s,
        ):
            if figure is not None and not (isfinite(figure) and figure > 0):
                raise ValueError(f"{self.name} cannot have a figure of {figure}")
        if not self.source.strip():
            raise ValueError(f"{self.name} needs a source: say who states its figures")


@cache
def specifications() -> Mapping[str, Specification]:
    """Return what is known of every accelerator in the package, by its name.

    Returns
    -------
    mapping of str to Specification
        Limits [W], memories [bytes], bandwidths [bytes/s] and peak rates [FLOP/s], as
        their makers state them. The header of the file tells the conventions.
    """
    with files("isojoule").joinpath(_TABLE).open(encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        read = [_specification(row) for row in rows]
    return MappingProxyType({s.name: s for s in read})


def known_names() -> frozenset[str]:
    """Return the names that stand in the table, aliases among them.

    Returns
    -------
    frozenset of str
        What to offer where `find_specification` finds nothing; it takes more spellings.
    """
    return frozenset(
        name for s in specifications().values() for name in (s.name, *s.aliases)
    )


@lru_cache(maxsize=1024)  # a study asks for the same few names run by run
def find_specification(hardware_name: str) -> Specification | None:
    """Return what is known of the accelerator that `hardware_name` names.

    Parameters
    ----------
    hardware_name : str
        As a driver, a framework or a person writes it: in any case, with or without
        maker and product line, ``RTX6000`` or ``Quadro RTX 6000``, with or without the
        memory, with a host after ``+`` or in parentheses. A count, as in ``2x A100``,
        is left to the caller: the figures are of one device.

    Returns
    -------
    Specification or None
        `None` where no row of the table is meant for certain: a product that is not in
        it, a part of a device, or a name that says another memory than its row has.

    Notes
    -----
    A name that leaves the variant open means what the aliases in the table say: the SXM
    module of an A100, H100, H200 or B200; the PCIe board of a P100 or V100; the smaller
    memory where both are sold; ``RTX 6000`` is the Quadro, ``Jetson AGX Orin`` the one
    with 64 GB. Where the driver tells more, pass its name.
    """
    parts = [_lookup(part) for part in hardware_name.split(" + ")]
    found = {s.name: s for s in parts if s is not None}
    return found.popitem()[1] if len(found) == 1 else None


def _specification(row: Mapping[str, str]) -> Specification:
    memory = row["memory_bytes"]
    return Specification(
        name=row["name"],
        vendor=row["vendor"],
        power_limit_w=_figure(row["power_limit_w"]),
        memory_bytes=int(memory) if memory else None,
        memory_bandwidth_byte_per_s=_figure(row["memory_bandwidth_byte_per_s"]),
        peak_fp32_flop_per_s=_figure(row["peak_fp32_flop_per_s"]),
        peak_fp16_flop_per_s=_figure(row["peak_fp16_flop_per_s"]),
        released_year=int(row["released_year"]),
        source=row["source"],
        is_checked=_CHECKED[row["checked"]],
        aliases=tuple(a for a in row["aliases"].split(";") if a),
        n_cores=int(row["n_cores"]) if row["n_cores"] else None,
    )


def _figure(cell: str) -> float | None:
    return float(cell) if cell else None


@cache
def _index() -> Mapping[frozenset[str], Specification]:
    """Return the specifications by the words of each of their names."""
    return {
        _words(spelling): specification
        for specification in specifications().values()
        for name in (specification.name, *specification.aliases)
        for spelling in (name, re.sub(r"(SXM)\d", r"\1", name))
    }


def _lookup(name: str) -> Specification | None:
    """Return the specification that all words of `name` agree with."""
    words = _words(_without_count(name))
    exact = _index().get(words)
    if exact is not None:
        return exact
    memories = {word for word in words if _MEMORY.fullmatch(word)}
    found = _index().get(words - memories)
    if found is None or found.memory_bytes is None:
        return None
    own = f"{found.memory_bytes // BYTES_PER_GIB}gb"
    return found if memories == {own} else None


def _without_count(name: str) -> str:
    """Return `name` without a number of devices before or behind it."""
    name = re.sub(r"^\s*\d+\s*[x\u00d7]\s*", "", name, flags=re.IGNORECASE)
    return re.sub(r"\s+[x\u00d7]\s*\d+\s*$", "", name, flags=re.IGNORECASE)


def _words(name: str) -> frozenset[str]:
    """Return the words of `name` that tell products apart, in one spelling.

    What stands in parentheses is mostly a place or a host: of that only the words that
    tell a variant are kept.
    """
    aside = " ".join(re.findall(r"\(([^)]*)\)", name))
    words = [w for w in _spelled(aside) if _VARIANT.fullmatch(w)]
    words += _spelled(re.sub(r"\([^)]*\)", " ", name))
    return frozenset(w for w in words if not _NOISE.fullmatch(w))


def _spelled(name: str) -> list[str]:
    text = name.casefold()
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    return text.split()
