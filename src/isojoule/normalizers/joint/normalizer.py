r"""All machines at once: priors from other pairs, intervals from one reference on.

The log ratio of a workload between two machines is a Student-t process (see
`isojoule.normalizers.joint.process`) over energy, mean power, FLOP per joule,
parameters and batch size on the source, whichever are known, and over what further
machines tell of the same workload. How wide each part is was learned from other tables.
Mean power enters as a deviation from the mean of the source: as a fraction of its power
limit it would be the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import exp, sqrt
from statistics import NormalDist

import numpy as np

from isojoule.accelerators import find_specification
from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.normalizers.joint.doubt import OWN, gain_variance, own_variance
from isojoule.normalizers.joint.hyperparameters import INPUTS
from isojoule.normalizers.joint.paths import Way, combine
from isojoule.normalizers.joint.prior import Prior, bundled
from isojoule.normalizers.joint.remarks import doubts_of, mixtures_of, reason_of
from isojoule.normalizers.joint.specification import specified
from isojoule.normalizers.joint.ways import Ways
from isojoule.normalizers.pairs import require_taken
from isojoule.records import Calibration, Estimate, Observation, weakest
from isojoule.stats import student_half_width

_half_width = cache(student_half_width)


@dataclass(frozen=True, slots=True)
class JointNormalizer:
    """Machines, and what was learned from others.

    Parameters
    ----------
    ways : Ways
        What lies between the machines.
    """

    ways: Ways

    @classmethod
    def fit(
        cls,
        calibrations: Sequence[Calibration],
        *,
        references: Sequence[str] | None = None,
        features: Sequence[str] = (),
        allow_mixed: bool = False,
        prior: Prior | None = None,
    ) -> "JointNormalizer":
        """Return a normalizer for these machines; each pair is fitted when asked for.

        Parameters
        ----------
        calibrations : sequence of Calibration
            One per machine; further machines than source and target help.
        references : sequence of str or None
            Workloads whose energy on the target may be used; all that are shared where
            `None`.
        features : sequence of str
            Must be empty: whatever is known of a workload is used.
        allow_mixed : bool, default False
            Accept different phases, scopes or provenances.
        prior : Prior or None
            What was learned from other machines; what ships with the package where
            `None`.

        Raises
        ------
        ValueError
            If features are asked for.
        """
        require_taken(features, (), method="joint")
        return cls(
            Ways(
                calibrations={c.hardware: c for c in calibrations},
                prior=bundled().prior if prior is None else prior,
                references=None if references is None else tuple(references),
                allow_mixed=allow_mixed,
            )
        )

    def describe(self, source: str, target: str) -> Mapping[str, float]:
        """Return what was found from `source` to `target`, by name with unit.

        Raises
        ------
        UnknownNameError
            If a machine or a reference is not there.
        IncomparableError
            If the energies of the two are of different kinds.
        """
        references = self.ways.references_of(source, target)
        if not references:
            try:
                center = specified(self.ways.prior.specification, source, target)
            except InsufficientDataError:
                return {}  # further machines alone tell, of each workload for itself
            return {"ratio from specifications [1]": exp(center)}
        process = self.ways.process(source, target)
        at_mean = replace(
            process.inputs.of([0]),
            values=np.zeros((1, len(INPUTS))),
            network=np.array([-1]),  # one that is not among the references
        )
        found = process.predict(at_mean)
        return {
            "ratio at the mean of the source [1]": exp(float(found.log_ratio[0])),
            "scale of the log ratio there [1]": float(found.scale[0]),
            "degrees of freedom [1]": found.freedom,
            "references [1]": float(len(references)),
            "further machines [1]": float(
                len(self.ways.frame(source, target).elsewhere)
            ),
        }

    def convert(
        self, observation: Observation, *, target: str, level: float = 0.9
    ) -> Estimate:
        r"""Return the energy `target` would need for the observed work.

        Parameters
        ----------
        observation : Observation
            One workload on a calibrated machine.
        target : str
            Calibrated machine to convert to, or an accelerator whose specification is
            known.
        level : float, default 0.9
            Coverage of the interval, in (0, 1).

        Returns
        -------
        Estimate
            Median with bounds, and the shares that its doubt is made of.

        Raises
        ------
        UnknownNameError
            If a machine or a reference is not there.
        IncomparableError
            If the energies of the two are of different kinds.
        InsufficientDataError
            If there is neither a reference, nor a way through a further machine, nor a
            specification of both.
        ValueError
            If the level is outside (0, 1).

        Notes
        -----
        Bounds are :math:`E e^{\pm w}` with :math:`w^2 = (c\,t\,s)^2 + z^2 v`: scale s
        and quantile t of the process, the factor c that nine in ten workloads of tables
        never seen asked for, and the variance v of what the process does not see, the
        gains of both boards, repeats and rounding, with the normal quantile z.
        """
        if not 0 < level < 1:
            raise ValueError(f"the level must lie in (0, 1), got {level}")
        machines = self.ways.calibrations
        if target not in machines and find_specification(target) is None:
            raise UnknownNameError("hardware", target, machines)
        ways = self.ways.all(observation, target)
        way = combine(ways)
        outside = {
            "gain of the boards": gain_variance(),
            OWN: own_variance(observation),
        }
        normal = NormalDist().inv_cdf((1 + level) / 2)
        half_width = sqrt(
            (_half_width(level, way.freedom) * way.scale) ** 2
            + normal**2 * sum(outside.values())
        )
        references = self.ways.references_of(observation.hardware, target)
        before = machines[observation.hardware]
        after = machines.get(target, Calibration(target, {}))
        seen = [before.observations[name] for name in references]
        known = [after.observations[name] for name in references]
        energy_j = observation.energy_j * exp(way.log_ratio)
        sources = _all_shares(way, outside)
        return Estimate(
            workload=observation.workload,
            hardware=target,
            energy_j=energy_j,
            energy_low_j=energy_j * exp(-half_width),
            energy_high_j=energy_j * exp(half_width),
            level=level,
            method="joint",
            references=tuple(references),
            in_range=_is_in_range(observation, seen),
            provenance=weakest(o.provenance for o in (observation, *known)),
            scope=observation.scope,
            uncertainty=(
                reason_of(
                    next(iter(sources)),
                    ways,
                    n_references=len(references),
                    n_tables=len(self.ways.prior.sources),
                ),
            ),
            notes=(
                *doubts_of(
                    observation, target, references, (before.energy_j, after.energy_j)
                ),
                *mixtures_of((observation, *seen, *known)),
            ),
            sources=sources,
        )


def _is_in_range(observation: Observation, references: Sequence[Observation]) -> bool:
    """Return whether energy, and power where known, lie within the references."""
    energies_j = [o.energy_j for o in references]
    powers_w = [o.mean_power_w for o in references if o.mean_power_w is not None]
    if not energies_j or not min(energies_j) <= observation.energy_j <= max(energies_j):
        return False
    power_w = observation.mean_power_w
    return power_w is None or not powers_w or min(powers_w) <= power_w <= max(powers_w)


def _all_shares(way: Way, outside: Mapping[str, float]) -> dict[str, float]:
    """Return all shares of the variance, the largest first."""
    total = way.scale**2 + sum(outside.values())
    shares = {name: share * way.scale**2 / total for name, share in way.shares.items()}
    for name, variance in outside.items():
        shares[name] = shares.get(name, 0.0) + variance / total
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
