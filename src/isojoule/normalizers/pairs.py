"""What two calibrated machines share, as arrays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import IncomparableError, InsufficientDataError, UnknownNameError
from isojoule.observations import require_comparable
from isojoule.records import Calibration, Observation

Floats: TypeAlias = NDArray[np.float64]

FEATURES: Final[Mapping[str, Callable[[Observation], float | None]]] = {
    "flop": lambda observation: observation.work_flop,
    "params": lambda observation: observation.n_params,
    "power": lambda observation: observation.mean_power_w,
}
"""What the name of a feature reads from an observation: forward FLOP of the unit of
work, number of parameters, and mean power on the source."""

FEATURE_UNITS: Final[Mapping[str, str]] = {
    "flop": "FLOP",
    "params": "parameter",
    "power": "W",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Workloads measured on both of two machines.

    Parameters
    ----------
    source, target : str
        Names of the machines.
    workloads : tuple of str
        Shared workloads whose features are known, by rising source energy.
    inputs : ndarray of shape (n, 1 + n_features)
        Source energy [J], then the features.
    target_energy_j : ndarray of shape (n,)
        Energy on the target [J].
    """

    source: str
    target: str
    workloads: tuple[str, ...]
    inputs: Floats
    target_energy_j: Floats


def inputs_of(observation: Observation, features: Sequence[str]) -> list[float]:
    """Return source energy [J] and features of one observation.

    Raises
    ------
    InsufficientDataError
        If one of the features is not known.
    UnknownNameError
        If there is no such feature.
    """
    values = [observation.energy_j]
    for name in features:
        if name not in FEATURES:
            raise UnknownNameError("feature", name, FEATURES)
        value = FEATURES[name](observation)
        if value is None or not isfinite(value):
            raise InsufficientDataError(
                f"{name} of {observation.workload!r} is not known: "
                "add it to the data or leave the feature out"
            )
        values.append(value)
    return values


def require_taken(
    features: Sequence[str], taken: Sequence[str], *, method: str
) -> None:
    """Raise unless `method`, which has `taken`, can use all of `features`.

    Raises
    ------
    UnknownNameError
        If there is no such feature.
    ValueError
        If the method does not take it.
    """
    for name in features:
        if name not in FEATURES:
            raise UnknownNameError("feature", name, FEATURES)
        if not taken:
            raise ValueError(f"{method} takes no features: use linear or log-linear")
        if name not in taken:
            raise ValueError(f"{method} does not take {name}, only {', '.join(taken)}")


def require_positive(
    observation: Observation, features: Sequence[str], *, method: str
) -> None:
    """Raise unless the logarithms that `method` takes of the features exist.

    Raises
    ------
    InsufficientDataError
        If a feature is not positive.
    """
    _, *values = inputs_of(observation, features)
    for name, value in zip(features, values, strict=True):
        if value <= 0:
            raise InsufficientDataError(
                f"{name} of {observation.workload!r} is {value:g}, and {method} takes "
                "its logarithm: leave the feature out"
            )


def _has_features(observation: Observation, features: Sequence[str]) -> bool:
    try:
        inputs_of(observation, features)
    except InsufficientDataError:
        return False
    return True


def shared_workloads(source: Calibration, target: Calibration) -> list[str]:
    """Return the workloads that both machines measured, by rising source energy."""
    shared = source.observations.keys() & target.observations.keys()
    return sorted(shared, key=lambda name: (source.observations[name].energy_j, name))


def make_pair(
    calibrations: Mapping[str, Calibration],
    source: str,
    target: str,
    *,
    features: Sequence[str] = (),
    allow_mixed: bool = False,
) -> Pair:
    """Return what `source` and `target` share.

    Parameters
    ----------
    calibrations : mapping of str to Calibration
        By machine.
    source, target : str
        Machines.
    features : sequence of str
        Names in `FEATURES`; workloads without them are left out.
    allow_mixed : bool, default False
        Accept different phases, scopes or provenances.

    Raises
    ------
    UnknownNameError
        If a machine is not calibrated or a feature does not exist.
    IncomparableError
        If source and target are the same, or their energies are of different kinds.
    """
    for name in (source, target):
        if name not in calibrations:
            raise UnknownNameError("hardware", name, calibrations)
    if source == target:
        raise IncomparableError(f"source and target are both {source!r}: choose two")
    before, after = calibrations[source], calibrations[target]
    shared = [
        name
        for name in shared_workloads(before, after)
        if _has_features(before.observations[name], features)
    ]
    if not allow_mixed:
        both = (before.observations, after.observations)
        require_comparable(known[name] for name in shared for known in both)
    rows = [inputs_of(before.observations[name], features) for name in shared]
    return Pair(
        source=source,
        target=target,
        workloads=tuple(shared),
        inputs=np.array(rows, dtype=float).reshape(len(rows), 1 + len(features)),
        target_energy_j=np.array([after.energy_j[name] for name in shared]),
    )
