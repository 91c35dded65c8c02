from pathlib import Path

import numpy as np
import pytest

from isojoule.errors import FormatError
from isojoule.formats.nvidia_smi import is_nvidia_smi, read_nvidia_smi
from isojoule.observations import observe

DATA = Path(__file__).parents[1] / "data" / "nvidia_smi"
HEAD = "timestamp, index, power.draw [W]"


def stamped(*seconds_and_rest: tuple[float, str]) -> list[str]:
    """Return lines at these seconds after 10:00 of one day."""
    lines = []
    for seconds, rest in seconds_and_rest:
        minutes, second = divmod(seconds, 60)
        lines.append(f"2026/11/21 10:{minutes:02.0f}:{second:06.3f}, {rest}")
    return lines


@pytest.fixture
def logs(tmp_path):
    """Writes lines to a log and reads its runs."""

    def read(*lines: str, end: str = "\n"):
        path = tmp_path / "power.csv"
        path.write_text("\n".join(lines) + end)
        return read_nvidia_smi(path)

    return read


@pytest.fixture
def log(logs):
    """Writes lines to a log and reads its only run."""

    def read(*lines: str, end: str = "\n"):
        (run,) = logs(*lines, end=end)
        return run

    return read


def test_the_energies_of_interleaved_gpus_are_added_by_trapezoids():
    (run,) = read_nvidia_smi(DATA / "two_gpus.csv")
    # GPU 0: 200 + 500 J across its missing reading; GPU 1: 50 + 55 + 60 J
    assert run.gpu_energy_j == pytest.approx(865.0)
    assert run.energies[0].source == "sampled"
    assert run.duration_s == 3.0
    assert run.warnings == ()
    assert observe(run).scope == "gpu"


def test_the_board_the_driver_and_the_limit_are_kept():
    (run,) = read_nvidia_smi(DATA / "two_gpus.csv")
    assert run.hardware.name == "2x NVIDIA A40"
    assert run.hardware.software == {"nvidia_driver": "550.90.07"}
    board, _ = run.hardware.accelerators
    assert board.uuid == "GPU-00000000-0000-0000-0000-0000000000a0"
    assert board.memory_bytes == 46068 * 2**20
    assert (board.power_limit_w, run.power_limit_w) == (300.0, 300.0)
    assert run.started_at is None
    assert run.tags == {"started_at_local": "2026-11-21T10:11:12"}
    assert run.run_id.startswith("20261121T101112-")


def test_readings_are_kept_by_channel_in_si_units():
    (run,) = read_nvidia_smi(DATA / "two_gpus.csv")
    samples = run.samples
    np.testing.assert_array_equal(samples.time_s, [0, 1, 2, 3])

    def series(name):
        return list(samples.series(name))

    assert series("gpu1_power_w") == [50, 50, 60, 60]
    np.testing.assert_array_equal(
        samples.series("gpu0_utilization_fraction"), [0, 1, np.nan, 0.5]
    )
    assert series("gpu0_memory_utilization_fraction")[1] == 0.5
    assert series("gpu0_memory_bytes")[:2] == [2**30, 2**31]
    assert series("gpu1_temperature_c") == [30, 30, 30, 30]
    assert series("gpu1_sm_clock_hz")[0] == 210e6
    assert series("gpu0_throttle_bits")[:2] == [1, 4]
    names = {channel.name for channel in samples.channels}
    assert "gpu0_memory_temperature_c" not in names  # N/A throughout
    assert samples.channels[0].device == "gpu0"
    assert samples.channels[0].origin == "nvidia-smi power.draw"


def test_utilization_is_the_mean_over_time_and_gpus():
    (run,) = read_nvidia_smi(DATA / "two_gpus.csv")
    assert run.gpu_utilization_fraction == pytest.approx((0.5 + 1.5) / 3 / 2)


def test_columns_in_another_order_and_no_units_are_read_alike():
    (run,) = read_nvidia_smi(DATA / "nounits.csv")
    assert run.gpu_energy_j == 300.0
    assert run.gpu_utilization_fraction == 0.5
    assert run.hardware.name == "Tesla V100-SXM2-16GB"
    assert [c.name for c in run.samples.channels] == [
        "gpu0_power_w",
        "gpu0_utilization_fraction",
    ]


