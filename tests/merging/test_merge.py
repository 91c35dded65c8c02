from dataclasses import replace
from math import nan

import numpy as np
import pytest

from isojoule.errors import IncomparableError, InsufficientDataError
from isojoule.merging import merge_runs
from isojoule.records import (
    Accelerator,
    Channel,
    ComponentEnergy,
    Samples,
)
from ranked import rank_run, two_ranks, without_readings


def energy_j(run, component):
    (found,) = [e.energy_j for e in run.energies if e.component == component]
    return found


def test_every_gpu_is_added_and_the_cpu_is_there_once():
    merged = merge_runs(two_ranks())
    assert energy_j(merged, "gpu") == pytest.approx((300 + 100) * 10.0)
    assert energy_j(merged, "cpu") == pytest.approx(50 * 10.0)
    assert merged.warnings == ()
    assert merged.samples is None


def test_bounds_and_source_are_those_of_the_sum():
    ranks = two_ranks()
    found = {e.component: e for e in merge_runs(ranks).energies}
    parts = [e for run in ranks for e in run.energies if e.component == "gpu"]
    assert found["gpu"].source == "sampled"
    assert found["gpu"].energy_low_j == pytest.approx(
        sum(e.energy_low_j for e in parts)
    )
    assert found["gpu"].energy_high_j == pytest.approx(
        sum(e.energy_high_j for e in parts)
    )


def test_each_rank_is_counted_for_its_own_time():
    first = rank_run(0, {"gpu0": 300.0}, duration_s=10.0)
    second = rank_run(1, {"gpu1": 100.0}, at_s=0.5, duration_s=9.8)
    merged = merge_runs([second, first])
    assert energy_j(merged, "gpu") == pytest.approx(300 * 10.0 + 100 * 9.8)
    assert merged.duration_s == pytest.approx(10.3)
    assert (merged.started_at, merged.start_s) == (first.started_at, 0.0)


def test_idle_before_the_run_is_not_in_its_energy():
    ranks = two_ranks(idle_s=5.0, windows=[("idle before", None, 0.0, 5.0)])
    merged = merge_runs(ranks)
    assert energy_j(merged, "gpu") == pytest.approx(4000.0)
    assert (merged.start_s, merged.duration_s) == (5.0, 10.0)
    (idle,) = merged.windows
    assert idle.energies[1].energy_j == pytest.approx(400 * 5.0)


# ---- devices that several ranks measured ----


def test_a_gpu_that_ranks_share_is_counted_once_for_the_longest_time():
    ranks = [
        rank_run(0, {"gpu0": 300.0, "cpu0": 50.0}, uuids=["GPU-0"]),
        rank_run(1, {"gpu0": 300.0}, uuids=["GPU-0"], at_s=-0.2, duration_s=10.4),
    ]
    merged = merge_runs(ranks)
    assert energy_j(merged, "gpu") == pytest.approx(300 * 10.4)
    assert merged.warnings == ("gpu0 of a measured by ranks 0, 1: counted once",)
    assert merged.hardware.name == "A40"
    assert len(merged.hardware.accelerators) == 1


def test_gpus_that_have_one_name_in_their_containers_are_told_apart_by_uuid():
    ranks = [
        rank_run(0, {"gpu0": 300.0}, uuids=["GPU-0"]),
        rank_run(1, {"gpu0": 100.0}, uuids=["GPU-1"]),
    ]
    merged = merge_runs(ranks)
    assert energy_j(merged, "gpu") == pytest.approx(4000.0)
    assert merged.warnings == ()


def test_a_gpu_is_one_though_its_containers_have_names_of_their_own():
    ranks = [
        rank_run(0, {"gpu0": 300.0}, uuids=["GPU-0"], host="pod-0"),
        rank_run(1, {"gpu0": 300.0}, uuids=["GPU-0"], host="pod-1"),
    ]
    merged = merge_runs(ranks)
    assert energy_j(merged, "gpu") == pytest.approx(3000.0)
    assert "gpu0 of pod-0 measured by ranks 0, 1: counted once" in merged.warnings


def test_uuids_follow_the_devices_though_channels_are_sorted_by_quantity():
    run = rank_run(0, {"gpu1": 100.0, "gpu0": 300.0}, uuids=["GPU-1", "GPU-0"])
    # The second GPU has a counter, which sensors read first.
    counter = Channel("gpu0_energy_j", "gpu", "energy_j", "gpu0")
    samples = Samples(
        (counter, *run.samples.channels),
        run.samples.time_s,
        np.vstack([run.samples.time_s * 200.0, run.samples.values]),
    )
    other = rank_run(1, {"gpu1": 100.0}, uuids=["GPU-1"], duration_s=10.2)
    merged = merge_runs([replace(run, samples=samples), other])
    assert merged.warnings == ("gpu1 of a measured by ranks 0, 1: counted once",)
    assert energy_j(merged, "gpu") == pytest.approx(200 * 10.0 + 100 * 10.2)


