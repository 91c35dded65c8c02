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


def test_medoids_do_not_depend_on_the_target():
    # In ln of energy and power: three at 1 J and 1 W, three at 1 kJ and 100 W.
    near_j = [1.0, 1.1, 1.2, 1000.0, 1100.0, 1200.0]
    power_w = [1.0, 1.1, 1.2, 100.0, 110.0, 120.0]
    on_a = [
        Observation(f"w{i}", "A", e, e / p)
        for i, (e, p) in enumerate(zip(near_j, power_w, strict=True))
    ]
    for factors in ([1.0] * 6, [9.0, 1.0, 5.0, 2.0, 8.0, 7.0]):
        on_b = [Observation(f"w{i}", "B", f) for i, f in enumerate(factors)]
        conversion = convert_all(
            on_a + on_b,
            source="A",
            target="B",
            method="log-linear",
            references="medoid:2",
        )
        assert conversion.references == ("w1", "w4")


@pytest.mark.parametrize(
    ("method", "reason"), [("dual", "offer 0"), ("auto", "share no reference")]
)
def test_machines_that_share_nothing_are_refused(method, reason):
    with pytest.raises(InsufficientDataError, match=reason):
        convert_all(
            observed("A", x=1.0) + observed("B", y=1.0),
            source="A",
            target="B",
            method=method,
        )


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


def test_without_a_method_the_one_with_evidence_is_taken_and_told():
    both = observed("A", x=1.0, y=3.0) + observed("B", x=2.0, y=6.0)
    conversion = convert_all(both, source="A", target="B")
    assert conversion.method == "joint"
    assert "joint is taken: with 2 planned references" in conversion.reason
    assert convert_all(both, source="A", target="B", method="dual").reason == ""


def test_a_target_without_a_run_needs_a_specification():
    here = observed("NVIDIA A40", x=100.0, y=300.0)
    conversion = convert_all(here, source="A40", target="V100")
    assert conversion.references == ()
    assert all(
        "no reference was run" in c.estimate.notes[0] for c in conversion.converted
    )
    with pytest.raises(UnknownNameError, match="no hardware 'Abacus'"):
        convert_all(here, source="A40", target="Abacus")
    with pytest.raises(UnknownNameError, match="no hardware 'V100'"):
        convert_all(here, source="A40", target="V100", method="dual")


def test_further_machines_are_given_to_the_method():
    shared = {f"w{i}": 7.0 * (i + 1) for i in range(6)}
    odd = {name: 2 * e for name, e in shared.items()} | {"w5": 400.0}
    pair = observed("A", **shared) + observed("B", **dict(list(odd.items())[:5]))
    alone = convert_all(pair, source="A", target="B").converted[-1].estimate
    told = convert_all(pair + observed("C", **odd), source="A", target="B")
    # w5 needs far more on C than the others do: some of that is expected on B.
    assert told.converted[-1].estimate.energy_j > alone.energy_j
