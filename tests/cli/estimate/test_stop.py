"""isojoule estimate stop as a user meets it."""

import json

import pytest

from isojoule.cli import main
from isojoule.formats.native import write_native
from isojoule.records import ComponentEnergy, Hardware, Run, Window, Workload
from isojoule.store import RunStore
from score_curves import saturating

SCORES = saturating(40, noise=0.005, seed=1)


@pytest.fixture
def stop(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments):
        code = main(["estimate", "stop", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def written(path, *columns, n=None):
    """A log of epochs of 0.01 kWh and a minute each, with columns of scores."""
    names = ["epoch", "energy_kwh", "duration_s", *(name for name, _ in columns)]
    rows = [
        [i, 0.01, 60, *(scores[i] for _, scores in columns)]
        for i in range(n or len(columns[0][1]))
    ]
    lines = [",".join(map(str, row)) for row in (names, *rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def log(tmp_path):
    return written(tmp_path / "epochs.csv", ("val_f1", SCORES))


def test_a_price_gives_a_decision_with_its_reason(stop, log):
    code, out, _ = stop(log, "--score", "val_f1", "--price", "0.03")
    assert code == 0
    assert out.splitlines()[-1].startswith("Stop: ")
    assert "is worth 0.03 kWh" in out or "no gain is expected" in out
    assert "probability that they are worth it" in out


def test_the_only_score_need_not_be_named(stop, log):
    _, named, _ = stop(log, "--score", "val_f1", "--price", "0.03", "--json")
    _, alone, _ = stop(log, "--price", "0.03", "--json")
    assert json.loads(alone) == json.loads(named)
    assert json.loads(alone)["score"] == "val_f1"


def test_check_tells_scripts_by_the_exit_code(stop, log):
    assert stop(log, "--price", "0.03", "--check")[0] == 3
    assert stop(log, "--price", "0.03", "--check", "--json")[0] == 3
    assert stop(log, "--price", "0.03", "--seen", "10", "--check")[0] == 0
    assert stop(log, "--price", "0.03")[0] == 0


def test_a_budget_is_counted_from_the_start(stop, log):
    _, out, _ = stop(log, "--budget-kwh", "0.255", "--seen", "20", "--json")
    document = json.loads(out)
    assert document["stop"] is False
    assert document["reach"]["n_epochs"] == 5
    assert document["budget_j"] == pytest.approx(918_000.0)
    _, out, _ = stop(log, "--budget-kwh", "0.255", "--seen", "25", "--json")
    assert json.loads(out)["cause"] == "budget"


def test_replay_compares_with_early_stopping(stop, log):
    _, out, _ = stop(log, "--price", "0.03", "--replay", "--patience", "7", "--json")
    document = json.loads(out)
    names = [o["name"] for o in document["outcomes"]]
    assert names == ["rule", "patience 7", "hindsight", "all epochs"]
    _, text, _ = stop(log, "--price", "0.03", "--replay")
    assert "patience 10" in text
    assert "the best in hindsight" in text


def test_a_loss_needs_its_direction(stop, tmp_path):
    log = written(tmp_path / "l.csv", ("val_loss", [1 - s for s in SCORES]))
    code, _, err = stop(log, "--price", "0.03")
    assert code == 2
    assert "val_loss looks like a score that is better the lower" in err
    code, out, _ = stop(log, "--price", "0.03", "--mode", "min", "--json")
    assert code == 0
    assert json.loads(out)["best_score"] == pytest.approx(1 - max(SCORES))


def test_out_writes_a_page_tables_and_figures(stop, log, tmp_path):
    out = tmp_path / "out"
    code, _, err = stop(log, "--price", "0.03", "--out", out)
    assert code == 0
    assert "stop.html" in err
    assert "Stop this training" in (out / "stop.html").read_text()
    assert {p.name for p in (out / "figures").iterdir()} == {
        "stop.svg",
        "stop.png",
        "stop.pdf",
    }
    assert (out / "tables" / "decisions.csv").read_text().count("\n") == 41
    stop(log, "--price", "0.03", "--out", tmp_path / "bare", "--no-figures")
    assert not (tmp_path / "bare" / "figures").exists()


def test_a_stored_run_keeps_its_scores(stop, tmp_path):
    windows = tuple(
        Window(
            "validation",
            "validation",
            i,
            60.0 * i,
            60.0 * (i + 1),
            (ComponentEnergy("gpu", 36_000.0, "sampled"),),
            {"val_f1": score},
        )
        for i, score in enumerate(SCORES)
    )
    energies = (ComponentEnergy("gpu", 1_440_000.0, "sampled"),)
    run = Run(
        "20260101T000000-a",
        "r",
        Workload("w"),
        Hardware("A40"),
        energies,
        duration_s=2400.0,
        windows=windows,
    )
    write_native(tmp_path / "runs.json", [run])
    _, out, _ = stop(tmp_path / "runs.json", "--price", "0.03", "--json")
    document = json.loads(out)
    assert (document["scope"], document["provenance"]) == ("gpu", "measured")
    assert document["spent_j"] == pytest.approx(1_440_000.0)
    with RunStore.open(tmp_path / "store") as store:
        store.add(run)
    asked = ("--price", "0.03", "--json", "--store", tmp_path / "store")
    assert json.loads(stop(run.run_id, *asked)[1]) == document


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "neither given"),
        (("--price", "1", "--budget-kwh", "1"), "both given"),
        (("--price", "-1"), "-1.0 is not in the range x>0"),
        (("--budget-kwh", "0"), "0.0 is not in the range x>0"),
        (("--price", "1", "--score", "f2"), "no score 'f2': there are val_f1"),
        (("--price", "1", "--window", "60"), "window of at most 40 epochs"),
        (("--price", "1", "--seen", "4"), "needs 5 epochs with a score, there are 4"),
        (("--price", "1", "--seen", "41"), "--seen must lie in 1 to 40, got 41"),
        (("--price", "1", "--epochs", "30"), "epoch 30 came, but only epochs 0 to 29"),
        (("--price", "1", "--epochs", "3"), "a window of 5 epochs is longer than"),
        (("--price", "1", "--bounds", "1", "0"), "leave no room"),
        (("--price", "1", "--scope", "gpu"), "leave --scope out"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_line(stop, log, options, message):
    code, out, err = stop(log, *options)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_score_that_becomes_nan_is_refused(stop, tmp_path):
    scores = [*SCORES[:10], "nan", *SCORES[10:]]
    code, _, err = stop(written(tmp_path / "n.csv", ("val_f1", scores)), "--price", "1")
    assert code == 2
    assert "the score of epoch 10 is nan: the training has diverged" in err


def test_a_missing_epoch_is_refused(stop, log):
    lines = log.read_text().splitlines()
    log.write_text("\n".join([*lines[:10], *lines[11:]]) + "\n")
    code, _, err = stop(log, "--price", "1")
    assert code == 2
    assert "epoch 8 is followed by epoch 10" in err


def test_several_scores_are_listed(stop, tmp_path):
    log = written(tmp_path / "s.csv", ("f1", SCORES), ("acc", SCORES))
    code, _, err = stop(log, "--price", "1")
    assert code == 2
    assert "choose one with --score (acc, f1)" in err


def test_a_log_without_scores_says_what_to_add(stop, tmp_path):
    path = tmp_path / "bare.csv"
    rows = "".join(f"{i},0.01,60\n" for i in range(9))
    path.write_text(f"epoch,energy_kwh,duration_s\n{rows}")
    code, _, err = stop(path, "--price", "1")
    assert code == 2
    assert "has no scores: add a column such as val_f1" in err


def test_constant_scores_end_without_an_error(stop, tmp_path):
    log = written(tmp_path / "c.csv", ("val_f1", [0.1] * 30))
    code, out, _ = stop(log, "--price", "0.03", "--out", tmp_path / "out")
    assert code == 0
    assert out.splitlines()[-1].startswith("Stop: no gain is expected")


@pytest.mark.slow
def test_a_long_log_shows_progress(stop, tmp_path):
    log = written(tmp_path / "l.csv", ("f1", saturating(210, noise=0.01, constant=30)))
    code, _, err = stop(log, "--price", "0.03")
    assert code == 0
    assert "following the epochs" in err
