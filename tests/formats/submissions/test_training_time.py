import csv

import pytest

from isojoule.formats.submissions.training_time import read_training_time

HOUR_S = 3600.0


@pytest.mark.parametrize(
    ("text", "duration_s", "n_devices", "device"),
    [
        ("18h (2 GTX 3090)", 64_800.0, 2, "GTX 3090"),
        ("18h (1 Tesla P100 )", 64_800.0, 1, "Tesla P100"),
        ("16.9h (4 A100 GPUs)", 60_840.0, 4, "A100"),
        (
            "10h 52m 16s(1 NVIDIA A100-SXM4-80GB)",
            39_136.0,
            1,
            "NVIDIA A100-SXM4-80GB",
        ),
        ("20min (1 GTX 3080 Ti)", 1200.0, 1, "GTX 3080 Ti"),
        ("3h (A100 40Gb)", 10_800.0, None, "A100 40Gb"),
        ("24 h", 86_400.0, None, None),
        ("1d 7h (1 Tesla V100)", 31 * HOUR_S, 1, "Tesla V100"),
        ("20h (4 Telsa A100)", 72_000.0, 4, "Telsa A100"),
        ("74h (5 RTX 2080ti)", 266_400.0, 5, "RTX 2080ti"),
        ("30h (1 RTX3060)", 108_000.0, 1, "RTX3060"),
        ("15h (NVIDIA A100-PCIE-40GB)", 54_000.0, None, "NVIDIA A100-PCIE-40GB"),
        ("1 day, 2 hours (8 A100, 80GB)", 26 * HOUR_S, 8, "A100, 80GB"),
        ("18h, 8x A100", 64_800.0, 8, "A100"),
        ("3h on 2 V100 GPUs", 10_800.0, 2, "V100"),
        ("2:30:00 (1 A100)", 9000.0, 1, "A100"),
        ("4,5 h (1 A100)", 16_200.0, 1, "A100"),
        ("1h and 20 min", 4800.0, None, None),
        ("2d (10 A100)", 172_800.0, 10, "A100"),
        ("3h (4 GPUs)", 10_800.0, 4, None),
        ("3h (980 Ti)", 10_800.0, None, "980 Ti"),
        ("5h (1 node, 8 A100)", 18_000.0, None, "1 node, 8 A100"),
    ],
)
def test_duration_and_devices_are_told_apart(text, duration_s, n_devices, device):
    time = read_training_time(text)
    assert time.duration_s == pytest.approx(duration_s)
    assert (time.n_devices, time.device) == (n_devices, device)
    assert time.problem == ""


def test_repeated_trainings_add_up_on_the_stated_devices():
    time = read_training_time("1d 7h * 20 (1 Tesla V100)")
    assert time.duration_s == 620 * HOUR_S
    assert (time.n_devices, time.device) == (1, "Tesla V100")
    assert "20 trainings" in time.problem


def test_repeated_trainings_without_a_count_of_devices_do_not_make_one_up():
    time = read_training_time("10h * 6 (3060ti)")
    assert time.duration_s == 60 * HOUR_S
    assert (time.n_devices, time.device) == (None, "3060ti")


def test_trainings_on_different_devices_have_no_one_duration():
    time = read_training_time("53h (1 RTX A4000) + 30 h (3 RTX 2080 Ti)")
    assert (time.duration_s, time.n_devices, time.device) == (None, None, None)
    assert "several trainings" in time.problem


def test_a_device_without_a_duration_is_read():
    time = read_training_time("(1 NVIDIA A100-SXM4-80GB)")
    assert (time.duration_s, time.n_devices) == (None, 1)
    assert time.device == "NVIDIA A100-SXM4-80GB"
    assert "no duration" in time.problem


@pytest.mark.parametrize(
    "text",
    [
        "24",
        "about 3h",
        "~18h",
        "1:30",
        "3h per fold",
        "3h (5 folds)",
        "10h 10h",
        "7h 1d",
        "0 h",
        "3 fortnights",
        "a while",
        "3h 2 V100",
        "-3h",
        ">2d",
    ],
)
def test_a_duration_that_is_not_certain_is_not_read(text):
    time = read_training_time(text)
    assert time.duration_s is None
    assert "not read" in time.problem


def test_the_step_is_that_of_the_smallest_unit():
    assert read_training_time("18h").step_s == 3600.0
    assert read_training_time("16.9h").step_s == pytest.approx(360.0)
    assert read_training_time("10h 52m 16s").step_s == 1.0


def test_all_published_texts_are_read_but_those_that_cannot_be(dcase_folder):
    texts = set()
    for year in ("2022", "2023"):
        with (dcase_folder / f"{year}.csv").open(encoding="utf-8", newline="") as file:
            texts |= {r["training_time_hardware_raw"] for r in csv.DictReader(file)}
    times = {text: read_training_time(text) for text in texts}
    assert len(times) == 108
    assert sorted(t for t, time in times.items() if time.duration_s is None) == [
        "(1 NVIDIA A100-SXM4-80GB)",
        "186 h (1 RTX A4000) + 35 h (3 RTX 2080 Ti)",
        "53h (1 RTX A4000) + 30 h (3 RTX 2080 Ti)",
    ]
    without_count = {t for t, time in times.items() if time.n_devices is None}
    assert without_count == {
        "10h * 6 (3060ti)",
        "15h (NVIDIA A100-PCIE-40GB)",
        "186 h (1 RTX A4000) + 35 h (3 RTX 2080 Ti)",
        "18h (nvidia A100)",
        "24 h",
        "3 h",
        "3h (A100 40Gb)",
        "53h (1 RTX A4000) + 30 h (3 RTX 2080 Ti)",
        "87h (NVIDIA A100-PCIE-40GB)",
        "92h (NVIDIA A100-PCIE-40GB)",
        "98h (NVIDIA A100-PCIE-40GB)",
    }


@pytest.mark.parametrize(
    "text", ["1hand" * 39 + "!", "1h," * 66 + "x", "(" * 200, "1 " * 100, "x" * 10**6]
)
def test_hostile_texts_take_no_time(text):
    assert read_training_time(text).duration_s is None
