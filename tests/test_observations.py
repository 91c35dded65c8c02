from dataclasses import replace
from math import sqrt

import pytest

from builders import make_run, observed
from isojoule.errors import (
    IncomparableError,
    InsufficientDataError,
    UnknownNameError,
)
from isojoule.observations import (
    calibrate,
    energy_in_scope,
    match_hardware,
    observe,
    once,
    require_comparable,
    require_left,
    select,
)
from isojoule.records import ComponentEnergy, Estimate, Observation, Run, Workload

PARTS = (
    ComponentEnergy("gpu", 100.0, "counter"),
    ComponentEnergy("cpu", 20.0, "modelled"),
    ComponentEnergy("dram", None, "absent"),
)


def test_the_node_is_the_sum_of_its_parts_with_the_weakest_provenance():
    assert energy_in_scope(PARTS, "node") == (120.0, "modelled")


def test_the_gpu_scope_leaves_the_rest_out():
    assert energy_in_scope(PARTS, "gpu") == (100.0, "measured")


def test_a_scope_without_energy_is_unknown():
    assert energy_in_scope(PARTS, "wall") is None


def test_a_stated_node_total_is_not_added_to_its_parts():
    energies = (*PARTS, ComponentEnergy("node", 130.0, "measured"))
    assert energy_in_scope(energies, "node") == (130.0, "measured")


def test_an_energy_of_unstated_scope_stays_unstated():
    energies = (ComponentEnergy("unstated", 7.0, "declared"),)
    assert energy_in_scope(energies, None) == (7.0, "declared")


def test_a_run_of_part_of_an_epoch_is_scaled_to_one_epoch():
    run = replace(
        make_run(energy_j=10.0),
        workload=Workload(
            "w", n_samples=400, n_samples_per_epoch=1600, forward_flop_per_sample=2
        ),
    )
    seen = observe(run)
    assert seen.energy_j == 40.0
    assert seen.duration_s == 8.0  # 2 s for a quarter
    assert seen.work_flop == 3200.0


def test_a_run_without_energy_gives_no_observation():
    assert observe(replace(make_run(), energies=())) is None


def test_repeats_are_reduced_to_their_median():
    repeats = [
        Observation("w", "h", energy_j, duration_s=1.0) for energy_j in (9.0, 1.0, 2.0)
    ]
    calibration = calibrate("h", [*repeats, *observed("other", w=5.0)])
    assert calibration.energy_j == {"w": 2.0}
    assert calibration.observations["w"].n_repeats == 3


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"phase": "inference"}, "phases"),
        ({"scope": "wall"}, "scopes"),
        ({"provenance": "modelled"}, "provenances"),
    ],
)
def test_energies_of_different_kinds_are_refused(change, what):
    one = Observation("w", "h", 1.0, phase="train", scope="gpu")
    with pytest.raises(IncomparableError, match=f"different {what}"):
        require_comparable([one, replace(one, **change)])
    with pytest.raises(IncomparableError, match=f"different {what}"):
        calibrate("h", [one, replace(one, **change)])


def at_limit(power_limit_w: float, hardware: str = "A40") -> Run:
    return replace(
        make_run(hardware=hardware, energy_j=power_limit_w), power_limit_w=power_limit_w
    )


def test_the_highest_power_limit_of_each_machine_is_kept_and_said():
    selection = select([at_limit(100), at_limit(300), at_limit(250, "V100")])
    assert [o.energy_j for o in selection.observations] == [300.0, 250.0]
    assert selection.notes == (
        "kept one power limit per machine (A40 300 W, V100 250 W)",
    )


def test_a_power_limit_can_be_chosen_and_must_be_there():
    selection = select([at_limit(100), at_limit(300)], power_limit_w=100)
    assert [o.energy_j for o in selection.observations] == [100.0]
    with pytest.raises(UnknownNameError, match="no power limit '50'"):
        select([at_limit(100), at_limit(300)], power_limit_w=50)


def in_phase(phase: str) -> Run:
    return replace(make_run(), workload=Workload("w", phase=phase))


def test_several_phases_ask_for_a_choice():
    runs = [in_phase("train"), in_phase("inference")]
    with pytest.raises(IncomparableError, match="inference, train: choose one"):
        select(runs)
    (kept,) = select(runs, phase="inference").observations
    assert kept.phase == "inference"
    with pytest.raises(UnknownNameError, match="no phase 'trian'"):
        select(runs, phase="trian")


def test_runs_that_did_not_end_by_themselves_are_left_out_and_counted():
    broken = replace(make_run("b"), status="interrupted")
    selection = select([make_run(), broken])
    assert [o.workload for o in selection.observations] == ["a"]
    assert selection.notes == ("1 runs that did not end by themselves left out",)


