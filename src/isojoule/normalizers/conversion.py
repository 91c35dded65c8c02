"""All workloads of one machine converted to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.normalizers import NORMALIZERS
from isojoule.normalizers.pairs import make_pair
from isojoule.normalizers.references import select_references
from isojoule.observations import calibrate, match_hardware
from isojoule.records import Estimate, Observation


@dataclass(frozen=True, slots=True)
class Converted:
    """One workload on the source, its estimate for the target, and the truth if known.

    Parameters
    ----------
    observation : Observation
        On the source.
    estimate : Estimate
        For the target.
    target_energy_j : float or None
        Energy on the target [J], where it was observed.
    """

    observation: Observation
    estimate: Estimate
    target_energy_j: float | None

    @property
    def is_reference(self) -> bool:
        """Whether the fit has seen this workload's energy on the target."""
        return self.observation.workload in self.estimate.references


@dataclass(frozen=True, slots=True)
class Conversion:
    """What `convert_all` did.

    Parameters
    ----------
    source, target : str
        Machines.
    method : str
        Name in `NORMALIZERS`.
    features : tuple of str
        What the method used beside the source energy.
    references : tuple of str
        Workloads that the fit used.
    level : float
        Coverage that the intervals claim.
    converted : tuple of Converted
        By rising source energy.
    skipped : mapping of str to str
        Workloads without an estimate, with the reason.
    fit : mapping of str to float
        What the method learned, by name with unit.
    """

    source: str
    target: str
    method: str
    features: tuple[str, ...]
    references: tuple[str, ...]
    level: float
    converted: tuple[Converted, ...]
    skipped: dict[str, str]
    fit: Mapping[str, float] = field(default_factory=dict)


def convert_all(
    observations: Sequence[Observation],
    *,
    source: str,
    target: str,
    method: str = "dual",
    features: Sequence[str] = (),
    references: str | Sequence[str] = "all",
    level: float = 0.9,
    seed: int = 0,
    allow_mixed: bool = False,
) -> Conversion:
    """Return an estimate for the target of every workload observed on the source.

    Parameters
    ----------
    observations : sequence of Observation
        Of both machines at least; repeats are reduced to their median.
    source, target : str
        Machines, or words that name only one.
    method : str, default "dual"
        Name in `NORMALIZERS`.
    features : sequence of str
        What the method uses beside the source energy.
    references : str or sequence of str, default "all"
        How to sample references (see `select_references`), or their names.
    level : float, default 0.9
        Coverage of the intervals, in (0, 1).
    seed : int, default 0
        For random references.
    allow_mixed : bool, default False
        Accept different phases, scopes or provenances.

    Raises
    ------
    UnknownNameError
        If a machine, method, feature or reference is not there.
    IncomparableError
        If the energies are of different kinds, or source and target the same.
    InsufficientDataError
        If the method needs more references than there are, or no workload of the
        source can be converted.
    ValueError
        If the level, a feature or the sampling does not fit the method.
    """
    if method not in NORMALIZERS:
        raise UnknownNameError("method", method, NORMALIZERS)
    machines = {o.hardware for o in observations}
    source, target = match_hardware(source, machines), match_hardware(target, machines)
    before, after = (
        calibrate(name, observations, allow_mixed=allow_mixed)
        for name in (source, target)
    )
    pair = make_pair(
        {source: before, target: after},
        source,
        target,
        features=features,
        allow_mixed=allow_mixed,
    )
    if isinstance(references, str):
        shared = pair.workloads
        references = select_references(references, shared, seed=seed) if shared else []
    normalizer = NORMALIZERS[method](
        [before, after],
        references=references,
        features=features,
        allow_mixed=allow_mixed,
    )
    if features and not pair.workloads:
        raise InsufficientDataError(
            f"no workload that {source} and {target} share has a known "
            f"{' and '.join(features)}: add it to the data or leave the feature out"
        )
    converted, skipped = [], {}
    for observation in sorted(before.observations.values(), key=lambda o: o.energy_j):
        try:
            estimate = normalizer.convert(observation, target=target, level=level)
        except InsufficientDataError as error:
            skipped[observation.workload] = str(error)
            continue
        target_energy_j = after.energy_j.get(observation.workload)
        converted.append(Converted(observation, estimate, target_energy_j))
    if not converted:
        raise InsufficientDataError(next(iter(skipped.values())))
    return Conversion(
        source=source,
        target=target,
        method=method,
        features=tuple(features),
        references=converted[0].estimate.references,
        level=level,
        converted=tuple(converted),
        skipped=skipped,
        fit=normalizer.describe(source, target),
    )
