"""Which method answers where none is asked for, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import Final

AUTO: Final = "auto"
"""In place of the name of a method: the one that evidence is for."""

EVIDENCE: Final[Mapping[int, tuple[float, float]]] = {
    1: (0.509, 0.710),
    2: (0.438, 0.585),
    3: (0.408, 0.578),
    4: (0.372, 0.578),
    6: (0.359, 0.578),
    7: (0.333, 0.578),
}
"""By the fewest references it is for: mean of |ln(estimate / measured)| by ``joint``,
and by the best published method with as many references or fewer, on networks of tables
that ``joint`` had not learned from. MALE of ``isojoule study benchmark`` on the five
tables of docs/normalization-benchmark.md, by-model split, references by ``plan``, no
third machines; 7 stands for all references that there were. No other method is ahead of
``joint`` in any line."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A method and why it was taken.

    Parameters
    ----------
    method : str
        Name in `isojoule.normalizers.NORMALIZERS`.
    reason : str
        In a sentence; empty where the user chose.
    """

    method: str
    reason: str = ""


def choose_method(n_references: int) -> Choice:
    """Return the method for so many references.

    Parameters
    ----------
    n_references : int
        Workloads that both machines measured.
    """
    if not n_references:
        return Choice("joint", "joint is taken: no other answers without a reference")
    joint, published = EVIDENCE[max(k for k in EVIDENCE if k <= n_references)]
    plural = "" if n_references == 1 else "s"
    return Choice(
        "joint",
        f"joint is taken: with {n_references} planned reference{plural} it was off by "
        f"a factor of {exp(joint):.2f} in the mean over five other tables, for "
        f"networks that it had not seen, the best published method by "
        f"{exp(published):.2f}",
    )
