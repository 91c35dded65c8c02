from dataclasses import replace

import numpy as np
import pytest

from estimator_runs import make_trainings
from isojoule.errors import InsufficientDataError, MissingExtraError
from isojoule.studies.estimators.contenders import (
    Answer,
    by_lookup,
    by_regression,
)
from isojoule.studies.estimators.grouped import judge, without_answer
from isojoule.studies.estimators.splits import make_splits

RUNS = make_trainings()
SPLITS = {s.name: s for s in make_splits(RUNS)[0]}


def scores_of(contenders, *names, runs=RUNS, **options):
    splits = [SPLITS[name] for name in names]
    found, _ = judge(runs, splits, contenders, level=0.9, **options)
    return {(s.contender, s.split.name, s.target): s for s in found}


class Recorder:
    """Answers 7 and keeps what it was asked."""

    def __init__(self):
        self.questions = []

    def __call__(self, question, target):
        self.questions.append(question)
        n = len(question.asked)
        return Answer(np.full(n, 7.0), np.full(n, 0.0), np.full(n, 1e9))


def test_a_contender_never_sees_what_it_is_asked_for():
    recorder = Recorder()
    scores_of({"r": recorder}, "gpu")
    asked = [run for q in recorder.questions for run in q.asked]
    assert len(asked) == 2 * len(RUNS)
    assert all(run.energies == () and run.duration_s is None for run in asked)
    assert all(run.measures == {} and run.windows == () for run in asked)
    for question in recorder.questions:
        known = {run.run_id for run in question.known}
        assert not known & {run.run_id for run in question.asked}
        assert all(run.energies for run in question.known)


def test_figures_of_the_board_are_not_an_answer():
    measures = {"n_cuda_cores": 5.0, "gpu_tdp_w": 3.0, "mean_gpu_power_w": 99.0}
    found = without_answer(replace(RUNS[0], measures=measures))
    assert found.measures == {"n_cuda_cores": 5.0, "gpu_tdp_w": 3.0}


def test_errors_of_all_folds_are_pooled():
    found = scores_of({"r": Recorder()}, "gpu")[("r", "gpu", "power_w")]
    true = np.array([run.gpu_energy_j / 1000.0 for run in RUNS])
    assert found.n == found.errors.n == len(RUNS)
    assert found.errors.rmse == pytest.approx(float(np.sqrt(((true - 7) ** 2).mean())))
    assert found.errors.r2 == pytest.approx(1 - ((true - 7) ** 2).mean() / true.var())
    assert (found.coverage.n, found.coverage.fraction) == (len(RUNS), 1.0)


def test_levels_are_asked_only_where_intervals_are():
    recorder = Recorder()
    scores_of({"r": recorder}, "each-configuration")
    assert {question.level for question in recorder.questions} == {None}
    scores_of({"r": recorder}, "gpu")
    assert recorder.questions[-1].level == 0.9


@pytest.mark.parametrize(
    "error", [InsufficientDataError("too little"), MissingExtraError("study", "it")]
)
def test_a_refusal_is_kept_with_its_reason(error):
    def refuse(question, target):
        raise error

    found = scores_of({"x": refuse}, "gpu")[("x", "gpu", "power_w")]
    assert found.errors is None
    assert found.reason == f"2 of 2 folds: {error}"


def test_an_answer_in_part_is_scored_in_part_and_that_is_told():
    def half(question, target):
        value = np.full(len(question.asked), 100.0)
        value[::2] = np.nan
        return Answer(value)

    found = scores_of({"x": half}, "gpu")[("x", "gpu", "power_w")]
    assert (found.n, found.errors.n) == (72, 36)
    assert found.reason == "36 runs not answered"
    assert found.coverage is None


def test_runs_without_a_target_are_not_asked_for():
    runs = [replace(r, duration_s=None) if n < 10 else r for n, r in enumerate(RUNS)]
    found = scores_of({"r": Recorder()}, "gpu", runs=runs)
    assert found[("r", "gpu", "power_w")].n == 62
    assert found[("r", "gpu", "epoch_energy_j")].n == 72


def test_the_lookup_is_exact_for_repeats_and_nearest_for_the_rest():
    found = scores_of({"lookup": by_lookup}, "random-folds", "gpu")
    repeats = found[("lookup", "random-folds", "power_w")].errors
    unseen = found[("lookup", "gpu", "power_w")].errors
    assert repeats.n == unseen.n == 72
    assert repeats.rmse < 2.0
    assert unseen.bias == pytest.approx(0.0, abs=1e-9)  # each takes the other board's
    assert unseen.mae == pytest.approx(40.0, abs=0.5)


def test_a_regression_finds_a_plane_on_new_configurations():
    found = scores_of({"linear": by_regression("linear")}, "configuration", "gpu")
    score = found[("linear", "configuration", "power_w")]
    assert score.errors.r2 > 0.99
    assert 0.8 <= score.coverage.fraction <= 1.0
    # Another board is out of range: it is answered, without an interval.
    assert found[("linear", "gpu", "power_w")].errors.n == 72
    assert found[("linear", "gpu", "power_w")].coverage is None


def test_progress_tells_how_much_is_done():
    told = []
    scores_of({"r": Recorder()}, "gpu", on_progress=lambda n, of: told.append((n, of)))
    assert told == [(0, 2), (1, 2), (2, 2)]
