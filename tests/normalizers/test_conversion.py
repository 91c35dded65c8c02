import numpy as np
import pytest

from builders import observed
from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.formats import read_runs
from isojoule.normalizers.conversion import convert_all
from isojoule.observations import select
from isojoule.records import Observation


def test_workloads_without_the_feature_are_skipped_with_the_reason():
    def on(hardware: str) -> list[Observation]:
        known = [
            Observation(f"w{i}", hardware, 1.0 + i, work_flop=1.0 + i * i)
            for i in range(4)
        ]
        return [*known, Observation("bare", hardware, 3.3)]

    conversion = convert_all(
        on("A") + on("B"), source="A", target="B", method="linear", features=["flop"]
    )
    assert "bare" not in conversion.references
    assert list(conversion.skipped) == ["bare"]
    assert "flop of 'bare' is not known" in conversion.skipped["bare"]


def test_machines_that_share_nothing_are_refused():
    with pytest.raises(InsufficientDataError, match="offer 0"):
        convert_all(observed("A", x=1.0) + observed("B", y=1.0), source="A", target="B")


def test_an_unknown_method_is_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match="did you mean linear"):
        convert_all(observed("A", x=1.0), source="A", target="A", method="liner")


def test_dual_on_published_gpu_training_equals_an_independent_computation(zeus_table):
    runs = read_runs(zeus_table)
    conversion = convert_all(
        select(runs).observations, source="A40", target="V100", method="dual"
    )
    # By hand from the rows: default limits are 300 W and 250 W.
    limit_w = {"NVIDIA A40": 300.0, "NVIDIA Tesla V100": 250.0}
    energies_j: dict[str, dict[str, float]] = {name: {} for name in limit_w}
    for run in runs:
        if run.power_limit_w == limit_w.get(run.hardware.name):
            energies_j[run.hardware.name][run.workload.name] = run.energies[0].energy_j
    source_j, target_j = energies_j.values()
    shared = sorted(source_j.keys() & target_j.keys(), key=source_j.get)
    low, high = shared[0], shared[-1]
    slope, offset = np.polyfit(
        [source_j[low], source_j[high]], [target_j[low], target_j[high]], 1
    )
    assert conversion.references == (low, high)
    assert len(conversion.converted) == len(source_j)
    for c in conversion.converted:
        expected = offset + slope * source_j[c.observation.workload]
        assert c.estimate.energy_j == pytest.approx(expected, rel=1e-6)
        assert c.estimate.energy_low_j < c.estimate.energy_j < c.estimate.energy_high_j