def test_devices_without_uuids_are_one_if_host_and_name_are():
    shared = [rank_run(i, {"gpu0": 300.0, "cpu0": 50.0}) for i in range(2)]
    merged = merge_runs(shared)
    assert energy_j(merged, "gpu") == pytest.approx(3000.0)
    assert energy_j(merged, "cpu") == pytest.approx(500.0)
    assert merged.warnings == ("cpu0, gpu0 of a measured by ranks 0, 1: counted once",)


def test_a_shared_device_is_taken_from_a_rank_that_knows_its_energy():
    ranks = [
        rank_run(0, {"gpu0": None}, duration_s=12.0, uuids=["GPU-0"]),
        rank_run(1, {"gpu0": 300.0}, uuids=["GPU-0"]),
    ]
    assert energy_j(merge_runs(ranks), "gpu") == pytest.approx(3000.0)


# ---- what is not known ----


def test_a_device_without_an_energy_leaves_none_for_the_sum():
    ranks = [rank_run(0, {"gpu0": 300.0}), rank_run(1, {"gpu1": None})]
    merged = merge_runs(ranks)
    assert merged.energies == (ComponentEnergy("gpu", None, "absent"),)
    assert merged.warnings[0].startswith("rank 1: gpu energy is not known")


def test_a_component_that_one_host_did_not_measure_has_no_sum():
    ranks = [
        rank_run(0, {"gpu0": 300.0, "dram0": 20.0}, host="a", uuids=["GPU-0"]),
        rank_run(1, {"gpu0": 100.0}, host="b", uuids=["GPU-1"]),
    ]
    merged = merge_runs(ranks)
    assert energy_j(merged, "gpu") == pytest.approx(4000.0)
    assert energy_j(merged, "dram") is None
    assert merged.left_out[:2] == ("CPU", "memory")
    assert merged.warnings[0] == (
        "dram energy is not known: not measured on b; the other hosts drew 200 J"
    )


def test_a_rank_that_ended_early_is_told_of():
    ranks = [rank_run(0, {"gpu0": 300.0}, duration_s=60.0), rank_run(1, {"gpu1": 1.0})]
    (warning,) = merge_runs(ranks).warnings
    assert warning.startswith("rank 1 measured 10 s of 1 min")


def test_a_rank_of_one_reading_has_no_energy():
    short = rank_run(1, {"gpu1": 100.0}, at_s=5.0)
    one = Samples(short.samples.channels, np.array([0.0]), short.samples.values[:, :1])
    recovered = replace(
        short, samples=one, duration_s=0.0, windows=(), status="recovered"
    )
    merged = merge_runs([rank_run(0, {"gpu0": 300.0}), recovered])
    assert merged.gpu_energy_j is None
    assert merged.status == "recovered"


def test_ranks_that_measured_nothing_count_as_ranks():
    windows = [("train", 0, 1.0, 3.0)]
    ranks = [rank_run(0, {"cpu0": 50.0}, windows=windows), rank_run(1, {})]
    merged = merge_runs(ranks)
    assert energy_j(merged, "cpu") == pytest.approx(500.0)
    assert [w.energies[0].energy_j for w in merged.windows] == [pytest.approx(100.0)]
    assert merged.warnings == ()
    with pytest.raises(InsufficientDataError, match="no rank measured anything"):
        merge_runs([rank_run(0, {}), rank_run(1, {})])


def test_missing_ranks_are_in_the_record_of_a_part():
    merged = merge_runs(two_ranks(n_ranks=4), partial=True)
    assert merged.left_out[:2] == ("rank 2", "rank 3")
    assert merged.warnings[0].startswith("without ranks 2, 3")
    assert merged.tags["world_size"] == "4"


def test_an_unknown_number_of_ranks_is_told_of():
    ranks = [
        replace(run, tags={k: v for k, v in run.tags.items() if k != "world_size"})
        for run in two_ranks()
    ]
    (warning,) = merge_runs(ranks).warnings
    assert warning.startswith("no run tells how many ranks there were")


def test_a_modelled_part_makes_the_sum_modelled():
    cpu = Channel("cpu0_power_w", "cpu", "power_w", "cpu0", provenance="modelled")
    first, second = (
        rank_run(i, {"cpu0": 50.0}, host=host) for i, host in enumerate("ab")
    )
    assumed = Samples((cpu,), second.samples.time_s, second.samples.values)
    merged = merge_runs([first, replace(second, samples=assumed)])
    (energy,) = merged.energies
    assert energy.energy_j == pytest.approx(50 * 10.0 + 50 * 10.0)
    assert (energy.source, energy.energy_low_j) == ("modelled", None)


