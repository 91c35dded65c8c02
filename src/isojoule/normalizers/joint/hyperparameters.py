"""What the model of log ratios takes from other machines: its hyperparameters."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np

from isojoule.normalizers.pairs import Floats

INPUTS: Final = ("energy", "power", "efficiency", "params", "batch")
"""What the source tells of a workload, each as a logarithm: energy [ln J], mean power
[ln W], FLOP per joule [ln FLOP/J], parameters, batch size. All but the first may be
unknown."""

_FREE: Final = frozenset({"energy_slope", "power_slope", "elsewhere_weight"})
"""Those that need not be positive."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Standard deviations and lengths of the parts of a log ratio, all without unit.

    Parameters
    ----------
    ratio_sd : float
        Of the ratio that all workloads of a pair share.
    slope_sd, curve_sd, curve_length : tuple of float, one per `INPUTS`
        Of a straight line and of a smooth curve over each input.
    surface_sd, surface_length : float, tuple of float
        Of a smooth surface over energy and power.
    network_sd : float
        Of what all workloads of one network share.
    network_surface_sd, network_surface_length : float, tuple of float
        Of a smooth surface over energy and power of one network.
    noise_sd : float
        Of a workload's own deviation.
    freedom : float
        Degrees of freedom of the spread of pairs, above 2.
    energy_slope, power_slope : float
        Means of these two slopes.
    elsewhere_weight, elsewhere_sd : float
        How much of a workload's deviation on other machines, in the mean of them,
        returns on this one, and how much that varies from machine to machine.
    """

    ratio_sd: float
    slope_sd: tuple[float, ...]
    curve_sd: tuple[float, ...]
    curve_length: tuple[float, ...]
    surface_sd: float
    surface_length: tuple[float, ...]
    network_sd: float
    network_surface_sd: float
    network_surface_length: tuple[float, ...]
    noise_sd: float
    freedom: float
    energy_slope: float
    power_slope: float
    elsewhere_weight: float
    elsewhere_sd: float

    def __post_init__(self) -> None:
        lengths = {
            "slope_sd": len(INPUTS),
            "curve_sd": len(INPUTS),
            "curve_length": len(INPUTS),
            "surface_length": 2,
            "network_surface_length": 2,
        }
        for name, n in lengths.items():
            if len(getattr(self, name)) != n:
                raise ValueError(f"{name} needs {n} values: {getattr(self, name)}")
        for f in fields(self):
            value = getattr(self, f.name)
            if not np.isfinite(value).all():
                raise ValueError(f"{f.name} is not finite: {value}")
            if f.name not in _FREE and not (np.asarray(value) > 0).all():
                raise ValueError(f"{f.name} is not positive: {value}")
        if self.freedom <= 2:
            raise ValueError(f"freedom must be above 2, got {self.freedom}")

    def to_vector(self) -> Floats:
        """Return all of them in one row, positive ones as logarithms."""
        return np.concatenate([_encode(f.name, getattr(self, f.name)) for f in _FIELDS])

    @classmethod
    def from_vector(cls, vector: Floats) -> Self:
        """Return the hyperparameters of which `to_vector` gives `vector`."""
        values: dict[str, float | tuple[float, ...]] = {}
        start = 0
        for f in _FIELDS:
            n = _SIZES[f.name]
            values[f.name] = _decode(f.name, vector[start : start + n])
            start += n
        return cls(**values)  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, float | list[float]]:
        """Return them as plain data."""
        return {
            f.name: list(v) if isinstance(v := getattr(self, f.name), tuple) else v
            for f in _FIELDS
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, float | list[float]]) -> Self:
        """Return the hyperparameters of which `to_dict` gives `values`."""
        return cls(
            **{  # type: ignore[arg-type]
                name: tuple(v) if isinstance(v, list) else v
                for name, v in values.items()
            }
        )


START: Final = Hyperparameters(
    ratio_sd=1.0,
    slope_sd=(0.1, 0.2, 0.1, 0.05, 0.05),
    curve_sd=(0.3, 0.3, 0.3, 0.3, 0.3),
    curve_length=(2.0, 0.5, 1.0, 2.0, 1.0),
    surface_sd=0.2,
    surface_length=(1.5, 0.4),
    network_sd=0.2,
    network_surface_sd=0.2,
    network_surface_length=(1.5, 0.4),
    noise_sd=0.1,
    freedom=7.0,
    energy_slope=0.0,
    power_slope=0.0,
    elsewhere_weight=0.5,
    elsewhere_sd=0.3,
)
"""Where learning begins, set by meaning and not by data: two unrelated machines differ
by a factor of e, a tenfold energy changes the ratio by a quarter, doubled power by a
seventh, another network by a fifth, and one run to the next by a tenth."""

_FIELDS: Final = fields(Hyperparameters)
_SIZES: Final = {f.name: np.size(getattr(START, f.name)) for f in _FIELDS}
PLACES: Final[Mapping[str, slice]] = {
    f.name: slice(
        sum(_SIZES[g.name] for g in _FIELDS[:i]),
        sum(_SIZES[g.name] for g in _FIELDS[: i + 1]),
    )
    for i, f in enumerate(_FIELDS)
}
"""Where each of them stands in `Hyperparameters.to_vector`."""


def _encode(name: str, value: float | tuple[float, ...]) -> Floats:
    row: Floats = np.atleast_1d(np.asarray(value, dtype=float))
    if name == "freedom":
        return np.asarray(np.log(row - 2))
    return row if name in _FREE else np.asarray(np.log(row))


def _decode(name: str, row: Floats) -> float | tuple[float, ...]:
    if name == "freedom":
        row = 2 + np.exp(row)
    elif name not in _FREE:
        row = np.exp(row)
    values = tuple(row.tolist())
    return values if isinstance(getattr(START, name), tuple) else values[0]
