r"""Energy, time and power of a training before it begins.

Runs that are over are cases of a Gaussian process over what a step computes and on what
(see `process`); a training to come is one more case. What is estimated is the median.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Self

from isojoule.errors import InsufficientDataError
from isojoule.estimators.epochs import Epoch, require_consecutive
from isojoule.estimators.physics.cases import (
    EPOCH_DURATION,
    EPOCH_ENERGY,
    MEAN_POWER,
    Case,
    Target,
    gather_cases,
)
from isojoule.estimators.physics.description import (
    MACHINE,
    WORK,
    Description,
    describe,
)
from isojoule.estimators.physics.learned import FREEDOM, Learned, Prediction
from isojoule.estimators.physics.process import Plane
from isojoule.estimators.targets import read_all, require_one_scope
from isojoule.observations import is_part
from isojoule.records import Estimate, Hardware, Run, Scope, Workload, weakest
from isojoule.stats import student_half_width

TARGETS: Final[Mapping[str, Target]] = {
    t.name: t for t in (EPOCH_ENERGY, EPOCH_DURATION, MEAN_POWER)
}
"""What can be estimated."""


@dataclass(frozen=True, slots=True)
class PhysicsEstimator:
    """Estimates trainings from finished ones by what they compute, and on what.

    Parameters
    ----------
    cases : mapping of str to tuple of Case
        Configurations by the name of the target.
    scope : {"gpu", "node", "wall"} or None
        Of the energies; `None` where the runs state none.
    is_measured : bool
        Whether all energies that were learned from are measured.
    planes : mapping of str to Plane
        What is known of each target before any case, where anything is.
    """

    cases: Mapping[str, tuple[Case, ...]]
    scope: Scope | None
    is_measured: bool
    planes: Mapping[str, Plane]

    @classmethod
    def fit(
        cls,
        runs: Sequence[Run] = (),
        *,
        scope: Scope | None = None,
        planes: Mapping[str, Plane] | None = None,
    ) -> Self:
        """Return an estimator that has learned from `runs`.

        Parameters
        ----------
        runs : sequence of Run
            Trainings, calibrations among them. Left out are those that do not state
            FLOP, batch size and samples, that did not come to their end, or that are
            of a single rank.
        scope : {"gpu", "node", "wall"} or None
            Part of the machine; that of all runs where `None`.
        planes : mapping of str to Plane or None
            What is known before any run, by the name of the target.

        Raises
        ------
        IncomparableError
            If the runs are of several scopes and none is chosen.
        """
        runs = [
            r
            for r in runs
            if r.workload.phase == "train" and r.status == "complete" and not is_part(r)
        ]
        readings = [r for r in read_all(runs, "epoch_energy_j", scope) if r is not None]
        if scope is None and readings:
            scope = require_one_scope(readings)
        sources = {r.provenance for r in readings}
        return cls(
            cases={n: gather_cases(runs, t, scope) for n, t in TARGETS.items()},
            scope=scope,
            is_measured=bool(sources) and weakest(sources) == "measured",
            planes=planes or {},
        )

    @property
    def n_runs(self) -> int:
        """Runs whose energy was learned from."""
        return sum(len(c.values) for c in self.cases[EPOCH_ENERGY.name])

    def estimate(
        self,
        workload: Workload,
        hardware: Hardware,
        *,
        observed: Sequence[Epoch] = (),
        duration_s: float | None = None,
        level: float = 0.9,
    ) -> Estimate:
        """Return the energy of all epochs of a training.

        Parameters
        ----------
        workload : Workload
            With `forward_flop_per_sample`, `batch_size`, `n_samples_per_epoch` and
            `n_samples`; without the last one epoch is estimated.
        hardware : Hardware
            A machine that runs are known of, or whose accelerator is in the table.
        observed : sequence of Epoch
            Epochs that are over: one more run of this configuration.
        duration_s : float or None
            Not used: the time is estimated too.
        level : float, default 0.9
            Coverage of the interval, in (0, 1).

        Raises
        ------
        InsufficientDataError
            If the workload does not state enough, or nothing is known of such a
            machine.
        ValueError
            If epochs are missing or overlap, or the level is outside (0, 1).
        """
        del duration_s
        at = describe(workload, hardware)
        require_consecutive(observed)
        found = self.predict_all(
            [at], EPOCH_ENERGY, level=level, more=_as_cases(at, observed)
        )[0]
        n_epochs = workload.n_epochs or 1.0
        return Estimate(
            workload=workload.name,
            hardware=hardware.name,
            energy_j=n_epochs * found.value,
            energy_low_j=n_epochs * found.low,
            energy_high_j=n_epochs * found.high,
            level=level,
            method="physics",
            in_range=not found.outside and found.is_machine_seen,
            provenance="measured" if self.is_measured else "modelled",
            scope=self.scope,
            uncertainty=(
                "doubt about the configuration, as each fifth of the cases confirms it",
                "scatter from run to run",
            ),
            notes=(
                *at.assumptions,
                *(() if workload.n_epochs else ("epochs are not stated: this is one",)),
                *notes_of(found, hardware.name),
            ),
            sources={
                "configuration": found.configuration_fraction,
                "single run": 1 - found.configuration_fraction,
            },
        )

    def predict_all(
        self,
        trainings: Sequence[Description],
        target: Target,
        *,
        level: float = 0.9,
        more: Sequence[Case] = (),
    ) -> list[Prediction]:
        """Return a quantity of many trainings; what they share is learned once.

        Parameters
        ----------
        trainings : sequence of Description
            Each as `describe` gives it.
        target : Target
            One of `TARGETS`.
        level : float, default 0.9
            Coverage of the intervals, in (0, 1).
        more : sequence of Case
            Further cases.

        Raises
        ------
        InsufficientDataError
            If nothing is known of such a machine.
        ValueError
            If the level is outside (0, 1).
        """
        half_width = student_half_width(level, FREEDOM)
        cases = (*self.cases[target.name], *more)
        learned: dict[tuple[object, ...], Learned] = {}
        found = []
        for at in trainings:
            features, kept = _usable(at, cases, has_plane=target.name in self.planes)
            key = (features, tuple(map(id, kept)))
            if key not in learned:
                plane = self.planes.get(target.name) if _knows(at) else None
                learned[key] = Learned.from_cases(kept, target, features, plane)
            found.append(learned[key].predict(at, half_width))
        return found


def _as_cases(at: Description, observed: Sequence[Epoch]) -> tuple[Case, ...]:
    if not observed:
        return ()
    middle_j = median(e.energy_j for e in observed)
    return (Case(at, "the epochs that are over", (middle_j,)),) if middle_j else ()


def _knows(at: Description) -> bool:
    return all(name in at.logs for name in MACHINE)


def _usable(
    at: Description, cases: Iterable[Case], *, has_plane: bool
) -> tuple[frozenset[str], list[Case]]:
    """Return the features and the cases that can tell of a training.

    Raises
    ------
    InsufficientDataError
        If there are none.
    """
    if _knows(at):
        kept = [c for c in cases if _knows(c.at)]
    else:
        kept = [c for c in cases if c.at.hardware == at.hardware]
    if not kept and not (has_plane and _knows(at)):
        raise InsufficientDataError(
            f"nothing is known of {at.hardware!r}: no run on it was given, and it is "
            "not in the table of accelerators; measure a training or the suite on it, "
            "or name an accelerator of the table"
            if not _knows(at)
            else f"no run was given that can tell of {at.hardware!r}: give runs that "
            "state FLOP, batch size and samples"
        )
    known = {n for n in WORK if n in at.logs and all(n in c.at.logs for c in kept)}
    return frozenset(known | set(MACHINE if _knows(at) else ())), kept


def notes_of(found: Prediction, hardware: str) -> tuple[str, ...]:
    """Return what to know of a prediction, a sentence each."""
    notes = [
        f"learned from {found.n_cases} configurations"
        if found.n_cases
        else "no run was given: this is what ships with isojoule, learned from others"
    ]
    if found.nearest:
        notes.append(f"nearest known: {found.nearest}")
    if not found.is_machine_seen:
        notes.append(
            f"no run on {hardware} is known: its figures are those of its maker; "
            "measure a few minutes of anything on it to narrow this"
        )
    if found.outside:
        notes.append(f"outside what was learned from: {', '.join(found.outside)}")
    return tuple(notes)
