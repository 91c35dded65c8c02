from math import e, exp, log, nan

import numpy as np
import pytest

from isojoule.normalizers.joint.frame import (
    MIN_ELSEWHERE,
    logarithms_of,
    make_frame,
    network_of,
)
from isojoule.observations import calibrate
from isojoule.records import Calibration, Observation
from joint_cases import machine


def test_a_workload_is_seen_in_logarithms():
    full = Observation(
        "w", "A", 8.0, 2.0, work_flop=24.0, n_params=100.0, batch_size=32
    )
    assert logarithms_of(full) == pytest.approx(
        [log(8), log(4), log(3), log(100), log(32)]
    )


@pytest.mark.parametrize("value", [None, 0.0, -1.0, nan, float("inf")])
def test_what_has_no_logarithm_is_unknown(value):
    bare = Observation("w", "A", 8.0, work_flop=value, n_params=value, batch_size=value)
    assert np.isnan(logarithms_of(bare)).tolist() == [False, True, True, True, True]


def test_inputs_are_deviations_from_the_mean_of_those_that_are_known():
    source = calibrate(
        "A",
        [
            Observation("a", "A", 1.0, n_params=e),
            Observation("b", "A", exp(2.0), n_params=e**3),
            Observation("c", "A", exp(6.0)),
        ],
    )
    frame = make_frame(source)
    assert frame.center[[0, 3]] == pytest.approx([8 / 3, 2.0])
    inputs = frame.inputs(list(source.observations.values()))
    assert inputs.values[:, 0] == pytest.approx([-8 / 3, 2 - 8 / 3, 6 - 8 / 3])
    assert inputs.values[:2, 3] == pytest.approx([-1.0, 1.0])
    assert np.isnan(inputs.values[2, 3])


def test_what_no_workload_of_the_source_states_is_unknown_of_a_new_one():
    # 200 W would else be ln 200 = 5.3 above the mean of nothing.
    frame = make_frame(machine("A", {"a": 10.0, "b": 20.0}))
    new = Observation("n", "A", 400.0, 2.0, work_flop=1e15, n_params=1e7, batch_size=8)
    values = frame.inputs([new]).values[0]
    assert np.isnan(values).tolist() == [False, True, True, True, True]


def test_a_source_without_workloads_makes_all_unknown():
    frame = make_frame(Calibration("A", {}))
    assert np.isnan(frame.inputs([Observation("n", "A", 4.0, 2.0)]).values).all()


def test_no_workloads_make_inputs_of_no_rows():
    frame = make_frame(machine("A", {"a": 10.0}))
    empty = frame.inputs([], ["B"] if "B" in frame.elsewhere else [])
    assert (empty.values.shape, empty.network.shape) == ((0, 5), (0,))


def test_further_machines_tell_their_log_ratio_less_its_mean():
    source = machine("A", {"a": 1.0, "b": 1.0, "c": 1.0, "d": 5.0})
    other = machine("D", {"a": e, "b": e**2, "c": e**6, "x": 9.0})
    frame = make_frame(source, [other])
    assert frame.elsewhere["D"] == pytest.approx({"a": -2.0, "b": -1.0, "c": 3.0})
    assert frame.machines_that_know("a") == ("D",)
    assert frame.machines_that_know("d") == frame.machines_that_know("x") == ()
    told = frame.inputs([source.observations[w] for w in "dac"], ["D"]).elsewhere
    assert told == pytest.approx(np.array([[0.0], [-2.0], [3.0]]))


def test_a_machine_that_shares_little_is_not_asked():
    assert MIN_ELSEWHERE == 3
    source = machine("A", {"a": 1.0, "b": 2.0, "c": 3.0})
    frame = make_frame(source, [machine("D", {"a": 1.0, "b": 2.0})])
    assert frame.elsewhere == {}


def test_a_machine_with_another_kind_of_energy_is_not_asked_unless_allowed():
    energies = {"a": 1.0, "b": 2.0, "c": 3.0}
    source = machine("A", energies, scope="gpu")
    other = machine("D", energies, scope="wall")
    assert make_frame(source, [other]).elsewhere == {}
    assert make_frame(source, [other], allow_mixed=True).elsewhere.keys() == {"D"}


def test_workloads_of_one_network_are_told_by_their_model():
    one = Observation("resnet@8", "A", 1.0, model="resnet")
    same = Observation("resnet@16", "A", 1.0, model="resnet")
    bare = Observation("resnet", "A", 1.0)
    network = make_frame(machine("A", {"a": 1.0})).inputs([one, same, bare]).network
    assert network[0] == network[1] != network[2]
    assert network_of(one) != network_of(bare)
