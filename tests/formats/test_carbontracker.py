from pathlib import Path

import pytest

from isojoule.errors import FormatError
from isojoule.formats.carbontracker import is_carbontracker, read_carbontracker

DATA = Path(__file__).parents[1] / "data" / "carbontracker"
OUTPUT = (DATA / "2.4.7_carbontracker_output.log").read_text()


def measured_log(*messages: str) -> str:
    head = ("carbontracker version 2.4.7", *messages)
    return "".join(f"2026-06-05 12:00:00 - {message}\n" for message in head)


def found(devices: str) -> str:
    return f"The following components were found: {devices}"


@pytest.fixture
def log(tmp_path):
    """Writes a log and reads it."""

    def read(text: str, name: str = "1_carbontracker.log"):
        path = tmp_path / name
        path.write_text(text)
        return read_carbontracker(path)

    return read


def test_version_1_lists_devices_and_their_powers_are_added():
    (run,) = read_carbontracker(DATA / "1.1.6_carbontracker.log")
    assert run.gpu_energy_j == pytest.approx(300.0 * 100 + 300.0 * 90)
    assert run.energies[0].source == "sampled"
    assert run.duration_s == 190.0
    assert run.hardware.name == "2x NVIDIA TITAN RTX"
    assert [(w.epoch, w.start_s, w.end_s) for w in run.windows] == [
        (0, 0.0, 100.0),
        (1, 100.0, 190.0),
    ]
    assert run.windows[0].energies[1].energy_j == pytest.approx(8000.0)
    assert run.tags == {
        "started_at_local": "2022-11-14T15:40:00",
        "carbontracker_version": "1.1.6",
        "carbontracker_pue": "1.59",
    }


def test_an_epoch_without_power_leaves_the_total_unknown():
    (run,) = read_carbontracker(DATA / "1.1.6_carbontracker.log")
    assert run.cpu_energy_j is None
    assert any("cpu energy is not known" in w for w in run.warnings)
    assert any("RAPL counter started again" in w for w in run.warnings)


def test_version_2_writes_the_mean_of_devices_which_is_multiplied_out():
    (run,) = read_carbontracker(DATA / "2.4.7_carbontracker.log")
    assert run.gpu_energy_j == pytest.approx(2 * (200 * 10.5 + 220 * 9.5))
    assert "gpu power is multiplied by 2" in run.warnings[0]
    assert run.status == "complete"


def test_a_cpu_that_is_not_read_is_modelled():
    (run,) = read_carbontracker(DATA / "2.4.7_carbontracker.log")
    assert run.energies[1].source == "modelled"
    assert run.cpu_energy_j == pytest.approx(112.5 * 20)
    assert run.hardware.cpu_name == "AMD EPYC 7543 32-Core Processor"


def test_beside_the_measurements_an_output_log_is_not_read():
    (run,) = read_carbontracker(DATA / "2.4.7_carbontracker_output.log")
    assert [run] == read_carbontracker(DATA / "2.4.7_carbontracker.log")


def test_a_printed_total_holds_a_pue_and_is_declared(log):
    (run,) = log(OUTPUT, "1_carbontracker_output.log")
    (energy,) = run.energies
    assert (energy.component, energy.source) == ("unstated", "declared")
    assert energy.energy_j == pytest.approx(0.002775 * 3.6e6)
    assert run.duration_s == 20.0
    assert run.default_scope is None
    assert "holds a PUE" in run.warnings[0]


def test_a_prediction_is_a_tag_and_never_an_energy(log):
    only_predicted = OUTPUT.partition("2026-06-05 12:00:23")[0]
    (run,) = log(only_predicted, "1_carbontracker_output.log")
    assert run.energies[0].source == "absent"
    assert run.tags["predicted_energy_j"] == "518400"  # 0.144 kWh
    assert run.tags["predicted_n_epochs"] == "100"
    assert "no total above 0 was printed" in run.warnings[0]


