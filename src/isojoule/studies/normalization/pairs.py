"""What every two machines share, as arrays: ready for many fits at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import IncomparableError, UnknownNameError
from isojoule.normalizers.pairs import FEATURES, Floats
from isojoule.observations import match_hardware
from isojoule.records import Calibration, Observation

Skipped = tuple[str, str, str]
"""Source, target, and why they are left out."""

_KINDS: Final[Mapping[str, Callable[[Observation], str]]] = {
    "phases": lambda o: o.phase or "unstated",
    "settings": lambda o: o.variant or "unstated",
    "scopes": lambda o: o.scope or "unstated",
    "provenances": lambda o: o.provenance,
}


@dataclass(frozen=True, slots=True)
class SharedPair:
    """Workloads that two machines measured, by rising source energy, then by name.

    Parameters
    ----------
    source, target : str
        Machines.
    workloads : tuple of str, length n
        Their names.
    models : tuple of str, length n
        Network of each; one without a stated network counts as a network of its own.
    n_unstated : int
        Workloads without a stated network.
    source_energy_j, target_energy_j : ndarray of shape (n,)
        Energy on either machine [J].
    feature_values : ndarray of shape (n, n_features)
        In the order of the features that were asked for.
    """

    source: str
    target: str
    workloads: tuple[str, ...]
    models: tuple[str, ...]
    n_unstated: int
    source_energy_j: Floats
    target_energy_j: Floats
    feature_values: Floats


def wanted_pairs(spec: Sequence[str], machines: Iterable[str]) -> list[tuple[str, str]]:
    """Return the ordered pairs of machines that are asked for.

    Parameters
    ----------
    spec : sequence of str
        ``all``, or ``A:B`` for source and target, by names that `match_hardware` finds.
    machines : iterable of str
        Names there are.

    Raises
    ------
    ValueError
        If something is neither ``all`` nor of the form ``A:B``.
    UnknownNameError
        If a machine is not there.
    IncomparableError
        If source and target are the same.
    """
    names = sorted(set(machines))
    pairs: dict[tuple[str, str], None] = {}
    for text in spec:
        if text == "all":
            pairs |= {(a, b): None for a in names for b in names if a != b}
            continue
        source, colon, target = text.partition(":")
        if not (source and colon and target):
            raise ValueError(f"a pair is written SOURCE:TARGET, or all; got {text!r}")
        pair = match_hardware(source, names), match_hardware(target, names)
        if pair[0] == pair[1]:
            raise IncomparableError(f"{text}: source and target are the same machine")
        pairs[pair] = None
    return list(pairs)


class Measurements:
    """Calibrations of many machines side by side.

    Parameters
    ----------
    calibrations : mapping of str to Calibration
        By machine.
    features : sequence of str
        Names in `isojoule.normalizers.pairs.FEATURES`; workloads of which one is not
        known are left out.
    allow_mixed : bool, default False
        Accept pairs whose energies differ in phase, settings, scope or provenance.

    Raises
    ------
    UnknownNameError
        If there is no such feature.
    """

    def __init__(
        self,
        calibrations: Mapping[str, Calibration],
        features: Sequence[str] = (),
        *,
        allow_mixed: bool = False,
    ) -> None:
        for name in features:
            if name not in FEATURES:
                raise UnknownNameError("feature", name, FEATURES)
        names = sorted({w for c in calibrations.values() for w in c.observations})
        self._names = names
        self._models = _models_of(calibrations.values())
        self._features = tuple(features)
        self._kinds = {} if allow_mixed else _kinds_of(calibrations)
        self._values = {
            m: _values_of(c, names, features) for m, c in calibrations.items()
        }

    def share(
        self, source: str, target: str, *, min_shared: int
    ) -> SharedPair | Skipped:
        """Return what two machines share, or why that is not enough.

        Parameters
        ----------
        source, target : str
            Machines.
        min_shared : int
            Fewest workloads.
        """
        if reason := self._mixture(source, target):
            return source, target, reason
        before, after = self._values[source], self._values[target]
        both = ~np.isnan(before[:, 0]) & ~np.isnan(after[:, 0])
        known = both & ~np.isnan(before).any(axis=1)
        if known.sum() < min_shared:
            return source, target, self._shortage(both, before, min_shared)
        by_name = np.flatnonzero(known)
        chosen = by_name[np.argsort(before[by_name, 0], kind="stable")]
        if before[chosen[0], 0] == before[chosen[-1], 0]:
            return (
                source,
                target,
                f"all {chosen.size} energies on {source} are the same",
            )
        names = [self._names[i] for i in chosen]
        stated = [self._models.get(name) for name in names]
        return SharedPair(
            source=source,
            target=target,
            workloads=tuple(names),
            models=tuple(m or f"({n})" for m, n in zip(stated, names, strict=True)),
            n_unstated=stated.count(None),
            source_energy_j=before[chosen, 0],
            target_energy_j=after[chosen, 0],
            feature_values=before[chosen, 1:],
        )

    def _mixture(self, source: str, target: str) -> str:
        """Return why the energies of two machines may not be compared, or nothing."""
        before, after = self._kinds.get(source, {}), self._kinds.get(target, {})
        for what in before.keys() & after.keys():
            if before[what] != after[what]:
                return f"energies of different {what}: {before[what]}, {after[what]}"
        return ""

    def _shortage(
        self, both: NDArray[np.bool_], before: Floats, min_shared: int
    ) -> str:
        n_both = int(both.sum())
        if n_both < min_shared:
            return f"{n_both} shared workloads, {min_shared} are needed"
        with_each = ", ".join(
            f"{int((both & ~np.isnan(column)).sum())} have {name}"
            for name, column in zip(self._features, before[:, 1:].T, strict=True)
        )
        return (
            f"of {n_both} shared workloads {with_each}: {min_shared} with all of these "
            "are needed"
        )


def _values_of(
    calibration: Calibration, names: Sequence[str], features: Sequence[str]
) -> Floats:
    """Return energy [J] and features by workload, NaN where unknown."""
    rows = np.full((len(names), 1 + len(features)), np.nan)
    readers = [FEATURES[name] for name in features]
    for row, name in zip(rows, names, strict=True):
        if (seen := calibration.observations.get(name)) is not None:
            values = [seen.energy_j, *(read(seen) for read in readers)]
            row[:] = [np.nan if v is None else v for v in values]
    rows[~np.isfinite(rows)] = np.nan
    return rows


def _models_of(calibrations: Iterable[Calibration]) -> dict[str, str]:
    """Return the network of each workload that states one anywhere."""
    return {
        name: seen.model
        for calibration in calibrations
        for name, seen in calibration.observations.items()
        if seen.model is not None
    }


def _kinds_of(calibrations: Mapping[str, Calibration]) -> dict[str, dict[str, str]]:
    """Return what kind of energies each machine has; all of one are alike."""
    return {
        machine: {
            what: read(next(iter(calibration.observations.values())))
            for what, read in _KINDS.items()
        }
        for machine, calibration in calibrations.items()
    }
