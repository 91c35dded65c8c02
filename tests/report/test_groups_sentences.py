from dataclasses import replace

import pytest

from group_runs import make_training, make_trainings
from group_studies import ENERGIES_J, studied
from isojoule.report.groups_sentences import (
    say_cleaning,
    say_doubts,
    say_factor,
    say_scores,
    say_trade_off,
    summarize_groups,
)
from isojoule.studies.cleaning import CleaningRules
from isojoule.studies.groups.asking import GroupsQuestion
from isojoule.studies.groups.outliers import OutlierSettings
from isojoule.studies.groups.study import study_groups


@pytest.fixture(scope="module")
def study():
    return studied()


def said_of(study, name):
    (result,) = (r for r in study.factors if r.factor.name == name)
    return say_factor(result, study)


def test_what_was_left_out_is_said_first(study):
    told = "45 of 46 runs are left; left out: 1 (did not end by itself)."
    assert summarize_groups(study)[0] == told


def test_effects_come_before_p_values(study):
    said = said_of(study, "hardware")
    assert said[0] == (
        "3 comparisons of 30 runs; the same within each: model, data and batch size."
    )
    assert said[1].startswith("Eta squared is 0.73: large in 3.")
    # 75/11 for two groups of five that do not overlap: (75/11 - 1) / 8 = 0.727.
    assert "B has 3.00 (" in said[2]
    assert said[3].startswith("Over 3 comparisons B has 3.00 (3.00 to 3.00) times")
    place = next(i for i, s in enumerate(said) if s.startswith("H of Kruskal"))
    assert place > 3
    assert "significant at 0.05 in 3 of 3" in said[place]


def test_what_cannot_be_told_apart_is_named(study):
    assert (
        "Confounded: allocated RAM (in 3 of 3) differs along with it, so that they "
        "cannot be told apart."
    ) in said_of(study, "hardware")
    assert (
        "Not compared: odd. No other model has the same data as it, so that they "
        "cannot be told apart."
    ) in said_of(study, "model")
    assert said_of(study, "task")[0] == "Nothing could be compared."


def test_ordered_factors_tell_their_trend(study):
    said = said_of(study, "batch_size")
    assert "Spearman's rank correlation with batch size: -0.94." in said
    assert "batch 10 has 4.00 (" in said[2]


def test_what_a_score_costs_is_said_from_the_best_down(study):
    (board,) = study.trade_offs
    said = say_trade_off(board)
    assert said[0] == "Best median f1: 0.900, best, batch 10, A, for 408 J."
    assert said[1].startswith("3 of 8 configurations are on the front")
    # 25.5 J against 408 J, and 0.80 against 0.90.
    assert said[2] == "small, batch 40, A takes 93.8% less for 10.0 points less."
    assert len(said) == 3


def test_scores_are_told_by_their_difference(study):
    said = say_scores(study)
    assert "The widest difference: best less small is 0.100 (0.100 to 0.100)." in said
    assert any(s.startswith("No test could be made: all values of all") for s in said)


def test_the_number_of_tests_and_their_correction_are_told(study):
    told = say_doubts(study)[0]
    # 3 by machine, 2 by network, 1 by batch size; of the score 2 by network.
    assert told.startswith("8 tests of Kruskal and Wallis and 18 of Dunn were made")
    assert "under Holm's correction all together" in told
    assert "1 in 20 of the first" in told


def test_a_single_run_of_each_is_told_and_not_tested():
    study = study_groups([make_training(1.0, model="a"), make_training(2.0, model="b")])
    said = say_factor(study.factors[0], study)
    assert said[1] == (
        "The widest ratio: b has 2.00 times the energy per sample of a; no interval: 1 "
        "and 1 runs are too few for 95%."
    )
    assert said[2].startswith("No test could be made: groups of 1 and 1 runs")
    assert say_doubts(study) == []


def test_runs_that_do_not_know_the_quantity_are_counted():
    runs = [make_training(e, model=m) for m in "ab" for e in ENERGIES_J]
    runs.append(make_training(7.0, n_epochs=None, n_samples_per_epoch=None))
    said = say_cleaning(study_groups(runs))
    assert said[1] == "1 of them do not know their energy per sample."


def test_factors_that_are_mixed_are_told():
    runs = [
        *make_trainings(*ENERGIES_J, model="a", batch_size=8),
        *make_trainings(*ENERGIES_J, model="a", batch_size=16),
        *make_trainings(*ENERGIES_J, model="b", batch_size=8),
    ]
    study = study_groups(runs, question=GroupsQuestion(by=("model",), within=()))
    said = say_factor(study.factors[0], study)
    assert said[0].endswith("nothing else is held.")
    assert any(
        s.startswith("Confounded: batch size (in 1 of 1) is mixed differently")
        for s in said
    )


@pytest.mark.slow
def test_what_the_seed_changes_is_told():
    runs = [
        make_training(e + i, model=m)
        for m in "ab"
        for e in ENERGIES_J
        for i in range(4)
    ]
    rules = CleaningRules(outliers=OutlierSettings(n_trees=10, n_seeds=2))
    (_, told) = say_cleaning(study_groups(runs, cleaning=rules))
    assert told.startswith(
        "Another seed of the outlier search takes other runs: 2 seeds"
    )


def test_a_factor_that_no_run_states_is_told():
    study = studied(by=("family",))
    assert said_of(study, "family") == ["Nothing could be compared: no run states it."]


def test_of_many_values_a_few_are_named():
    runs = [make_training(1.0 + i, tags={"id": f"n{i}"}) for i in range(9)]
    runs = [replace(r, hardware=replace(r.hardware, name=r.run_id)) for r in runs]
    study = study_groups(
        runs, question=GroupsQuestion(by=("id",), within=("hardware",))
    )
    assert any("n4, n5 and 3 more" in s for s in said_of(study, "id"))
