from dataclasses import replace

import pytest

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.records import ComponentEnergy, Hardware, Window
from isojoule.studies.stabilization.cases import gather_cases
from trainings import make_training


def without_epoch(run, epoch):
    return replace(run, windows=tuple(w for w in run.windows if w.epoch != epoch))


def with_first_window(run, **changes):
    return replace(run, windows=(replace(run.windows[0], **changes), *run.windows[1:]))


def why(*runs):
    return gather_cases([make_training("good"), *runs]).left_out


def test_a_case_has_epochs_power_and_the_change_that_its_windows_name():
    (case,) = gather_cases([make_training(n_epochs=12, switch=4)]).cases
    assert (case.environment, case.model, case.scope) == ("lab", "net", "node")
    assert (len(case.epochs), case.epoch_s, case.switch_s) == (12, 20.0, 80.0)
    assert case.trace.power_w[[79, 80]].tolist() == [100.0, 200.0]
    assert case.whole == (240.0, (4 * 100 + 8 * 200) * 20.0)


def test_the_stabilizing_epoch_is_the_first_that_ends_after_a_time():
    (case,) = gather_cases([make_training(n_epochs=12)]).cases
    assert [case.epoch_after(t) for t in (-1.0, 0.0, 19.9, 20.0, 239.9)] == [
        0,
        0,
        0,
        1,
        11,
    ]
    assert case.epoch_after(240.0) is None
    assert case.epoch_after(None) is None


def test_a_measure_says_when_the_work_changes_before_the_names_do():
    run = make_training(measures={"phase_change_s": 83.0})
    assert gather_cases([run]).cases[0].switch_s == 83.0
    plain = make_training(switch=None)
    assert gather_cases([plain]).cases[0].switch_s is None


def test_names_that_change_often_name_no_change():
    run = make_training(n_epochs=4)
    windows = tuple(replace(w, name=f"epoch {w.epoch}") for w in run.windows)
    assert gather_cases([replace(run, windows=windows)]).cases[0].switch_s is None


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (make_training("x", windows=()), "have no windows of epochs"),
        (
            make_training(
                "x", windows=(Window("train", "train", 0, 1.0, 1.0),), n_epochs=1
            ),
            "have windows of epochs without any length",
        ),
        (
            without_epoch(make_training("x"), 3),
            "have epochs that are missing or overlap (epoch 2 is followed by epoch 4",
        ),
        (without_epoch(make_training("x"), 0), "begin with epoch 1"),
        (
            with_first_window(make_training("x"), end_s=30.0),
            "have epochs that are missing or overlap (epoch 1 begins at 20 s",
        ),
        (
            with_first_window(make_training("x"), energies=()),
            "have epochs without an energy of scope node",
        ),
        (
            with_first_window(make_training("x"), start_s=20.0),
            "begin with epoch 1",
        ),
        (
            make_training("x", watts=(0.0, 0.0)),
            "have epochs that took no energy",
        ),
        (
            make_training("x", tags={"rank": "1", "world_size": "2"}),
            "are single ranks",
        ),
    ],
)
def test_a_run_that_cannot_be_studied_is_named_with_its_reason(run, told):
    ((reason, ids),) = why(run).items()
    assert reason.startswith(told)
    assert ids == ("x",)


def test_where_nothing_is_left_the_reasons_are_told():
    runs = [make_training(name, windows=()) for name in "abc"]
    with pytest.raises(
        InsufficientDataError,
        match=r"none of 3 runs can be studied: 3 have no windows of epochs \(a, b, ...",
    ):
        gather_cases(runs)
    with pytest.raises(InsufficientDataError, match="there are no runs"):
        gather_cases([])


def test_all_parts_count_unless_a_scope_is_asked_for():
    run = make_training(n_epochs=2)
    more = ComponentEnergy("dram", 500.0, "modelled")
    windows = tuple(replace(w, energies=(*w.energies, more)) for w in run.windows)
    both = replace(run, windows=windows)
    assert gather_cases([both]).cases[0].epochs[0].energy_j == 2500.0
    assert gather_cases([both], scope="gpu").cases[0].epochs[0].energy_j == 2000.0
    wall = ComponentEnergy("wall", 9000.0, "measured")
    windows = tuple(replace(w, energies=(*w.energies, wall)) for w in run.windows)
    plugged = gather_cases([replace(run, windows=windows)]).cases[0]
    assert (plugged.scope, plugged.epochs[0].energy_j) == ("wall", 9000.0)


def test_one_environment_or_machine_may_be_asked_for():
    other = make_training("b", hardware=Hardware("NVIDIA A40"))
    runs = [make_training("a"), other]
    only = gather_cases(runs, environment="LAB").cases
    assert [case.run.run_id for case in only] == ["a"]
    assert gather_cases(runs, hardware="A40").cases[0].environment == "NVIDIA A40"
    with pytest.raises(UnknownNameError, match="no environment 'lap': did you mean"):
        gather_cases(runs, environment="lap")


@pytest.mark.parametrize("n_most", [1, 2, 3, 7, 10])
def test_fewer_runs_are_spread_evenly_and_the_rest_is_told(n_most):
    runs = [make_training(f"r{n}", has_samples=False) for n in range(10)]
    gathered = gather_cases(runs, n_most=n_most)
    assert len(gathered.cases) == n_most
    left = [run_id for ids in gathered.left_out.values() for run_id in ids]
    assert len(left) == 10 - n_most
    if n_most == 3:
        assert [case.run.run_id for case in gathered.cases] == ["r0", "r4", "r9"]


def test_a_run_without_samples_has_epochs_and_says_why_it_has_no_power():
    (case,) = gather_cases([make_training(has_samples=False)]).cases
    assert case.trace is None
    assert case.no_trace == "has no samples"
