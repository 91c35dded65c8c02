"""The command line as a user meets it: right input, wrong input, exit codes."""

import json
import pathlib
import subprocess
import sys

import pytest

from builders import make_run
from isojoule.cli import main
from isojoule.store import RunStore

TABLE = """workload_id,hardware,energy_j,phase,scope,provenance
mlp,NVIDIA A40,10,train,gpu,measured
cnn,NVIDIA A40,20,train,gpu,measured
rnn,NVIDIA A40,40,train,gpu,measured
new,NVIDIA A40,30,train,gpu,measured
mlp,NVIDIA V100,30,train,gpu,measured
cnn,NVIDIA V100,20,train,gpu,measured
rnn,NVIDIA V100,60,train,gpu,measured
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    return str(path)


@pytest.fixture
def store(tmp_path):
    root = tmp_path / "store"
    with RunStore.open(root) as opened:
        opened.add(make_run("first"))
        opened.add(make_run("second", energy_j=20.0))
    return str(root)


@pytest.fixture
def isojoule(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments: str):
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_normalize_prints_every_workload_of_the_source(isojoule, table):
    code, out, _ = isojoule("normalize", table, *normalize_arguments())
    assert code == 0
    for name in ("mlp", "cnn", "rnn", "new"):
        assert name in out
    assert "Method dual, references: mlp, rnn." in out
    assert "Interval unknown: 3 other workloads" in out


def test_normalize_json_has_the_documented_keys(isojoule, table):
    code, out, err = isojoule("normalize", table, *normalize_arguments(), "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["source"] == "NVIDIA A40"
    assert document["target"] == "NVIDIA V100"
    assert document["references"] == ["mlp", "rnn"]
    new = next(e for e in document["estimates"] if e["workload"] == "new")
    assert new == {
        "workload": "new",
        "source_energy_j": 30.0,
        "energy_j": pytest.approx(50.0),  # through (10, 30) and (40, 60)
        "energy_low_j": None,
        "energy_high_j": None,
        "target_energy_j": None,
        "in_range": True,
        "is_reference": False,
        "provenance": "measured",
        "scope": "gpu",
        "uncertainty": new["uncertainty"],
        "notes": [],
        "sources": {},
    }
    assert new["uncertainty"][0].startswith("unknown: 3 other workloads")


def test_normalize_csv_has_one_row_per_workload(isojoule, table):
    _, out, _ = isojoule("normalize", table, "--from", "A40", "--to", "V100", "--csv")
    header, *rows = out.splitlines()
    assert header.startswith("workload,source_energy_j,energy_j,")
    assert len(rows) == 4


def test_normalize_with_a_level_that_the_data_support_gives_bounds(isojoule, table):
    _, out, _ = isojoule(
        *("normalize", table, *normalize_arguments(**{"--level": "0.5"})),
        *("--references", "min-max:2", "--json"),
    )
    new = next(e for e in json.loads(out)["estimates"] if e["workload"] == "new")
    # The line gives 40 for cnn, which took 20: a factor of 2.
    assert new["energy_low_j"] == pytest.approx(25.0)
    assert new["energy_high_j"] == pytest.approx(100.0)


def normalize_arguments(**changes: str) -> list[str]:
    options = {"--from": "A40", "--to": "V100", "--method": "dual", **changes}
    return [part for pair in options.items() for part in pair]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"--from": "A4"}, "no hardware 'A4': did you mean NVIDIA A40"),
        ({"--to": "H100"}, "no hardware 'H100'"),
        ({"--to": "A40"}, "both 'NVIDIA A40'"),
        ({"--method": "duel"}, "no method 'duel': did you mean dual"),
        ({"--method": "linear", "--features": "flop"}, "has a known flop: add it"),
        ({"--features": "flop"}, "dual takes no features"),
        ({"--method": "linear", "--features": "flips"}, "no feature 'flips'"),
        ({"--references": "random:1"}, "dual needs 2 references"),
        ({"--references": "min-max:9"}, "asks for 9 references, 3 workloads"),
        ({"--references": "few"}, "no way to sample references 'few'"),
        ({"--references": "random:"}, "needs a number"),
        ({"--phase": "trian"}, "no phase 'trian': did you mean train"),
        ({"--power-limit": "100"}, "no power limit '100'"),
        ({"--level": "1"}, "'--level'"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(isojoule, table, changes, told):
    code, out, err = isojoule("normalize", table, *normalize_arguments(**changes))
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("cnn,NVIDIA A40,20", "cnn,NVIDIA A40,-20", "row 2: energy_j is -20"),
        ("cnn,NVIDIA A40,20", "cnn,NVIDIA A40,nan", "row 2: energy_j is nan"),
        ("A40,20,train", "A40,20,test", "choose one with --phase"),
        ("cnn,NVIDIA V100,20,train,gpu", "cnn,NVIDIA V100,20,train,wall", "scopes"),
        ("V100,60,train,gpu,measured", "V100,60,train,gpu,modelled", "provenances"),
        ("energy_j", "joules", "has no column 'energy_j'"),
    ],
)
def test_a_wrong_table_is_one_line_and_exit_code_2(isojoule, table, old, new, told):
    with pathlib.Path(table).open("w") as file:
        file.write(TABLE.replace(old, new))
    code, out, err = isojoule("normalize", table, *normalize_arguments())
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_a_mixture_is_accepted_where_it_is_asked_for(isojoule, table):
    with pathlib.Path(table).open("w") as file:
        file.write(TABLE.replace("60,train,gpu", "60,train,wall"))
    code, _, _ = isojoule(
        "normalize", table, *normalize_arguments(), "--allow-mixed", "--json"
    )
    assert code == 0


def test_a_missing_table_is_told(isojoule):
    code, _, err = isojoule("normalize", "nowhere.csv", *normalize_arguments())
    assert code == 2
    assert "cannot read nowhere.csv: No such file" in err


def test_normalize_on_the_published_table(isojoule, zeus_table):
    code, out, _ = isojoule(
        "normalize", str(zeus_table), *normalize_arguments(), "--json"
    )
    document = json.loads(out)
    assert code == 0
    assert len(document["estimates"]) == 53
    assert all(e["energy_low_j"] < e["energy_high_j"] for e in document["estimates"])
    assert "kept one power limit per machine" in document["notes"][0]


def test_runs_are_listed_shown_and_exported(isojoule, store, tmp_path):
    assert "first" in isojoule("runs", "list", "--store", store)[1]
    _, out, _ = isojoule("runs", "list", "--store", store, "--json")
    assert [run["name"] for run in json.loads(out)] == ["first", "second"]
    assert "10 J" in isojoule("runs", "show", "first", "--store", store)[1]
    _, out, _ = isojoule("runs", "show", "first", "--store", store, "--json")
    assert json.loads(out)["energies"][0]["energy_j"] == 10.0
    for ending in ("json", "csv", "parquet"):
        path = tmp_path / f"out.{ending}"
        code, out, _ = isojoule("runs", "export", "--store", store, "--out", str(path))
        assert code == 0
        assert "2 runs written" in out
        assert path.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("runs", "show", "third"), "no run 'third'"),
        (("runs", "export", "--out", "x.xlsx"), "no file ending '.xlsx'"),
        (("runs", "export", "--out", "x.csv", "third"), "no run 'third'"),
        (("report", "third"), "no run 'third'"),
    ],
)
def test_a_run_or_format_that_is_not_there_is_told(isojoule, store, arguments, told):
    code, _, err = isojoule(*arguments, "--store", store)
    assert code == 2
    assert told in err


def test_reading_where_there_is_no_store_says_how_to_make_one(isojoule, tmp_path):
    code, _, err = isojoule("runs", "list", "--store", str(tmp_path / "none"))
    assert code == 2
    assert "there is no isojoule store" in err


def test_report_is_written_whole_or_not_at_all(isojoule, store, tmp_path):
    path = tmp_path / "page.html"
    code, out, _ = isojoule("report", "--store", store, "--out", str(path))
    assert code == 0
    assert "2 runs described" in out
    assert "first" in path.read_text()
    (tmp_path / "file").write_text("")
    below = str(tmp_path / "file" / "page.html")
    code, _, err = isojoule("report", "--store", store, "--out", below)
    assert code == 2
    assert "cannot write" in err


def test_doctor_tells_of_every_sensor(isojoule):
    code, out, _ = isojoule("doctor")
    assert code == 0
    assert all(name in out for name in ("nvml", "rapl", "cpu-model"))
    document = json.loads(isojoule("doctor", "--json")[1])
    assert {s["sensor"] for s in document["sensors"]} == {
        "nvml",
        "amd",
        "apple",
        "rapl",
        "cpu-model",
    }
    assert document["hardware"]["n_cpus"] >= 1


def test_suite_list_has_43_models_with_exact_counts(isojoule):
    models = json.loads(isojoule("suite", "list", "--json")[1])
    assert len(models) == 43
    (mlp,) = [m for m in models if m["name"] == "mlp-1x512"]
    # 8192 x 512 + 512 and 512 x 10 + 10; one MAC per weight.
    assert mlp["n_params"] == 4_199_946
    assert mlp["forward_mac_per_sample"] == 8192 * 512 + 512 * 10
    assert mlp["forward_flop_per_sample"] == 2 * mlp["forward_mac_per_sample"]


@pytest.mark.slow
def test_suite_run_keeps_a_run_that_normalize_reads(isojoule, tmp_path):
    store = str(tmp_path / "store")
    made = tmp_path / "made.json"
    code, out, _ = isojoule(
        *("suite", "run", "rnn-1x128", "--steps", "20", "--threads", "1", "--fast"),
        *("--phase", "train", "--out", str(made), "--store", store, "--json"),
    )
    assert code == 0
    (calibration,) = json.loads(out)["calibrations"]
    assert calibration["calibration"] == str(made)
    (row,) = calibration["workloads"]
    assert (row["workload"], row["phase"]) == ("rnn-1x128", "train")
    code, out, _ = isojoule("suite", "check", str(made), "--json")
    assert (code, json.loads(out)["accepted"]) == (0, True)
    made.write_text(made.read_text().replace("rnn-1x128", "rnn-1x129"))
    code, _, err = isojoule("suite", "check", str(made))
    assert (code, "changed after it was made" in err) == (2, True)
    path = str(tmp_path / "runs.csv")
    assert isojoule("runs", "export", "--store", store, "--out", path)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("suite", "run", "mlp-1x513"), "did you mean mlp-1x512"),
        (("suite", "run", "--device", "cuda:7"), "no device 'cuda:7'"),
        (("suite", "run", "--device", "gpu"), "no device 'gpu'"),
        (("suite", "run", "--steps", "0"), "--steps"),
    ],
)
def test_a_model_or_device_that_is_not_there_is_told(
    isojoule, tmp_path, arguments, told
):
    code, _, err = isojoule(*arguments, "--store", str(tmp_path / "store"))
    assert code == 2
    assert told in err
    assert not (tmp_path / "store").exists()


def test_an_unknown_command_and_no_argument_are_exit_code_2(isojoule):
    assert isojoule("mesure")[0] == 2
    assert isojoule("normalize")[0] == 2


def test_help_has_examples_and_version_is_told(isojoule):
    code, out, _ = isojoule("--help")
    assert code == 0
    assert "isojoule measure -- python train.py" in out
    for command in ("demo", "doctor", "measure", "normalize", "report"):
        assert "Examples:" in isojoule(command, "--help")[1]
    assert isojoule("--version")[1].startswith("isojoule ")


def test_ctrl_c_is_130_without_a_traceback(isojoule, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("isojoule.sensors.probe_sensors", interrupt)
    code, _, err = isojoule("doctor")
    assert code == 130
    assert "interrupted" in err


def test_the_command_line_starts_without_what_only_one_command_needs():
    code = (
        "import sys, isojoule.cli;"
        "print([m for m in ('torch', 'scipy', 'matplotlib', 'duckdb', 'rich',"
        " 'jinja2', 'pynvml') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
