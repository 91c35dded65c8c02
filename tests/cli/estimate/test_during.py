"""isojoule estimate during as a user meets it."""

import json
from dataclasses import replace

import pytest

from isojoule.cli import main
from isojoule.formats.native import write_native
from isojoule.records import ComponentEnergy, Hardware, Run, Window, Workload
from isojoule.store import RunStore


@pytest.fixture
def during(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments):
        code = main(["estimate", "during", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def log_text(energies_j):
    lines = [f"{i},{e},30" for i, e in enumerate(energies_j)]
    return "\n".join(["epoch,energy_j,duration_s", *lines]) + "\n"


TWO_KINDS = [60.0] + [50.0] * 9 + [150.0] + [120.0] * 19


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "epochs.csv"
    path.write_text(log_text(TWO_KINDS))
    return path


def make_run(run_id="20260101T000000-a", *, n_epochs=30, windows=True):
    energies = (ComponentEnergy("gpu", 3000.0, "sampled"),)
    parts = tuple(
        Window(
            "train",
            "train",
            i,
            30.0 * i,
            30.0 * (i + 1),
            (ComponentEnergy("gpu", 100.0, "sampled"),),
            {"val_f1": 0.5},
        )
        for i in range(30)
    )
    return Run(
        run_id,
        "mine",
        Workload("net", n_samples=8.0 * n_epochs, n_samples_per_epoch=8),
        Hardware("A40"),
        energies,
        windows=parts if windows else (),
        duration_s=900.0,
    )


def test_text_tells_what_is_spent_left_and_stable(during, log):
    code, out, err = during(log, "--epochs", 60)
    assert (code, err) == (0, "")
    assert "so far" in out
    assert "30 of 60 epochs are over" in out
    # 30 epochs of 120 J each are to come: 3.6 kJ, a thousandth of a kWh.
    assert "To come: 3.6 kJ, 0.001 kWh" in out
    assert "Stable since epoch 11, which began after 5 min 30 s." in out
    assert "Another kind of epochs began at epoch 10 (2.4 times the energy" in out
    assert "from epoch" in out


def test_json_is_one_document_with_bounds(during, log):
    code, out, _ = during(log, "--epochs", 60, "--level", "0.8", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["method"], found["level"]) == ("streaming", 0.8)
    assert (found["n_seen"], found["n_epochs"], found["until_epoch"]) == (30, 60, 60)
    assert found["energy_left_j"] == pytest.approx(3600.0)
    assert found["energy_left_low_j"] < 3600 < found["energy_left_high_j"]
    assert found["energy_j"] == pytest.approx(sum(TWO_KINDS) + 3600)
    assert found["duration_left_s"] == pytest.approx(900.0)
    assert found["duration_low_s"] < 1800 < found["duration_high_s"]
    assert [r["start"] for r in found["regimes"]] == [0, 10]
    assert (found["scope"], found["provenance"]) == (None, "declared")
    assert found["measured_energy_j"] is None
    assert "replay" not in found


def test_a_replay_sees_the_first_epochs_only(during, log):
    code, out, _ = during(log, "--seen", 15, "--replay", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["measured_energy_j"] == sum(TWO_KINDS)
    assert abs(found["error_fraction"]) < 0.01
    told = found["replay"]
    assert [row["n_seen"] for row in told] == list(range(1, 16))
    assert told[0]["energy_j"] is None
    assert "first of its kind" in told[0]["reason"]
    assert told[9]["covers"] is False
    assert told[14]["covers"] is True
    code, out, _ = during(log, "--seen", 15, "--replay")
    assert "epochs seen" in out
    assert "It took 2.94 kJ in the end: the forecast is off by " in out


def test_an_announced_change_ends_the_forecast(during, log):
    code, out, _ = during(log, "--epochs", 60, "--seen", 6, "--change-at", 10)
    assert code == 0
    assert "left before epoch 10" in out
    assert "The work changes at epoch 10: the forecast ends before it" in out
    found = json.loads(
        during(log, "--epochs", 60, "--seen", 6, "--change-at", 10, "--json")[1]
    )
    assert (found["is_whole"], found["energy_fraction"]) == (False, None)


def test_one_epoch_is_refused_in_words(during, log):
    code, out, _ = during(log, "--epochs", 60, "--seen", 1)
    assert code == 0
    assert "No forecast yet: epoch 0 is the first of its kind" in out
    found = json.loads(during(log, "--epochs", 60, "--seen", 1, "--json")[1])
    assert (found["energy_j"], found["energy_so_far_j"]) == (None, 60.0)
    assert "first of its kind" in found["reason"]


@pytest.mark.parametrize(
    ("method", "energy_j"),
    [
        # Epochs 11 to 13 take 120 J in 30 s: 4 W for 900 s; 19 times 120 J and 660 J.
        ("online-power", 3600.0),
        ("online-epoch", 19 * 120.0 + 660.0),
    ],
)
def test_the_published_methods_take_their_window(during, log, method, energy_j):
    window = ("--method", method, "--start", 11, "--window", 3)
    code, out, _ = during(log, "--seen", 14, *window, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["method"], found["n_seen"]) == (method, 14)
    assert found["energy_j"] == pytest.approx(energy_j)
    assert found["measured_energy_j"] == sum(TWO_KINDS)
    code, out, _ = during(log, "--seen", 14, *window)
    assert f"The whole training by {method}" in out
    assert "Interval: scatter of the 3 epochs of the window" in out


def test_a_stored_run_is_named_by_its_id(during, tmp_path):
    root = tmp_path / "store"
    with RunStore.open(root) as store:
        store.add(make_run())
    code, out, _ = during("20260101", "--store", root, "--seen", 10, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["run_id"], found["n_epochs"]) == ("20260101T000000-a", 30)
    assert (found["workload"], found["hardware"]) == ("net", "A40")
    assert (found["scope"], found["provenance"]) == ("gpu", "measured")
    assert found["error_fraction"] == pytest.approx(0.0, abs=1e-9)
    folder = json.loads(during(root, "--seen", 10, "--json")[1])
    assert folder == found


def test_one_of_several_runs_has_to_be_chosen(during, tmp_path):
    path = tmp_path / "runs.json"
    write_native(path, [make_run("a1"), make_run("b1"), make_run("c", windows=False)])
    code, _, err = during(path)
    assert code == 2
    assert "2 runs have epochs: choose one with --run (a1, b1, ...)" in err
    assert during(path, "--run", "b")[0] == 0
    code, _, err = during(path, "--run", "x")
    assert (code, "no run 'x'" in err) == (2, True)
    code, _, err = during(path, "--run", "c")
    assert (code, "has no windows of epochs" in err) == (2, True)


def test_a_record_says_how_many_epochs_are_planned(during, tmp_path):
    path = tmp_path / "runs.json"
    write_native(path, [make_run(n_epochs=50)])
    assert "30 of 50 epochs are over" in during(path)[1]
    assert "30 of 40 epochs are over" in during(path, "--epochs", 40)[1]
    write_native(path, [replace(make_run(), workload=Workload("net"))])
    assert during(path)[0] == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "does not say how many epochs are planned: give --epochs"),
        (("--epochs", 20), "only 20 are planned: give --epochs 30 or more"),
        (("--epochs", 60, "--seen", 31), "--seen must lie in 1 to 30"),
        (("--epochs", 60, "--seen", 0), "--seen must lie in 1 to 30"),
        (("--epochs", 60, "--change-at", 70), "a change at epoch 70 is not within"),
        (
            ("--epochs", 60, "--scope", "gpu"),
            "does not state which part of the machine",
        ),
        (("--epochs", 60, "--window", 5), "has no place for --window"),
        (
            ("--epochs", 60, "--method", "online-epoch", "--replay"),
            "online-epoch has no place for --replay",
        ),
        (
            ("--epochs", 12, "--method", "online-epoch"),
            "a window of epochs 10 to 14 does not fit into a training of 12 epochs",
        ),
        (
            ("--epochs", 60, "--seen", 12, "--method", "online-epoch"),
            "the window needs epochs 10 to 14, seen so far: epochs 0 to 11",
        ),
    ],
)
def test_what_cannot_be_is_one_line_on_stderr(during, log, arguments, told):
    code, out, err = during(log, *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_a_file_that_is_not_there_or_no_log_is_told(during, tmp_path):
    code, _, err = during(tmp_path / "none.csv")
    assert (code, "No such file" in err) == (2, True)
    path = tmp_path / "table.csv"
    path.write_text("workload_id,hardware,energy_j\na,b,1\n")
    code, _, err = during(path)
    assert (code, "none of the 1 runs has windows of epochs" in err) == (2, True)


def test_a_page_with_its_tables_and_figure_is_written(during, log, tmp_path):
    pytest.importorskip("matplotlib", reason="figures need the plots extra")
    out = tmp_path / "out"
    code, _, err = during(log, "--epochs", 60, "--out", out)
    assert code == 0
    assert "forecast.html and the tables are in" in err
    page = (out / "forecast.html").read_text()
    assert "What this training will take" in page
    assert "<svg" in page
    assert (out / "figures" / "forecast.svg").exists()
    names = sorted(p.name for p in (out / "tables").iterdir())
    assert names == [
        f"{name}.{ending}"
        for name in ("forecast", "regimes", "replay")
        for ending in ("csv", "md")
    ]
    bare = tmp_path / "bare"
    during(log, "--epochs", 60, "--out", bare, "--no-figures")
    assert "<svg" not in (bare / "forecast.html").read_text()
    assert not (bare / "figures").exists()


def test_the_epochs_that_a_callback_knew_of_are_the_plan(during, tmp_path):
    run = replace(make_run(), workload=Workload("net"), tags={"planned_epochs": "60"})
    path = tmp_path / "runs.json"
    write_native(path, [run])
    code, out, _ = during(path, "--json")
    assert code == 0
    assert json.loads(out)["n_epochs"] == 60


def test_more_epochs_than_anybody_trains_are_refused(during, log):
    for asked in ("1e300", "nan"):
        code, _, err = during(log, "--epochs", asked)
        assert code == 2
        assert "more than anybody trains" in err
