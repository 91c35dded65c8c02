"""Records made by hand, and what to do where something is missing."""

import os

import pytest

from isojoule.records import ComponentEnergy, Hardware, Observation, Run, Workload


def make_run(name: str = "a", *, hardware: str = "one", energy_j: float = 10.0) -> Run:
    return Run(
        run_id=f"{name}-{hardware}",
        name=name,
        workload=Workload(name),
        hardware=Hardware(hardware),
        energies=(ComponentEnergy("node", energy_j, "measured"),),
        duration_s=2.0,
    )


def observed(hardware: str, **energies_j: float) -> list[Observation]:
    """Observations of workloads by their energies."""
    return [
        Observation(workload=name, hardware=hardware, energy_j=energy_j, scope="gpu")
        for name, energy_j in energies_j.items()
    ]


def skip_or_fail(reason: str) -> None:
    """Skip for want of something, but fail where everything has to be there."""
    if os.environ.get("ISOJOULE_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)