def test_memory_that_rapl_counts_is_part_of_the_cpu(log):
    (run,) = log(
        measured_log(
            found("CPU with device(s) cpu:0, dram:0."),
            "Epoch 1:",
            "Duration: 0:00:10.00",
            "Average power usage (W) for cpu: 30.0",
            "Monitoring thread ended.",
        )
    )
    assert run.cpu_energy_j == pytest.approx(2 * 30 * 10)
    assert run.energies[0].source == "sampled"
    assert any("contains the memory" in w for w in run.warnings)
    assert run.hardware.name == "hardware of 1_carbontracker.log"


def test_apple_powers_are_sums_already(log):
    (run,) = log(
        measured_log(
            found("GPU with device(s) GPU, ANE. CPU with device(s) CPU."),
            "Epoch 1:",
            "Duration: 0:00:10.00",
            "Average power usage (W) for gpu: 5.0",
            "Average power usage (W) for cpu: 3.0",
            "Monitoring thread ended.",
        )
    )
    assert (run.gpu_energy_j, run.cpu_energy_j) == (50.0, 30.0)
    assert run.warnings == ()


def test_a_cpu_name_with_dots_stays_whole(log):
    name = "Intel(R) Core(TM) i7-8550U CPU @ 1.80GHz"
    (run,) = log(
        measured_log(
            found(f"CPU with device(s) {name}."),
            "Epoch 1:",
            "Duration: 0:00:10.00",
            "Average power usage (W) for cpu: 0.0",
            "Monitoring thread ended.",
        )
    )
    assert run.hardware.name == name
    assert run.cpu_energy_j is None  # 0 W is what it writes where it could not read


def test_a_killed_job_keeps_its_finished_epochs(log):
    text = (DATA / "2.4.7_carbontracker.log").read_text()
    cut = text.partition("2026-06-05 12:00:23 - Average power usage (W) for cpu")[0]
    (run,) = log(cut)
    assert run.status == "interrupted"
    assert len(run.windows) == 1
    assert "epoch 2 is cut off and left out" in run.warnings
    assert any("the log has no end" in w for w in run.warnings)


def test_two_trackers_of_one_process_are_two_runs(log):
    text = (DATA / "2.4.7_carbontracker.log").read_text()
    first, second = log(text + text.replace("12:00", "13:00"))
    assert first.gpu_energy_j == second.gpu_energy_j
    assert second.run_id.startswith("20260605T130000-")


def test_an_end_before_all_epochs_is_told(log):
    text = (DATA / "2.4.7_carbontracker.log").read_text()
    early = "2026-06-05 12:00:23 - Training was interrupted before all 9 epochs"
    (run,) = log(text + f"{early} were monitored.\n")
    assert "stopped before all epochs" in run.warnings[-1]
    assert run.status == "complete"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("hello\n", "first line does not begin with a date"),
        (measured_log(found("GPU with device(s) A40.")), "has no finished epoch"),
        (
            measured_log("Epoch 1:", "Duration: -0:59:50.00"),
            "line 3: an epoch lasts -3",
        ),
        (measured_log("Duration: 0:00:01.00"), "stands before the first epoch"),
        (measured_log("Epoch 1:", "Duration: 0:00:01.00"), "which components were"),
        (
            measured_log(found("GPU with device(s) A40."), "Epoch 1:", "Epoch 2:"),
            "line 1: epoch 1 has no duration",
        ),
        (
            measured_log(
                found("GPU with device(s) A40."),
                "Epoch 1:",
                "Duration: 0:00:01.00",
                "Average power usage (W) for gpu: lots",
            ),
            "line 5: the power 'lots' is not a number",
        ),
        (OUTPUT.partition("\n")[0], "neither an actual nor a predicted consumption"),
    ],
)
def test_a_damaged_log_is_told(log, text, message):
    with pytest.raises(FormatError, match=message):
        log(text)


def test_the_log_of_errors_is_none_of_the_two():
    assert not is_carbontracker("2026-06-05 12:00:00,937 - MainThread - WARNING - No")