def test_of_several_powers_the_instant_one_is_integrated(log):
    run = log(
        "timestamp, power.draw.average [W], power.draw.instant [W], power.draw [W]",
        *stamped((0, "10 W, 100 W, 11 W"), (2, "10 W, 300 W, 11 W")),
    )
    assert run.gpu_energy_j == 400.0
    assert list(run.samples.series("gpu0_average_power_w")) == [11, 11]


def test_an_instant_power_that_is_not_supported_gives_way(log):
    run = log(
        "timestamp, power.draw.instant [W], power.draw.average [W]",
        *stamped((0, "[N/A], 10 W"), (2, "[N/A], 30 W")),
    )
    assert run.gpu_energy_j == 40.0
    assert run.samples.channels[0].averaging_s == 1.0


def test_gpus_are_numbered_as_the_log_does_or_by_appearance(log):
    lines = stamped((0, "7, 10 W"), (0, "3, 20 W"), (1, "7, 10 W"), (1, "3, 20 W"))
    run = log(HEAD, *lines)
    assert [c.device for c in run.samples.channels] == ["gpu7", "gpu3"]
    assert run.hardware.name == "hardware of power.csv"
    run = log(HEAD.replace("index", "uuid"), *lines)
    assert [c.device for c in run.samples.channels] == ["gpu0", "gpu1"]


def test_a_gap_is_told_with_its_place_length_and_energy(log):
    lines = stamped(*((s, "0, 100 W") for s in (0, 1, 2, 3, 63, 64, 65, 66)))
    run = log(HEAD, *lines)
    assert run.gpu_energy_j == pytest.approx(6600.0)
    (doubt,) = run.warnings
    assert doubt == (
        "no power of gpu0 for 1 min 0 s from 2026-11-21 10:00:03 on: 6 kJ (90.9% of "
        "the energy) bridged by a straight line"
    )


def test_of_many_gaps_the_longest_are_told_and_the_rest_added_up(log):
    seconds = [0, 1, 2, 3, 4, 5, 10, 11, 12, 18, 19, 20, 27, 28, 29, 37, 38, 39]
    run = log(HEAD, *stamped(*((s, "0, 100 W") for s in seconds)))
    assert len(run.warnings) == 4
    assert [w.split(" on:")[0][-8:] for w in run.warnings[:3]] == [
        "10:00:12",
        "10:00:20",
        "10:00:29",
    ]
    assert run.warnings[3].startswith("1 shorter gaps: 500 J")


def test_a_gpu_without_power_leaves_the_sum_unknown(log):
    run = log(
        HEAD,
        *stamped((0, "0, 10 W"), (0, "1, [N/A]"), (1, "0, 10 W"), (1, "1, [N/A]")),
    )
    assert run.energies[0].source == "absent"
    assert "gpu1 has fewer than two power readings" in run.warnings[0]
    assert list(run.samples.series("gpu0_power_w")) == [10, 10]


def test_a_gpu_that_was_lost_leaves_the_sum_unknown(log):
    both = [(s, f"{i}, 10 W") for s in range(4) for i in (0, 1)]
    run = log(HEAD, *stamped(*both, *((s, "0, 10 W") for s in range(4, 20))))
    assert run.gpu_energy_j is None
    assert "power of gpu1 was read from 0 s to 3 s only, of 19 s" in run.warnings[0]
    assert list(run.samples.series("gpu0_power_w")) == [10.0] * 20


def test_a_log_of_utilization_alone_has_no_energy(log):
    run = log("timestamp, utilization.gpu [%]", *stamped((0, "10 %"), (1, "30 %")))
    assert run.energies[0].source == "absent"
    assert run.gpu_utilization_fraction == pytest.approx(0.2)