# ---- windows ----


def test_windows_are_matched_by_name_phase_epoch_and_occurrence():
    first = [("train", 0, 0.0, 1.0), ("train", 0, 2.0, 4.0), ("train", 1, 5.0, 6.0)]
    second = [("train", 0, 0.1, 1.1), ("train", 0, 2.5, 3.5), ("train", 1, 5.0, 6.5)]
    ranks = [
        rank_run(0, {"gpu0": 300.0}, windows=first),
        rank_run(1, {"gpu1": 100.0}, windows=second, at_s=0.5),
    ]
    merged = merge_runs(ranks)
    assert [(w.name, w.phase, w.epoch) for w in merged.windows] == [
        ("train", "train", 0),
        ("train", "train", 0),
        ("train", "train", 1),
    ]
    assert [(w.start_s, w.end_s) for w in merged.windows] == [
        (0.0, 1.6),
        (2.0, 4.0),
        (5.0, 7.0),
    ]
    assert [w.energies[0].energy_j for w in merged.windows] == pytest.approx(
        [300 * 1.0 + 100 * 1.0, 300 * 2.0 + 100 * 1.0, 300 * 1.0 + 100 * 1.5]
    )


def test_windows_that_only_one_rank_cut_are_left_out_and_counted():
    train = ("train", 0, 0.0, 5.0)
    logged = [("log", e, 5.0 + 2 * e, 7.0 + 2 * e) for e in range(2)]
    ranks = [
        rank_run(0, {"gpu0": 300.0}, windows=[train, *logged]),
        rank_run(1, {"gpu1": 100.0}, windows=[train]),
    ]
    merged = merge_runs(ranks)
    assert [w.name for w in merged.windows] == ["train"]
    assert merged.warnings == (
        "windows that not all measuring ranks have are left out: 2 'log'",
    )


def test_windows_need_not_be_cut_by_a_rank_whose_devices_others_have():
    windows = [("train", 0, 0.0, 5.0)]
    ranks = [
        rank_run(0, {"gpu0": 300.0}, windows=windows),
        rank_run(1, {"gpu0": 300.0}, duration_s=9.0),
    ]
    (window,) = merge_runs(ranks).windows
    assert window.energies[0].energy_j == pytest.approx(1500.0)


# ---- runs without readings ----


def test_runs_without_readings_are_added_where_each_has_a_host():
    ranks = [
        rank_run(i, {"gpu0": 300.0, "cpu0": 50.0}, host=host, windows=[("t", 0, 0, 2)])
        for i, host in enumerate("ab")
    ]
    merged = merge_runs([without_readings(run) for run in ranks])
    assert energy_j(merged, "gpu") == pytest.approx(6000.0)
    assert energy_j(merged, "cpu") == pytest.approx(1000.0)
    assert energy_j(merged.windows[0], "gpu") == pytest.approx(1200.0)


def test_runs_without_readings_are_added_on_one_host_where_uuids_differ():
    merged = merge_runs([without_readings(run) for run in two_ranks()])
    assert energy_j(merged, "gpu") == pytest.approx(4000.0)
    assert energy_j(merged, "cpu") == pytest.approx(500.0)
    first, second = two_ranks()
    assert merge_runs([without_readings(first), second]).energies == merged.energies


@pytest.mark.parametrize(
    ("devices", "uuids", "told"),
    [
        ({"gpu0": 1.0}, ["GPU-0"], "its gpu energy may be of devices that rank 1 on a"),
        ({"gpu0": 1.0}, [], "its gpu energy may be"),
        ({"gpu1": 1.0, "cpu0": 1.0}, ["GPU-1"], "its cpu energy may be"),
    ],
)
@pytest.mark.parametrize("keeps", [False, True])
def test_runs_without_readings_that_may_share_devices_are_refused(
    devices, uuids, told, keeps
):
    first = rank_run(0, {"gpu0": 300.0, "cpu0": 50.0}, uuids=["GPU-0"])
    second = rank_run(1, devices, uuids=uuids)
    ranks = [without_readings(first), second if keeps else without_readings(second)]
    with pytest.raises(IncomparableError, match=told):
        merge_runs(ranks)


# ---- what the run is of ----


