import json

import pytest

from estimators.physics.trainings import run_of, workload
from isojoule.cli import main
from isojoule.formats.native import write_native

ASKED = (
    *("--flop-per-sample", "4e9", "--samples", "3200", "--epochs", "10"),
    *("--batch", "64"),
)


@pytest.fixture(autouse=True)
def no_store(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("ISOJOULE_STORE", raising=False)


@pytest.fixture
def records(tmp_path):
    """A file of trainings on two cards."""
    path = tmp_path / "runs.json"
    runs = [
        run_of(workload(model, flop=flop, batch=batch), name)
        for model, flop in (("a", 1e9), ("b", 4e9))
        for batch in (16, 64)
        for name in ("RTX 3070", "RTX 3090")
    ]
    write_native(path, runs)
    return path


def before(*arguments):
    return main(["estimate", "before", *map(str, arguments)])


def test_json_tells_energy_time_and_power(records, capsys):
    assert (
        before(records, "--hardware", "3090", *ASKED, "--network", "b", "--json") == 0
    )
    document = json.loads(capsys.readouterr().out)
    (found,) = document["estimates"]
    truth_j = run_of(workload("b", flop=4e9, batch=64)).gpu_energy_j
    assert found["energy_j"] == pytest.approx(truth_j, rel=0.05)
    assert found["energy_low_j"] < truth_j < found["energy_high_j"]
    assert found["duration_s"] == pytest.approx(truth_j / 175, rel=0.05)
    assert (document["scope"], document["provenance"]) == ("gpu", "measured")
    assert [b["method"] for b in found["baselines"]] == ["ml-co2"]


def test_machines_and_batches_are_compared(records, capsys):
    arguments = ["--hardware", "3090", "--hardware", "A100", "--batch", "16"]
    assert before(records, *arguments, *ASKED) == 0
    text = capsys.readouterr().out
    assert text.count("NVIDIA A100-SXM4-40GB  ") == 2
    assert "Least energy: " in text
    assert "No run on NVIDIA A100-SXM4-40GB is known" in text


def test_without_runs_the_answer_is_wide(capsys):
    assert before("--hardware", "T4", *ASKED, "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)["estimates"]
    assert found["energy_high_j"] > 4 * found["energy_j"]
    assert not found["in_range"]


def test_several_accelerators_are_one_machine(capsys):
    arguments = ["--hardware", "A100", "--accelerators", "4"]
    assert before(*arguments, *ASKED, "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)["estimates"]
    assert found["hardware"] == "4x NVIDIA A100-SXM4-40GB"


def test_a_torch_model_is_counted(tmp_path, capsys):
    pytest.importorskip("torch")
    (tmp_path / "net.py").write_text(
        "from torch import nn\nnet = lambda: nn.Linear(1000, 500)\n"
    )
    asked = ["--samples", "3200", "--epochs", "2", "--batch", "8", "--hardware", "T4"]
    model = ["--model", f"{tmp_path / 'net.py'}:net", "--input", "4x1000"]
    assert before(*asked, *model, "--json") == 0
    counted = json.loads(capsys.readouterr().out)["estimates"][0]
    # A linear layer: 2 x 1000 x 500 FLOP forward, as many for the gradients of its
    # weights; none for those of its input.
    stated = ["--flop-per-sample", "1e6", "--training-flop-per-sample", "2e6"]
    more = ["--params", "500500", "--input-shape", "1000"]
    assert before(*asked, *stated, *more, "--json") == 0
    told = json.loads(capsys.readouterr().out)["estimates"][0]
    assert counted["energy_j"] == pytest.approx(told["energy_j"])


def test_a_page_is_written(records, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    out = tmp_path / "out"
    assert before(records, "--hardware", "3090", *ASKED, "--out", out) == 0
    page = (out / "outlook.html").read_text()
    assert "What a training will take" in page
    assert "<svg" in page
    assert (out / "outlook.csv").read_text().startswith("hardware,batch_size,")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hardware", "RTX 9999", *ASKED], "no hardware 'RTX 9999'"),
        (["--hardware", "T4", *ASKED, "--batch", "-3"], "-3 is not in the range"),
        (["--hardware", "T4", *ASKED, "--epochs", "0"], "0 is not in the range"),
        (["--hardware", "T4", *ASKED, "--input-shape", "3,4"], "such as 3x224x224"),
        (["--hardware", "T4", *ASKED, "--model", "a:b"], "is needed once"),
        (["--hardware", "T4", *ASKED, "--no-prior"], "no run was given"),
        (["missing.json", "--hardware", "T4", *ASKED], "missing.json"),
        ([*ASKED], "nothing is known of"),
    ],
)
def test_bad_input_says_what_to_do(arguments, message, capsys):
    assert before(*arguments) == 2
    assert message in capsys.readouterr().err
