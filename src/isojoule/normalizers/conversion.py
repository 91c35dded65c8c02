"""All workloads of one machine converted to another."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from isojoule.accelerators import find_specification
from isojoule.errors import (
    IncomparableError,
    InsufficientDataError,
    UnknownNameError,
)
from isojoule.normalizers import NORMALIZERS
from isojoule.normalizers.advice import NextReference, next_reference
from isojoule.normalizers.choice import AUTO, Choice, choose_method
from isojoule.normalizers.joint import JointNormalizer
from isojoule.normalizers.joint.prior import Prior
from isojoule.normalizers.pairs import Pair, make_pair
from isojoule.normalizers.references import select_references, source_points
from isojoule.observations import calibrate, match_hardware
from isojoule.records import Calibration, Estimate, Observation


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
    reason : str
        Why this method was taken, where none was asked for.
    next_reference : NextReference or None
        What to run next on the target, where the method is ``joint`` and it is worth
        it.
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
    reason: str = ""
    next_reference: NextReference | None = None


def convert_all(
    observations: Sequence[Observation],
    *,
    source: str,
    target: str,
    method: str = AUTO,
    features: Sequence[str] = (),
    references: str | Sequence[str] = "all",
    level: float = 0.9,
    seed: int = 0,
    allow_mixed: bool = False,
    prior: Prior | None = None,
) -> Conversion:
    """Return an estimate for the target of every workload observed on the source.

    Parameters
    ----------
    observations : sequence of Observation
        Of both machines at least, further ones help some methods; repeats are reduced
        to their median.
    source, target : str
        Machines, or words that name only one. The method ``joint`` takes an
        accelerator whose specification is known as target even without observations.
    method : str, default "auto"
        Name in `NORMALIZERS`, or the one that evidence is for.
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
    prior : Prior or None
        What ``joint`` knows beforehand; what ships with the package where `None`.

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
    if method not in {*NORMALIZERS, AUTO}:
        raise UnknownNameError("method", method, [*NORMALIZERS, AUTO])
    machines = {o.hardware for o in observations}
    source = match_hardware(source, machines)
    target = _match_target(target, machines, is_joint=method in {"joint", AUTO})
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
    if references == "all":
        chosen = None
    elif isinstance(references, str):
        chosen = _sample(references, before, pair, features=features, seed=seed)
    else:
        chosen = list(references)
    n_references = len(pair.workloads if chosen is None else chosen)
    choice = choose_method(n_references) if method == AUTO else Choice(method)
    fit = NORMALIZERS[choice.method]
    if prior is not None:
        if choice.method != "joint":
            raise ValueError(f"{choice.method} uses no prior: joint does")
        fit = partial(JointNormalizer.fit, prior=prior)
    further = machines - {source, target}
    normalizer = fit(
        [before, after, *_further(further, observations, allow_mixed=allow_mixed)],
        references=chosen,
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
        method=choice.method,
        features=tuple(features),
        references=converted[0].estimate.references,
        level=level,
        converted=tuple(converted),
        skipped=skipped,
        fit=normalizer.describe(source, target),
        reason=choice.reason,
        next_reference=next_reference(
            normalizer, [c.estimate for c in converted], source=source, target=target
        )
        if isinstance(normalizer, JointNormalizer)
        else None,
    )


def _match_target(name: str, machines: Collection[str], *, is_joint: bool) -> str:
    """Return the machine that `name` means, or an accelerator that is specified.

    Raises
    ------
    UnknownNameError
        If there is neither.
    """
    try:
        return match_hardware(name, machines)
    except UnknownNameError:
        known = find_specification(name) if is_joint else None
        if known is None:
            raise
        return known.name


def _further(
    machines: Iterable[str], observations: Sequence[Observation], *, allow_mixed: bool
) -> Iterator[Calibration]:
    """Yield what other machines measured, of those that do not mix kinds of energy."""
    for name in sorted(machines):
        with suppress(IncomparableError):
            yield calibrate(name, observations, allow_mixed=allow_mixed)


def _sample(
    spec: str, source: Calibration, pair: Pair, *, features: Sequence[str], seed: int
) -> list[str]:
    """Return the references that `spec` asks for; none where nothing is shared."""
    if not pair.workloads:
        return []
    points = source_points(source, pair.workloads, features)
    return select_references(spec, pair.workloads, points=points, seed=seed)
