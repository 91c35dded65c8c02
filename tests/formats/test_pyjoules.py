from pathlib import Path

import pytest

from isojoule.errors import FormatError
from isojoule.formats.pyjoules import read_pyjoules

DATA = Path(__file__).parents[1] / "data" / "pyjoules" / "samples.csv"
HEAD = "timestamp;tag;duration;package_0\n"


@pytest.fixture
def table(tmp_path):
    """Writes a table and reads it."""

    def read(text: str):
        path = tmp_path / "result.csv"
        path.write_text(text)
        (run,) = read_pyjoules(path)
        return run

    return read


def test_microjoules_of_rapl_and_millijoules_of_gpus_become_joules():
    (run,) = read_pyjoules(DATA)
    assert run.cpu_energy_j == pytest.approx(440.0)  # two packages, two samples
    assert run.dram_energy_j == pytest.approx(24.0)
    assert run.gpu_energy_j == pytest.approx(1200.0)
    assert {e.source for e in run.energies} == {"counter"}
    assert run.duration_s == 6.0
    assert run.started_at.isoformat() == "2026-11-21T10:11:12+00:00"
    assert run.warnings == ()


def test_core_and_uncore_are_not_added_to_the_package():
    (run,) = read_pyjoules(DATA)
    forward, backward = run.windows
    assert (forward.name, backward.name) == ("forward", "backward")
    assert [e.energy_j for e in forward.energies] == [
        pytest.approx(300.0),
        pytest.approx(150.0),
        pytest.approx(8.0),
    ]


def test_a_counter_that_started_again_is_not_measured(table):
    run = table(HEAD + "100;a;1;5000000\n101;b;1;-262000000000\n")
    assert run.cpu_energy_j is None
    assert "cpu energy is not positive" in run.warnings[0]
    assert run.windows[0].energies[0].energy_j == pytest.approx(5.0)


def test_a_sample_without_a_tag_has_a_name(table):
    assert table(HEAD + "100;;1;5000000\n").windows[0].name == "sample"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "a header and no windows"),
        (HEAD.replace("package_0", "psys_0"), "has the domains psys_0; known are"),
        ("timestamp;tag;duration;\n", "has the domains none"),
        (HEAD + "100;a;1;\n", "line 2: package_0 is empty"),
    ],
)
def test_a_damaged_table_is_told(table, text, message):
    with pytest.raises(FormatError, match=message):
        table(text)
