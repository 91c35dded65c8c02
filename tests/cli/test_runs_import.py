"""Bringing a history: what `isojoule runs import` keeps, tells and refuses."""

import json
from pathlib import Path

import pytest

from isojoule.cli import main
from isojoule.store import RunStore

DATA = Path(__file__).parents[1] / "data"
CODECARBON = str(DATA / "codecarbon" / "emissions_2.1.csv")
ZEUS = str(DATA / "zeus" / "windows.csv")


@pytest.fixture
def isojoule(capsys, tmp_path):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments: str):
        code = main([*arguments, "--store", str(tmp_path / "store")])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def kept(tmp_path):
    """Returns the runs of the store, with their samples."""

    def read():
        with RunStore.open(tmp_path / "store", create=False) as store:
            return store.runs(with_samples=True)

    return read


def test_the_runs_of_several_trackers_are_kept_with_their_doubts(isojoule, kept):
    smi = str(DATA / "nvidia_smi" / "two_gpus.csv")
    code, out, err = isojoule("runs", "import", CODECARBON, ZEUS, smi)
    assert code == 0
    assert out.endswith("4 runs imported\n")
    assert "RAM energy: CodeCarbon assumes watts" in err
    assert "(2 runs)" in err
    by_hardware = {run.hardware.name: run for run in kept()}
    assert by_hardware["hardware of windows.csv"].gpu_energy_j == 820.0
    assert len(by_hardware["2x NVIDIA A40"].samples.time_s) == 4


def test_what_is_there_already_is_not_kept_twice(isojoule, kept, tmp_path):
    copy = tmp_path / "emissions.csv"
    copy.write_text(Path(CODECARBON).read_text())
    isojoule("runs", "import", CODECARBON)
    code, out, _ = isojoule("runs", "import", CODECARBON)
    assert (code, out) == (0, "0 runs imported, 2 were there\n")
    assert len(kept()) == 2


def test_a_name_that_the_file_lacks_can_be_given(isojoule, kept):
    code, *_ = isojoule(
        "runs", "import", ZEUS, "--hardware", "2x NVIDIA A40", "--workload", "resnet50"
    )
    assert code == 0
    (run,) = kept()
    assert (run.hardware.name, run.workload.name) == ("2x NVIDIA A40", "resnet50")


def test_the_same_run_under_another_name_is_refused(isojoule, kept):
    isojoule("runs", "import", ZEUS)
    code, _, err = isojoule("runs", "import", ZEUS, "--workload", "resnet50")
    assert code == 2
    assert "is in the store already with other values (Zeus, windows.csv)" in err
    assert len(kept()) == 1


def test_one_damaged_file_keeps_them_all_out(isojoule, kept, tmp_path):
    damaged = tmp_path / "zeus.csv"
    damaged.write_text("start_time,window_name,elapsed_time,gpu0_energy\n1,a,b,3\n")
    code, out, err = isojoule("runs", "import", CODECARBON, str(damaged))
    assert (code, out) == (2, "")
    assert "line 2: elapsed_time is 'b', not a number" in err
    assert not (tmp_path / "store").exists()


def test_json_tells_counts_ids_and_doubts(isojoule, kept):
    code, out, err = isojoule("runs", "import", ZEUS, ZEUS, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "n_imported": 1,
        "n_present": 1,
        "run_ids": [run.run_id for run in kept()],
        "warnings": [{"text": "2 s between the windows are in no figure", "n_runs": 1}],
    }


def test_a_format_can_be_forced_and_an_unknown_one_is_told(isojoule):
    code, _, err = isojoule("runs", "import", ZEUS, "--from", "pyjoules")
    assert code == 2
    assert "is not a table of pyJoules: it has no column timestamp" in err
    code, _, err = isojoule("runs", "import", ZEUS, "--from", "codecarbons")
    assert code == 2
    assert "did you mean codecarbon" in err


def test_runs_go_out_in_the_columns_of_codecarbon(isojoule, tmp_path):
    isojoule("runs", "import", CODECARBON)
    out = tmp_path / "emissions.csv"
    code, text, _ = isojoule(
        "runs", "export", "--format", "codecarbon", "--out", str(out)
    )
    assert (code, text) == (0, f"2 runs written to {out}\n")
    assert out.read_text().startswith("timestamp,project_name,run_id,")
    code, _, err = isojoule(
        "runs", "export", "--format", "codecarbon", "--out", str(tmp_path / "a.json")
    )
    assert code == 2
    assert "no file ending '.json'" in err


def test_a_normalization_reads_what_a_tracker_wrote(isojoule, capsys, tmp_path):
    table = (DATA / "codecarbon" / "emissions_2.1.csv").read_text()
    path = tmp_path / "emissions.csv"
    lines = table.splitlines()
    v100 = lines[2].replace("aa11", "ff66").replace("A40", "V100")
    path.write_text("\n".join([lines[0], lines[2], v100]) + "\n")
    options = ["--from", "A40", "--to", "V100", "--method", "single-low", "--json"]
    code = main(["normalize", str(path), *options])
    assert code == 0
    document = json.loads(capsys.readouterr().out)
    assert document["source"] == "NVIDIA A40"