def test_a_last_line_without_a_line_break_is_left_out(log):
    run = log(HEAD, *stamped((0, "0, 10 W"), (1, "0, 10 W"), (2, "0, 1")), end="")
    assert run.gpu_energy_j == 10.0
    assert "the last line has no line break" in run.warnings[0]


def test_a_clock_set_back_splits_the_log(logs):
    lines = stamped(
        (3598, "0, 10 W"), (3599, "0, 10 W"), (0, "0, 20 W"), (1, "0, 20 W")
    )
    before, after = logs(HEAD, *lines)
    assert (before.gpu_energy_j, after.gpu_energy_j) == (10.0, 20.0)
    assert "the clock runs backwards at line 4" in after.warnings[0]
    assert after.name == "power, part 2 of 2"
    assert before.run_id != after.run_id


def test_a_clock_that_is_adjusted_does_not(log):
    run = log(HEAD, *stamped((0, "0, 10 W"), (1, "0, 10 W"), (0.99, "0, 10 W")))
    assert list(run.samples.time_s) == [0.0, 1.0, 1.0]
    assert run.gpu_energy_j == 10.0


def test_a_log_that_was_appended_to_is_several_runs(logs):
    first, second = logs(
        HEAD,
        *stamped((0, "0, 10 W"), (1, "0, 10 W")),
        "",
        "index, timestamp, power.draw [W]",
        "0, 2026/11/22 10:00:00.000, 30 W",
        "0, 2026/11/22 10:00:01.000, 30 W",
    )
    assert (first.gpu_energy_j, second.gpu_energy_j) == (10.0, 30.0)
    assert second.tags["started_at_local"] == "2026-11-22T10:00:00"


def test_a_log_from_powershell_is_read(tmp_path):
    path = tmp_path / "power.csv"
    path.write_bytes((DATA / "nounits.csv").read_text().encode("utf-16"))
    assert read_nvidia_smi(path)[0].gpu_energy_j == 300.0


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (stamped((0, "0, 10 W")), "line 1 has readings and no header .noheader."),
        (["index, power.draw [W]", "0, 10 W"], "needs timestamp and one such as power"),
        (["timestamp, pstate", "2026/11/21 10:00:00, P0"], "--query-gpu=timestamp"),
        ([HEAD], "has a header and no readings"),
        ([HEAD, "Unable to determine the device handle"], "line 2 has 1 cells"),
        ([HEAD, "yesterday, 0, 10 W"], "line 2: timestamp is 'yesterday'"),
        ([HEAD, "2026/13/21 10:00:00, 0, 10 W"], "line 2: timestamp 2026/13/21"),
        ([HEAD, *stamped((0, "0, 10 kW"))], "power.draw is '10 kW', expected W"),
        ([HEAD, *stamped((0, "0, ten W"))], "power.draw is 'ten W', not a number"),
        ([HEAD, *stamped((0, "A, 10 W"))], "line 2: index is 'A'"),
        (["timestamp, power.draw [mW]"], "power.draw is in 'mW', expected W"),
        ([HEAD, *stamped((0, "0, -10 W"))], "power.draw is .-10 W., which cannot be"),
        ([HEAD, *stamped((0, "0, nan W"))], "power.draw is .nan W., which cannot be"),
    ],
)
def test_a_log_that_cannot_be_read_is_told_with_its_line(logs, lines, message):
    with pytest.raises(FormatError, match=message):
        logs(*lines)


def test_gpus_that_nothing_tells_apart_are_told(logs):
    lines = stamped(*((s + d, "10 W") for s in range(9) for d in (0, 0.004)))
    with pytest.raises(FormatError, match="several GPUs and no column that tells them"):
        logs("timestamp, power.draw [W]", *lines)


def test_one_gpu_needs_no_index(log):
    lines = stamped(*((s, "10 W") for s in (0, 1, 2, 3, 60, 61)))
    assert log("timestamp, power.draw [W]", *lines).gpu_energy_j == 610.0


def test_a_log_without_header_is_still_known_for_what_it_is():
    assert is_nvidia_smi("2026/11/21 10:00:00.000, 10.00 W\n")
    assert not is_nvidia_smi("workload,hardware,energy_j,timestamp\n")
