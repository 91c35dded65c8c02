from pathlib import Path

import pytest

from isojoule.errors import FormatError
from isojoule.formats.zeus import read_zeus

DATA = Path(__file__).parents[1] / "data" / "zeus" / "windows.csv"
HEAD = "start_time,window_name,elapsed_time,gpu0_energy\n"


@pytest.fixture
def log(tmp_path):
    """Writes a log and reads it."""

    def read(text: str):
        path = tmp_path / "zeus.csv"
        path.write_text(text)
        (run,) = read_zeus(path)
        return run

    return read


def test_a_log_is_one_run_whose_total_is_that_of_the_windows_in_no_other():
    (run,) = read_zeus(DATA)
    assert run.gpu_energy_j == 820.0  # epoch 450 + 220 and validation 90 + 60
    assert run.energies[0].source == "measured"
    assert run.duration_s == 11.0
    assert run.started_at.isoformat() == "2026-11-21T10:11:12+00:00"
    assert run.hardware.name == "hardware of windows.csv"
    assert run.warnings == ("2 s between the windows are in no figure",)
    assert run.default_scope == "gpu"


def test_windows_keep_their_names_times_and_energies():
    (run,) = read_zeus(DATA)
    assert [(w.name, w.start_s, w.duration_s) for w in run.windows] == [
        ("epoch", 0.0, 8.0),
        ("step", 1.0, 2.0),
        ("step", 4.0, 2.0),
        ("validation", 10.0, 3.0),
    ]
    assert [w.energies[0].energy_j for w in run.windows] == [670.0, 150.5, 151.5, 150.0]


def test_windows_that_overlap_in_part_have_no_total(log):
    run = log(HEAD + "100,a,5,10\n103,b,5,10\n")
    assert run.energies[0].source == "absent"
    assert run.duration_s is None
    assert run.warnings == ("windows overlap in part, so that there is no total",)
    assert [w.energies[0].energy_j for w in run.windows] == [10.0, 10.0]


def test_zero_joules_are_not_measured(log):
    run = log(HEAD + "100,a,5,10\n105,b,0.02,0.0\n")
    assert run.gpu_energy_j is None
    (doubt,) = run.warnings
    assert "in 1 of 2 windows (first: b): shorter than a refresh" in doubt


def test_a_zero_window_inside_another_leaves_the_total(log):
    run = log(HEAD + "101,step,0.02,0\n100,epoch,5,10\n")
    assert run.gpu_energy_j == 10.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "a header and no windows: Zeus writes a line when a window ends"),
        (HEAD + "100,a,-3592.0,5\n", "line 2: elapsed_time is -3592.0: the clock"),
        (HEAD + "100,a,1,\n", "line 2: gpu0_energy is empty"),
        (HEAD + "100,a\n", "line 2 has 2 cells, the header 4; remove the line"),
        (HEAD + "1e18,a,1,5\n", "start_time is 1e.18, expected seconds since 1970"),
        (HEAD.replace("gpu0", "cpu0"), "has no columns gpu0_energy and so on"),
        ("a,b\n1,2\n", "not a table of Zeus: it has no column start_time"),
    ],
)
def test_a_damaged_log_is_told(log, text, message):
    with pytest.raises(FormatError, match=message):
        log(text)
