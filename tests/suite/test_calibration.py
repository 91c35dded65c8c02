from dataclasses import replace
from datetime import UTC, datetime

import pytest

from isojoule.errors import InsufficientDataError
from isojoule.formats.calibration import CalibrationFile
from isojoule.records import Accelerator, ComponentEnergy, Hardware, Run, Window
from isojoule.suite import STANDARD
from isojoule.suite.calibration import (
    calibration_table,
    make_calibration,
    spread_fraction,
)
from isojoule.suite.checks import check_calibration, is_accepted
from isojoule.workloads import SUITE, to_workload

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CARD = Hardware("Card", (Accelerator("Card", "nvidia", power_limit_w=300.0),))


def reference_run(name="mlp-1x512", *, energy_j=6000.0, phase="train", **changes):
    """One epoch in 60 s, measured by a counter."""
    run = Run(
        run_id=f"{name}-{phase}-{energy_j}",
        name=f"{name} {phase}",
        workload=to_workload(SUITE[name], phase=phase, n_samples=1578),
        hardware=CARD,
        energies=(ComponentEnergy("gpu", energy_j, "counter"),),
        duration_s=60.0,
        windows=(Window("idle before", "idle", None, 0.0, 5.0),),
        measures={"idle_power_w": 30.0, "loader_fraction": 0.25},
    )
    return replace(run, **changes)


def calibration_of(*runs, rules=STANDARD) -> CalibrationFile:
    return make_calibration(runs, CARD, rules, now=NOW)


def told(*runs, **options):
    found = check_calibration(calibration_of(*runs, **options))
    return {problem.id: problem for problem in found}


GOOD = (
    reference_run("mlp-1x512"),
    reference_run("mlp-1x512", energy_j=6100.0),
    reference_run("cnn-1x128", energy_j=9000.0),
    reference_run("cnn-1x128", energy_j=9050.0),
)


def test_a_good_calibration_is_accepted_with_notes_only():
    problems = check_calibration(calibration_of(*GOOD))
    assert is_accepted(problems)
    assert {p.severity for p in problems} == {"note"}
    assert "2 models; whole subsets: none" in problems[0].text


def test_nothing_without_an_energy_is_a_calibration():
    absent = (ComponentEnergy("gpu", None, "absent"),)
    with pytest.raises(InsufficientDataError, match="isojoule doctor"):
        calibration_of(reference_run(energies=absent))


@pytest.mark.parametrize(
    ("runs", "problem"),
    [
        ((*GOOD, GOOD[0]), "duplicate"),
        ((*GOOD, reference_run("rnn-1x128", duration_s=59.0)), "too-short"),
        ((*GOOD, reference_run("rnn-1x128", energy_j=20_000.0)), "power"),
        (
            (*GOOD, reference_run("rnn-1x128", measures={"n_readings": 59})),
            "few-readings",
        ),
        (
            (
                *GOOD,
                reference_run(
                    "rnn-1x128", workload=replace(GOOD[0].workload, mode="as-published")
                ),
            ),
            "mixture",
        ),
        (
            (
                *GOOD,
                reference_run(
                    "rnn-1x128", workload=replace(GOOD[0].workload, n_params=7.0)
                ),
            ),
            "counts",
        ),
        (
            (
                *GOOD,
                reference_run(
                    "rnn-1x128", workload=replace(GOOD[0].workload, name="mlp-1x513")
                ),
            ),
            "unknown-model",
        ),
        (
            (
                *GOOD,
                reference_run(
                    "rnn-1x128", energies=(ComponentEnergy("gpu", None, "absent"),)
                ),
            ),
            "no-energy",
        ),
        (
            (
                *GOOD,
                reference_run(
                    "rnn-1x128", energies=(ComponentEnergy("gpu", 6000.0, "modelled"),)
                ),
            ),
            "mixture",
        ),
    ],
)
def test_what_cannot_be_relied_on_is_an_error(runs, problem):
    found = told(*runs)
    assert found[problem].severity == "error"
    assert not is_accepted(found.values())


@pytest.mark.parametrize(
    ("runs", "problem"),
    [
        ((*GOOD, reference_run("cnn-1x128", energy_j=15_000.0)), "spread"),
        ((*GOOD, reference_run(warnings=("a doubt",), run_id="x")), "record"),
        (
            (*GOOD, reference_run(measures={"idle_power_w": 90.0}, run_id="x")),
            "idle-power",
        ),
        (
            (reference_run(energies=(ComponentEnergy("cpu", 60.0, "modelled"),)),),
            "modelled",
        ),
    ],
)
def test_what_is_doubtful_is_a_warning(runs, problem):
    found = told(*runs)
    assert found[problem].severity == "warning"
    assert is_accepted(found.values())


def test_one_model_allows_one_reference_only():
    texts = [p.text for p in check_calibration(calibration_of(reference_run()))]
    assert "train: one model allows the single-reference method only" in texts


def test_a_short_form_is_labelled_and_one_repeat_is_noted():
    rules = replace(STANDARD, name="fast", min_duration_s=3.0)
    found = told(reference_run(duration_s=3.0, energy_j=300.0), rules=rules)
    assert found["short-form"].severity == "warning"
    assert found["one-repeat"].severity == "note"


def test_a_model_that_did_not_fit_is_noted_and_has_no_figures():
    large = reference_run(
        "mlp-32x4096", status="failed", warnings=("out of memory: 9 GiB",), energies=()
    )
    assert "mlp-32x4096" in told(*GOOD, large)["out-of-memory"].text
    rows = {row["workload"]: row for row in calibration_table((*GOOD, large)).rows()}
    assert rows["mlp-32x4096"]["outcome"] == "out of memory"
    assert rows["mlp-32x4096"]["energy_j"] is None


def test_the_table_tells_a_step_and_ten_epochs_of_the_median_repeat():
    (row,) = calibration_table(GOOD[:2]).rows()
    # 6000 J and 6100 J per epoch of 198 steps in 60 s.
    assert row["energy_j_per_step"] == pytest.approx(6050 / 198)
    assert row["energy_j"] == pytest.approx(60_500)
    assert row["duration_s_per_step"] == pytest.approx(60 / 198)
    assert row["mean_power_w"] == pytest.approx(6050 / 60)
    assert row["spread_fraction"] == pytest.approx(50 / 6050)
    assert (row["n_repeats"], row["loader_fraction"]) == (2, 0.25)


def test_one_run_has_no_spread():
    assert spread_fraction(GOOD[:1]) is None