def test_the_hardware_is_that_of_all_ranks():
    ranks = [
        rank_run(0, {"gpu0": 1.0, "gpu1": 1.0}, uuids=["GPU-0", "GPU-1"], host="a"),
        rank_run(1, {"gpu0": 1.0}, uuids=["GPU-2"], host="b"),
    ]
    hardware = merge_runs(ranks).hardware
    assert hardware.name == "3x A40"
    assert [a.uuid for a in hardware.accelerators] == ["GPU-0", "GPU-1", "GPU-2"]
    assert (hardware.host, hardware.cpu_name) == ("a, b", "EPYC")
    assert (hardware.n_cpus, hardware.memory_bytes) == (16, 128)
    assert hardware.software == {"python": "3.11"}


def test_what_a_host_has_is_counted_once_for_all_its_ranks():
    hardware = merge_runs(two_ranks()).hardware
    assert hardware.name == "2x A40"
    assert (hardware.host, hardware.n_cpus, hardware.memory_bytes) == ("a", 8, 64)


def test_hosts_without_accelerators_are_named_by_their_cpus():
    ranks = [rank_run(i, {"cpu0": 1.0}, host=host) for i, host in enumerate("ab")]
    assert merge_runs(ranks).hardware.name == "2x EPYC"
    one = [rank_run(0, {"cpu0": 1.0}), rank_run(1, {})]
    assert merge_runs(one).hardware.name == "EPYC"


def test_a_name_that_the_user_gave_stays():
    ranks = [
        replace(run, hardware=replace(run.hardware, name="our node"))
        for run in two_ranks()
    ]
    assert merge_runs(ranks).hardware.name == "our node"


def test_accelerators_without_uuid_are_told_apart_by_their_device():
    ranks = two_ranks()
    boards = (Accelerator("A40", "nvidia"),)
    ranks = [
        replace(run, hardware=replace(run.hardware, accelerators=boards))
        for run in ranks
    ]
    assert merge_runs(ranks).hardware.name == "2x A40"


def test_the_worst_status_and_exit_code_are_those_of_the_job():
    first, second = two_ranks()
    first = replace(first, exit_code=0, command=("python", "train.py"))
    second = replace(second, exit_code=-9, command=("python", "train.py"))
    merged = merge_runs([first, replace(second, status="failed")])
    assert (merged.status, merged.exit_code) == ("failed", -9)
    assert merged.command == ("python", "train.py")
    assert merge_runs([first, replace(second, command=())]).command == ()


def test_utilization_is_the_mean_over_devices_weighted_by_time():
    def busy(run, fraction):
        channel = Channel("gpu_u", "gpu", "utilization_fraction", "gpu0")
        device = run.samples.channels[0].device
        samples = Samples(
            (*run.samples.channels, replace(channel, device=device)),
            run.samples.time_s,
            np.vstack([run.samples.values, np.full_like(run.samples.time_s, fraction)]),
        )
        return replace(run, samples=samples)

    ranks = [
        busy(rank_run(0, {"gpu0": 300.0}, duration_s=30.0), 1.0),
        busy(rank_run(1, {"gpu1": 100.0}, duration_s=10.0), 0.2),
    ]
    merged = merge_runs(ranks)
    assert merged.gpu_utilization_fraction == pytest.approx((1.0 * 30 + 0.2 * 10) / 40)
    assert merge_runs(two_ranks()).gpu_utilization_fraction is None


def test_a_merged_run_tells_what_it_is_of():
    ranks = [
        replace(run, tags={**run.tags, "lab": "x", "seed": str(i), "node": "n"})
        for i, run in enumerate(two_ranks())
    ]
    merged = merge_runs(ranks)
    assert merged.tags == {
        "job": "7",
        "world_size": "2",
        "lab": "x",
        "node": "n",
        "merged": "rank0-a-0, rank1-a-0",
    }
    assert merged.workload == ranks[0].workload
    assert merged.origin == "ranks: replay"
    assert merged.power_limit_w == 300.0


def test_merging_again_gives_the_same_run_and_other_ranks_another():
    ranks = two_ranks(n_ranks=3)
    third = rank_run(2, {"gpu2": 1.0}, n_ranks=3)
    part = merge_runs(ranks, partial=True)
    assert merge_runs(ranks[::-1], partial=True) == part
    whole = merge_runs([*ranks, third])
    assert whole.run_id != part.run_id
    assert whole.run_id.startswith("20261121T120000000-")


def test_readings_that_fail_at_first_do_not_cost_the_energy():
    ranks = two_ranks()
    values = ranks[0].samples.values.copy()
    values[:, 0] = nan
    samples = replace(ranks[0].samples, values=values)
    merged = merge_runs([replace(ranks[0], samples=samples), ranks[1]])
    assert energy_j(merged, "gpu") == pytest.approx(4000.0)
