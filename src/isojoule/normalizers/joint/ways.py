"""How the log ratio of a workload between two machines is reached."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import exp, log, sqrt
from typing import Final

import numpy as np

from isojoule.errors import IncomparableError, InsufficientDataError, UnknownNameError
from isojoule.normalizers.joint.covariance import GROUPS, UNKNOWN, Inputs
from isojoule.normalizers.joint.doubt import OWN, own_variance
from isojoule.normalizers.joint.frame import Frame, make_frame
from isojoule.normalizers.joint.hyperparameters import INPUTS
from isojoule.normalizers.joint.paths import Way, join
from isojoule.normalizers.joint.prior import Prior
from isojoule.normalizers.joint.process import Prediction, Process, condition
from isojoule.normalizers.joint.specification import specified
from isojoule.normalizers.pairs import shared_workloads
from isojoule.observations import require_comparable
from isojoule.records import Calibration, Observation

MIN_DIRECT: Final = 3
"""References of a pair from which on no way through a further machine is taken."""

MIN_GUESS: Final = 8
"""Workloads that a further machine shares with the source before it is asked for one
that it has not measured."""

MAX_REFERENCES: Final = 200
"""Most references that a fit uses; above, an even choice by source energy."""

MANY: Final = 1e6
"""Degrees of freedom of what was measured."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Machines and what lies between them.

    Parameters
    ----------
    calibrations : mapping of str to Calibration
        By machine.
    prior : Prior
        What was learned.
    references : tuple of str or None
        Workloads whose energy on the last machine of a way may be used; all shared ones
        where `None`.
    allow_mixed : bool
        Whether different phases, scopes or provenances are accepted.
    """

    calibrations: Mapping[str, Calibration]
    prior: Prior
    references: tuple[str, ...] | None = None
    allow_mixed: bool = False
    _shared: dict[tuple[str, str, bool], list[str]] = field(
        default_factory=dict, compare=False, repr=False
    )
    _frames: dict[tuple[str, str], Frame] = field(
        default_factory=dict, compare=False, repr=False
    )
    _processes: dict[tuple[str, str, tuple[str, ...], bool], Process] = field(
        default_factory=dict, compare=False, repr=False
    )

    def references_of(
        self, source: str, target: str, *, is_last: bool = True
    ) -> list[str]:
        """Return the workloads that tell of the way from `source` to `target`.

        Parameters
        ----------
        source, target : str
            Machines.
        is_last : bool, default True
            Whether the way ends at `target`, of which `references` alone may be used.

        Raises
        ------
        UnknownNameError
            If a machine is not calibrated, nor a reference shared.
        IncomparableError
            If source and target are the same, or their energies are of different kinds.
        """
        key = source, target, is_last
        if key not in self._shared:
            self._shared[key] = self._find_references(source, target, is_last=is_last)
        return self._shared[key]

    def _find_references(self, source: str, target: str, *, is_last: bool) -> list[str]:
        if source not in self.calibrations:
            raise UnknownNameError("hardware", source, self.calibrations)
        if source == target:
            raise IncomparableError(
                f"source and target are both {source!r}: choose two"
            )
        if target not in self.calibrations:
            return []
        before, after = self.calibrations[source], self.calibrations[target]
        shared = shared_workloads(before, after)
        if is_last and self.references is not None:
            for name in self.references:
                if name not in shared and not self._is_elsewhere(name, target):
                    raise UnknownNameError("shared workload", name, shared)
            shared = [name for name in shared if name in set(self.references)]
        if not self.allow_mixed:
            both = (before.observations, after.observations)
            require_comparable(known[name] for name in shared for known in both)
        if len(shared) > MAX_REFERENCES:
            places = np.linspace(0, len(shared) - 1, MAX_REFERENCES).round()
            shared = [shared[int(i)] for i in places]
        return shared

    def _is_elsewhere(self, workload: str, target: str) -> bool:
        """Return whether a workload ties the target to a further machine."""
        return workload in self.calibrations[target].observations and any(
            workload in calibration.observations
            for name, calibration in self.calibrations.items()
            if name != target
        )

    def frame(self, source: str, target: str) -> Frame:
        """Return the workloads of `source`, with what all but `target` tell of them."""
        if (source, target) not in self._frames:
            others = [
                calibration
                for name, calibration in self.calibrations.items()
                if name not in (source, target)
            ]
            self._frames[source, target] = make_frame(
                self.calibrations[source], others, allow_mixed=self.allow_mixed
            )
        return self._frames[source, target]

    def process(
        self,
        source: str,
        target: str,
        machines: tuple[str, ...] = (),
        *,
        is_last: bool = True,
    ) -> Process:
        """Return the model from `source` to `target` that asks further machines.

        Parameters
        ----------
        source, target : str
            Machines that share references.
        machines : tuple of str
            Further machines of the frame.
        is_last : bool, default True
            As for `references_of`.

        Raises
        ------
        UnknownNameError
            If a machine or a reference is not there.
        IncomparableError
            If the energies of the two are of different kinds.
        """
        key = (source, target, machines, is_last)
        if key not in self._processes:
            before, after = self.calibrations[source], self.calibrations[target]
            pairs = [
                (before.observations[name], after.observations[name])
                for name in self.references_of(source, target, is_last=is_last)
            ]
            self._processes[key] = condition(
                self.prior.elsewhere if machines else self.prior.alone,
                self.frame(source, target).inputs([a for a, _ in pairs], machines),
                np.array([log(b.energy_j / a.energy_j) for a, b in pairs]),
                extra_variance=np.array(
                    [own_variance(a) + own_variance(b) for a, b in pairs]
                ),
            )
        return self._processes[key]

    def straight(
        self, observation: Observation, target: str, *, hidden: str | None = None
    ) -> Way:
        """Return the log ratio straight to `target`, by references or specification.

        Parameters
        ----------
        observation : Observation
            One workload on a calibrated machine.
        target : str
            Where to.
        hidden : str or None
            Where the way goes on to: not asked, for what it measured is what is wanted.

        Raises
        ------
        UnknownNameError
            If a machine or a reference is not there.
        IncomparableError
            If the energies of the two are of different kinds.
        InsufficientDataError
            If there is neither a reference nor a specification.
        """
        source = observation.hardware
        is_last = hidden is None
        references = self.references_of(source, target, is_last=is_last)
        if not references:
            return self._specified(observation, target)
        machines, inputs, variance = self._told(observation, target, hidden=hidden)
        process = self.process(source, target, machines, is_last=is_last)
        found = process.predict(inputs)
        widening = self.prior.widening(len(references), is_elsewhere=bool(machines))
        return Way(
            machines=(source, target),
            log_ratio=float(found.log_ratio[0]),
            scale=widening * sqrt(float(found.scale[0]) ** 2 + variance),
            freedom=found.freedom,
            shares=_shares(found, inputs, variance),
        )

    def _told(
        self, observation: Observation, target: str, *, hidden: str | None
    ) -> tuple[tuple[str, ...], Inputs, float]:
        """Return the further machines that are asked, what they tell, its variance.

        Those that measured the workload; where none did, those that share enough with
        the source for a guess of what they would have measured.
        """
        frame = self.frame(observation.hardware, target)
        known = frame.machines_that_know(observation.workload)
        machines = tuple(machine for machine in known if machine != hidden)
        if machines:
            return machines, frame.inputs([observation], machines), 0.0
        guesses = {
            machine: self._guess(observation, machine)
            for machine, known in frame.elsewhere.items()
            if len(known) >= MIN_GUESS and machine != hidden
        }
        machines = tuple(guesses)
        inputs = frame.inputs([observation], machines)
        if not machines:
            return machines, inputs, 0.0
        inputs.elsewhere[0] = [
            guess.log_ratio - frame.elsewhere_mean[machine]
            for machine, guess in guesses.items()
        ]
        # All guesses start from the same workload: their errors are taken as one.
        mean = float(np.mean([guess.scale**2 for guess in guesses.values()]))
        return machines, inputs, self.prior.elsewhere.elsewhere_weight**2 * mean

    def _guess(self, observation: Observation, machine: str) -> Way:
        """Return the log ratio to a further machine, which none else is asked for."""
        source = observation.hardware
        process = self.process(source, machine, is_last=False)
        found = process.predict(self.frame(source, machine).inputs([observation]))
        return Way(
            machines=(source, machine),
            log_ratio=float(found.log_ratio[0]),
            scale=float(found.scale[0]) * sqrt(found.freedom / (found.freedom - 2)),
            freedom=found.freedom,
            shares={},
        )

    def _specified(self, observation: Observation, target: str) -> Way:
        """Return what specifications alone tell."""
        source, told = observation.hardware, self.prior.specification
        center = specified(told, source, target)
        bare = replace(self.prior.alone, ratio_sd=1e-6, freedom=told.freedom + 2)
        frame = self.frame(source, target)
        inputs = frame.inputs([observation])
        found = condition(bare, frame.inputs([]), np.zeros(0)).predict(inputs)
        own, ratio = float(found.scale[0]) ** 2, told.scale**2
        shares = {
            name: share * own / (own + ratio)
            for name, share in _shares(found, inputs, 0.0).items()
        }
        shares[GROUPS["ratio"]] = ratio / (own + ratio)
        return Way(
            machines=(source, target),
            log_ratio=center + float(found.log_ratio[0]),
            scale=sqrt(own + ratio),
            freedom=told.freedom,
            shares=shares,
        )

    def all(self, observation: Observation, target: str) -> list[Way]:
        """Return the ways from the machine of `observation` to `target`.

        Beside the straight one those through one further machine, where the straight
        one has fewer than `MIN_DIRECT` references and the further machine has more.

        Parameters
        ----------
        observation : Observation
            One workload on a calibrated machine.
        target : str
            Where to.

        Raises
        ------
        UnknownNameError
            If a machine or a reference is not there.
        IncomparableError
            If the energies are of different kinds.
        InsufficientDataError
            If no way is known.
        """
        found = [
            self._by_way_of(observation, between, target)
            for between in self.between(observation.hardware, target)
        ]
        try:
            return [self.straight(observation, target), *found]
        except InsufficientDataError as error:
            if found:
                return found
            if len(self.calibrations) < 3 or target not in self.calibrations:
                raise
            raise InsufficientDataError(
                f"{error}; a way through a further machine needs {MIN_DIRECT} "
                f"workloads that it shares with {observation.hardware}, and one with "
                f"{target}"
            ) from error

    def between(self, source: str, target: str) -> list[str]:
        """Return the machines through which a further way is of use.

        Raises
        ------
        UnknownNameError
            If a machine or a reference is not there.
        IncomparableError
            If the energies of source and target are of different kinds.
        """
        n_direct = len(self.references_of(source, target))
        if n_direct >= MIN_DIRECT or target not in self.calibrations:
            return []
        found = []
        for machine in self.calibrations.keys() - {source, target}:
            with suppress(IncomparableError, UnknownNameError):
                n_first = len(self.references_of(source, machine, is_last=False))
                n_second = len(self.references_of(machine, target))
                if n_second > n_direct and n_first >= MIN_DIRECT:
                    found.append(machine)
        return sorted(found)

    def _by_way_of(self, observation: Observation, between: str, target: str) -> Way:
        """Return the way through one further machine."""
        source = observation.hardware
        known = self.calibrations[between].observations.get(observation.workload)
        if known is not None:
            exact = log(known.energy_j / observation.energy_j)
            own = sqrt(own_variance(known))
            first = Way((source, between), exact, own, MANY, {OWN: 1.0})
            return join(first, self.straight(known, target), slope=0.0)
        first = self.straight(observation, between, hidden=target)
        second, further = (
            self.straight(_moved(observation, between, log_ratio), target)
            for log_ratio in (first.log_ratio, first.log_ratio + first.scale)
        )
        slope = (further.log_ratio - second.log_ratio) / first.scale
        return join(first, second, slope)


def _moved(observation: Observation, hardware: str, log_ratio: float) -> Observation:
    """Return what is expected of a workload on another machine."""
    return replace(
        observation,
        hardware=hardware,
        energy_j=observation.energy_j * exp(log_ratio),
        duration_s=None,
        gpu_utilization_fraction=None,
    )


def _shares(found: Prediction, inputs: Inputs, guessed: float) -> dict[str, float]:
    """Return the shares of one prediction by what a user calls them."""
    unknown = {
        f"{name}_curve"
        for name, value in zip(INPUTS, inputs.values[0], strict=True)
        if np.isnan(value)
    }
    own = float(found.scale[0]) ** 2
    shares: dict[str, float] = {GROUPS["elsewhere"]: guessed / (own + guessed)}
    for part, values in found.shares.items():
        name = GROUPS.get(part, "the run itself")
        if part in unknown:
            name = UNKNOWN.get(part, name)
        share = float(values[0]) * own / (own + guessed)
        shares[name] = shares.get(name, 0.0) + share
    # Two parts that make up for each other can leave one of them less than nothing.
    known = {name: max(share, 0.0) for name, share in shares.items()}
    total = sum(known.values())
    return {name: share / total for name, share in known.items()}