def test_runs_without_an_energy_are_left_out_and_counted():
    selection = select([make_run(), replace(make_run("b"), energies=())])
    assert len(selection.observations) == 1
    assert selection.notes == ("1 runs without an energy left out",)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("NVIDIA A40", "NVIDIA A40"),
        ("nvidia a40", "NVIDIA A40"),
        ("A40", "NVIDIA A40"),
        ("V100", "NVIDIA Tesla V100 16GB"),
    ],
)
def test_hardware_is_found_by_words_that_only_one_has(name, meant):
    known = ["NVIDIA A40", "NVIDIA A400", "NVIDIA Tesla V100 16GB"]
    assert match_hardware(name, known) == meant


@pytest.mark.parametrize("name", ["A100", "A4", "H100"])
def test_hardware_that_none_or_several_have_is_refused(name):
    known = ["NVIDIA A100 40GB", "NVIDIA A100 80GB", "NVIDIA A40"]
    with pytest.raises(UnknownNameError, match=f"no hardware '{name}'"):
        match_hardware(name, known)


def test_runs_of_single_ranks_are_no_runs_of_the_workload():
    whole = make_run("a")
    part = replace(make_run("b"), tags={"rank": "0", "world_size": "4"})
    alone = replace(make_run("c"), tags={"rank": "0", "world_size": "1"})
    selection = select([whole, part, alone])
    assert {o.workload for o in selection.observations} == {"a", "c"}
    assert "runs merge" in selection.notes[0]


def test_energies_of_different_settings_are_not_compared():
    one = replace(make_run("a"), workload=Workload("a", settings={"loss": "softmax"}))
    other = replace(make_run("a"), workload=Workload("a", settings={"loss": "sigmoid"}))
    with pytest.raises(IncomparableError, match=r"settings are mixed .*loss sigmoid"):
        calibrate("one", [observe(one), observe(other)])


def test_repeats_keep_how_much_they_scatter_around_their_median():
    repeats = [Observation("w", "h", energy_j) for energy_j in (9.0, 1.0, 2.0)]
    (reduced,) = calibrate("h", repeats).observations.values()
    # Mean 4: squares 25, 9 and 4, over n - 1 = 2; the median is 2.
    assert reduced.repeat_std_fraction == pytest.approx(sqrt(19) / 2)


def test_equal_repeats_do_not_scatter_and_of_a_single_run_it_is_not_known():
    twice = calibrate("h", [Observation("w", "h", 5.0)] * 2).observations["w"]
    assert twice.repeat_std_fraction == 0.0
    once = calibrate("h", [Observation("w", "h", 5.0)]).observations["w"]
    assert once.repeat_std_fraction is None


def test_the_batch_size_of_a_run_is_observed_and_kept_where_repeats_agree():
    run = replace(make_run(), workload=Workload("a", batch_size=8))
    seen = observe(run)
    assert seen.batch_size == 8
    assert observe(make_run()).batch_size is None
    same = calibrate("one", [seen, seen]).observations["a"]
    other = calibrate("one", [seen, replace(seen, batch_size=16)]).observations["a"]
    assert (same.batch_size, other.batch_size) == (8, None)


@pytest.mark.parametrize("scatter", [-0.1, float("nan"), float("inf")])
def test_repeats_cannot_scatter_by_less_than_nothing(scatter):
    with pytest.raises(ValueError, match="repeat_std_fraction of 'w' on 'h'"):
        Observation("w", "h", 1.0, n_repeats=2, repeat_std_fraction=scatter)


def test_an_observation_is_of_one_run_at_least():
    with pytest.raises(ValueError, match="n_repeats of 'w' on 'h' must be positive"):
        Observation("w", "h", 1.0, n_repeats=0)


def test_an_estimate_need_not_tell_its_sources_apart():
    assert Estimate("w", "h", 1.0, None, None, level=0.9, method="m").sources == {}


def test_a_machine_whose_runs_were_all_left_out_is_told():
    runs = [
        replace(make_run(hardware="A40"), power_limit_w=300.0),
        replace(make_run(hardware="V100"), power_limit_w=250.0),
    ]
    selection = select(runs, power_limit_w=300.0)
    assert selection.notes == ("kept one power limit per machine (A40 300 W)",)
    require_left(runs, selection, "A40", "H100")  # of an H100 there was no run
    with pytest.raises(InsufficientDataError, match="no run on V100 is left: kept one"):
        require_left(runs, selection, "A40", "V100")


def test_a_run_that_comes_again_is_taken_once_and_namesakes_stay():
    run = make_run(energy_j=10.0)
    namesake = make_run(energy_j=11.0)  # the same row of another table of that name
    assert namesake.run_id == run.run_id
    assert once([run, namesake, make_run(energy_j=10.0)]) == [run, namesake]
