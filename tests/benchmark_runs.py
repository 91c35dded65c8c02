"""Machines whose energies are known by hand, and a method that sees too much."""

from dataclasses import dataclass, field

from isojoule.records import Estimate
from many_machines import make_measured

ENERGIES_J = tuple(10.0 * (1 + i) for i in range(10))


def on_a_line(
    machine="B", *, slope=2.0, offset_j=3.0, prefix="w", n_models=5, **fields
):
    """Runs of ten workloads of five networks on A and on a machine on a line with A."""
    return [
        make_measured(
            f"{prefix}{i}", hardware, energy_j, model=f"net{i % n_models}", **fields
        )
        for i, source_j in enumerate(ENERGIES_J)
        for hardware, energy_j in (
            ("A", source_j),
            (machine, offset_j + slope * source_j),
        )
    ]


@dataclass(frozen=True)
class Recorder:
    """A method that keeps what it was shown, and answers twice the source energy."""

    factor: float = 2.0
    shown: list = field(default_factory=list)
    refuses: tuple = ()

    def __call__(
        self, calibrations, *, references=None, features=(), allow_mixed=False
    ):
        self.shown.append((tuple(calibrations), tuple(references)))
        return self

    def convert(self, observation, *, target, level=0.9):
        from isojoule.errors import InsufficientDataError

        calibrations, references = self.shown[-1]
        if (observation.hardware, target) in self.refuses:
            raise InsufficientDataError("not these two")
        of_target = next(c for c in calibrations if c.hardware == target)
        assert observation.workload not in of_target.observations
        energy_j = self.factor * observation.energy_j
        return Estimate(
            workload=observation.workload,
            hardware=target,
            energy_j=energy_j,
            energy_low_j=energy_j / 2 if energy_j > 0 else None,
            energy_high_j=energy_j * 2 if energy_j > 0 else None,
            level=level,
            method="recorder",
            references=references,
        )

    def describe(self, source, target):
        return {}
