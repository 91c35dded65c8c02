"""isojoule suite plan."""

import json
import subprocess
import sys

import click
import pytest

from isojoule.cli import main
from isojoule.cli.suite.plan import Duration
from isojoule.formats.calibration import write_calibration
from isojoule.suite.forecast import Forecast
from suite.test_calibration import GOOD, calibration_of, reference_run


@pytest.fixture
def isojoule(capsys):
    def run(*arguments):
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def probed(monkeypatch):
    """A probe that finds 75 s for each run, of which 60 s at 100 W."""
    asked = []

    def forecast(session, jobs, *, clips, past):
        asked.append((session, list(past)))
        return Forecast(dict.fromkeys(jobs, 75.0), 6000.0 * len(jobs))

    monkeypatch.setattr("isojoule.suite.forecast.forecast", forecast)
    monkeypatch.setattr("isojoule.suite.open_clips", lambda settings, data: None)
    monkeypatch.setattr("isojoule.suite.require_device", lambda device: None)
    return asked


@pytest.fixture
def here(tmp_path):
    path = tmp_path / "here.json"
    write_calibration(path, calibration_of(*GOOD))
    return path


def test_a_number_of_runs_is_planned_without_probing(isojoule):
    code, out, err = isojoule("suite", "plan", "--k", "2")
    assert (code, err) == (0, "")
    assert "sizes are taken from FLOP" in out
    assert "What the runs take is not known" in out
    command = out.strip().splitlines()[-1].split()
    assert command[:3] == ["isojoule", "suite", "run"]
    assert command[-2:] == ["--phase", "train"]
    assert len(command) == 7


def test_planning_a_number_of_runs_needs_no_torch():
    code = (
        "import sys; from isojoule.cli import main; main(['suite', 'plan', '--k', '1'])"
        "; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_planned_command_is_one_that_suite_run_takes(isojoule, probed):
    from isojoule.cli.suite.run import run

    _, out, _ = isojoule(
        *("suite", "plan", "--time", "3min", "--device", "cuda:0", "--fast"),
        *("--threads", "2", "--phase", "test"),
    )
    words = out.strip().splitlines()[-1].split()[3:]
    context = run.make_context("run", words)
    assert context.params["phases"] == ("test",)
    assert context.params["device"] == "cuda:0"
    assert context.params["threads"] == 2
    assert context.params["fast"] is True
    # Two runs of 75 s fit into three minutes.
    assert len(context.params["names"]) == 2


def test_json_has_costs_and_the_command(isojoule, probed):
    code, out, _ = isojoule("suite", "plan", "--budget-kwh", "0.004", "--json")
    assert code == 0
    document = json.loads(out)
    # 14.4 kJ hold two runs of 6 kJ.
    assert [s["energy_j"] for s in document["steps"]] == pytest.approx([6000.0] * 2)
    assert [s["duration_s"] for s in document["steps"]] == [75.0] * 2
    assert document["command"].startswith("isojoule suite run ")
    assert document["factor_before"] > document["steps"][1]["factor"]


def test_runs_of_this_machine_count_as_run_and_give_their_pace(isojoule, probed, here):
    code, out, _ = isojoule(
        "suite", "plan", "--time", "2min", "--have", str(here), "--json"
    )
    document = json.loads(out)
    assert code == 0
    assert document["already_run"] == ["cnn-1x128", "mlp-1x512"]
    ((_, past),) = probed
    assert {run.run_id for run in past} == {run.run_id for run in GOOD}


def test_a_model_that_did_not_fit_is_not_planned_again(isojoule, tmp_path):
    _, out, _ = isojoule("suite", "plan", "--k", "1", "--json")
    (first,) = json.loads(out)["steps"]
    large = reference_run(
        first["model"], status="failed", warnings=("out of memory: 3 GiB",), energies=()
    )
    write_calibration(tmp_path / "c.json", calibration_of(*GOOD, large))
    _, out, _ = isojoule(
        "suite", "plan", "--k", "43", "--have", str(tmp_path / "c.json"), "--json"
    )
    planned = [step["model"] for step in json.loads(out)["steps"]]
    assert first["model"] not in planned
    assert len(planned) == 40


def test_only_models_of_the_other_machine_and_the_subset_are_planned(isojoule, here):
    code, out, _ = isojoule(
        "suite", "plan", "--k", "9", "--source", str(here), "--from", "Card", "--json"
    )
    document = json.loads(out)
    assert code == 0
    assert {s["model"] for s in document["steps"]} == {"mlp-1x512", "cnn-1x128"}
    _, out, _ = isojoule("suite", "plan", "--k", "9", "--subset", "dual", "--json")
    planned = {s["model"] for s in json.loads(out)["steps"]}
    assert planned == {"rnn-1x128", "crnn-2x2-1024x256"}


def test_families_and_files_can_be_asked_for(isojoule, here):
    for target in ("cnn,crnn", "medoid-4", str(here)):
        code, _, err = isojoule("suite", "plan", "--k", "1", "--for", target)
        assert (code, err) == (0, "")
    code, _, err = isojoule("suite", "plan", "--k", "1", "--for", "cnm")
    assert code == 2
    assert "no file, family, subset or model 'cnm': did you mean cnn" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "0 were given"),
        (("--k", "1", "--time", "1h"), "2 were given"),
        (("--time", "half an hour"), "no time such as 90s"),
        (("--budget-kwh", "0"), "--budget-kwh"),
        (("--budget-kwh", "nan"), "--budget-kwh"),
        (("--k", "1", "--from", "A40"), "--source"),
    ],
)
def test_bad_input_is_one_line_and_exits_with_2(isojoule, arguments, said):
    code, out, err = isojoule("suite", "plan", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_budget_that_affords_nothing_exits_with_2(isojoule, probed):
    code, _, err = isojoule("suite", "plan", "--time", "74s")
    assert code == 2
    assert "1 min 14 s affords no reference model" in err
    assert "takes about 1 min 15 s" in err


def test_an_interrupt_during_the_probe_is_told(isojoule, probed, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("isojoule.suite.forecast.forecast", interrupted)
    code, out, err = isojoule("suite", "plan", "--time", "10min")
    assert (code, out) == (130, "")
    assert "interrupted" in err


@pytest.mark.parametrize(
    ("text", "duration_s"),
    [
        ("90s", 90.0),
        ("30min", 1800.0),
        ("1h30min", 5400.0),
        ("1 h 30 min 5 s", 5405.0),
        ("0.5h", 1800.0),
    ],
)
def test_times_are_written_with_their_units(text, duration_s):
    assert Duration().convert(text, None, None) == duration_s


@pytest.mark.parametrize("text", ["", "30", "0s", "-1h", "5min1h", "1d"])
def test_a_time_without_unit_order_or_length_is_refused(text):
    with pytest.raises(click.BadParameter, match="no time such as"):
        Duration().convert(text, None, None)
