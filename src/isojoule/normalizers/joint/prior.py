"""What was learned from other machines, as it ships and as it is read back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import inf, isfinite, log
from typing import Any, Final, Self

import numpy as np

from isojoule.errors import FormatError
from isojoule.normalizers.joint.hyperparameters import Hyperparameters

_FILE: Final = "data/joint_priors.json"

KIND: Final = "isojoule-prior"
SCHEMA_VERSION: Final = 1

MANY: Final = 40
"""References from which on the factor of an interval no longer changes: the geometric
mean of how many there are where all that are not held out are taken."""


@dataclass(frozen=True, slots=True)
class SpecificationPrior:
    r"""What two specifications tell of the ratio of two machines.

    Parameters
    ----------
    weight : float
        Of :math:`\ln(L_B/L_A) - \frac12 \ln(M_B/M_A) - \frac12 \ln(F_B/F_A)`, where L
        is the power limit, M the memory bandwidth, F the peak rate in single precision:
        a board at its limit, for a time between what memory and arithmetic ask.
    scale : float
        Of the log ratio around that.
    freedom : float
        Degrees of freedom of Student's t.
    """

    weight: float
    scale: float
    freedom: float

    def __post_init__(self) -> None:
        if not (isfinite(self.weight) and 0 < self.scale < inf and self.freedom > 0):
            raise ValueError(f"no specification prior: {self}")


@dataclass(frozen=True, slots=True)
class Prior:
    """What `JointNormalizer` knows before the first reference.

    Parameters
    ----------
    alone : Hyperparameters
        For workloads that no further machine has measured.
    elsewhere : Hyperparameters
        For those that some have.
    planning : Hyperparameters
        For choosing references: as `alone`, but all that was learned. What is to be
        covered must be wide; what is to be chosen, as like other machines as can be.
    widening_alone, widening_elsewhere : mapping of int to float
        By the number of references, the factor of an interval at which nine in ten
        workloads of networks never seen, on tables never seen, lay inside; below 1
        where the model is wider than that.
    specification : SpecificationPrior
        For no reference at all.
    sources : tuple of str
        The tables all that was learned from.
    """

    alone: Hyperparameters
    elsewhere: Hyperparameters
    planning: Hyperparameters
    widening_alone: Mapping[int, float]
    widening_elsewhere: Mapping[int, float]
    specification: SpecificationPrior
    sources: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("widening_alone", "widening_elsewhere"):
            factors = getattr(self, name)
            if not factors or not all(0 < f < inf for f in factors.values()):
                raise ValueError(f"{name} needs positive finite factors: {factors}")

    def widening(self, n_references: int, *, is_elsewhere: bool) -> float:
        """Return the factor of the interval, between two known numbers by logarithms.

        Parameters
        ----------
        n_references : int
            References of the pair.
        is_elsewhere : bool
            Whether further machines have measured the workload.
        """
        known = self.widening_elsewhere if is_elsewhere else self.widening_alone
        counts = sorted(known)
        return float(
            np.interp(
                log(max(n_references, 1)),
                [log(n) for n in counts],
                [known[n] for n in counts],
            )
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "sources": list(self.sources),
            "alone": self.alone.to_dict(),
            "elsewhere": self.elsewhere.to_dict(),
            "planning": self.planning.to_dict(),
            "widening_alone": {str(n): f for n, f in self.widening_alone.items()},
            "widening_elsewhere": {
                str(n): f for n, f in self.widening_elsewhere.items()
            },
            "specification": {
                "weight": self.specification.weight,
                "scale": self.specification.scale,
                "freedom": self.specification.freedom,
            },
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the prior of which `to_dict` gives `values`."""
        return cls(
            alone=Hyperparameters.from_dict(values["alone"]),
            elsewhere=Hyperparameters.from_dict(values["elsewhere"]),
            planning=Hyperparameters.from_dict(values["planning"]),
            widening_alone={int(n): f for n, f in values["widening_alone"].items()},
            widening_elsewhere={
                int(n): f for n, f in values["widening_elsewhere"].items()
            },
            specification=SpecificationPrior(**values["specification"]),
            sources=tuple(values["sources"]),
        )


@dataclass(frozen=True, slots=True)
class PriorFile:
    """A prior, and those that some of its tables had no part in.

    Parameters
    ----------
    prior : Prior
        From all tables.
    without : mapping of str to Prior
        By the table that was left out.
    """

    prior: Prior
    without: Mapping[str, Prior]

    def for_tables(self, names: Sequence[str]) -> Prior:
        """Return the prior that is to be used where tables of these names are judged.

        Parameters
        ----------
        names : sequence of str
            Names of tables; at most one of them may be among those learned from.

        Raises
        ------
        ValueError
            If several are.
        """
        known = sorted(set(names) & self.without.keys())
        if len(known) > 1:
            raise ValueError(f"no prior leaves out all of {', '.join(known)}")
        return self.without[known[0]] if known else self.prior


@cache
def bundled() -> PriorFile:
    """Return the priors that ship with the package."""
    text = files("isojoule").joinpath(_FILE).read_text(encoding="utf-8")
    return read_priors(json.loads(text))


def read_priors(document: Any) -> PriorFile:  # noqa: ANN401 - parsed JSON
    """Return the priors of a document of `write_priors`.

    Raises
    ------
    FormatError
        If it is none, of another version, or a value is impossible.
    """
    try:
        if (document["kind"], document["schema_version"]) != (KIND, SCHEMA_VERSION):
            raise FormatError(
                f"it is none of version {SCHEMA_VERSION}: make one with "
                "`isojoule study prior`"
            )
        return PriorFile(
            Prior.from_dict(document["prior"]),
            {name: Prior.from_dict(v) for name, v in document["without"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(
            f"it is none ({error!r}): make one with `isojoule study prior`"
        ) from error


def write_priors(priors: PriorFile) -> dict[str, Any]:
    """Return a document of priors as plain data."""
    return {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "prior": priors.prior.to_dict(),
        "without": {name: p.to_dict() for name, p in priors.without.items()},
    }
