"""Tests of what the last points of a score cost."""

from math import nan

import pytest

from isojoule.errors import IncomparableError, InsufficientDataError
from isojoule.estimators.epochs import Epoch
from isojoule.formats.run_table import read_run_table
from isojoule.studies.convergence import Trained, study_convergence


def epochs(*rows):
    """One epoch per (energy, score), a second each."""
    return [
        Epoch(n, float(n), n + 1.0, energy_j, score)
        for n, (energy_j, score) in enumerate(rows)
    ]


def test_energies_are_added_up_until_the_score_is_reached():
    """Best 0.80 after 1 + 2 + 3 J, 95 % of it (0.76) after 1 + 2 J, 10 J in total."""
    found = Trained.of("a", epochs((1, 0.5), (2, 0.77), (3, 0.80), (4, 0.79)))
    assert (found.at_share_j, found.at_best_j, found.total_j) == (3, 6, 10)
    assert found.best_over_share == 2
    assert found.total_over_share == pytest.approx(10 / 3)


def test_the_first_of_equal_scores_counts_and_epochs_without_a_score_cost():
    found = Trained.of("a", epochs((1, None), (1, 0.8), (1, nan), (1, 0.8)))
    assert (found.at_share_j, found.at_best_j, found.total_j) == (2, 2, 4)


def test_another_share_can_be_asked_for():
    found = Trained.of("a", epochs((1, 0.4), (1, 0.8)), share=0.5)
    assert found.at_share_j == 1


@pytest.mark.parametrize("rows", [(), ((1, None),), ((1, nan),), ((1, 0.0),)])
def test_a_training_without_a_score_is_refused(rows):
    with pytest.raises(InsufficientDataError, match="no score above 0"):
        Trained.of("a", epochs(*rows))


@pytest.mark.parametrize("share", [0.0, 1.1, nan])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="must lie in"):
        Trained.of("a", epochs((1, 0.5)), share=share)


def test_ratios_are_over_the_trainings_that_have_them():
    found = study_convergence(
        [
            Trained("a", 10.0, 4.0, 2.0),
            Trained("b", 9.0, 3.0, 3.0),
            Trained("c", None, 6.0, 2.0),
            Trained("d", 5.0, None, 0.0),
        ]
    )
    at_best, total = found.at_best, found.total
    assert (at_best.n, at_best.low, at_best.median, at_best.high) == (3, 1, 2, 3)
    assert (total.n, total.low, total.median, total.high) == (2, 3, 4, 5)
    assert len(found.trained) == 4


@pytest.mark.parametrize("trained", [[], [Trained("a", 1.0, None, None)]])
def test_no_usable_training_is_refused(trained):
    with pytest.raises(InsufficientDataError, match="at a share"):
        study_convergence(trained)


def test_the_table_of_31_runs_gives_the_published_ratios(dcase_folder):
    rows = read_run_table(dcase_folder / "baseline2022_gpu_batch_runs.csv")
    found = study_convergence([Trained(*row) for row in rows])
    assert found.at_best.n == 31
    assert found.at_best.median == pytest.approx(1.88, abs=0.0051)
    assert found.total.median == pytest.approx(2.32, abs=0.005)
    assert found.at_best.low == pytest.approx(1.0)
    assert found.at_best.high == pytest.approx(2.8, abs=0.05)


def test_different_shares_are_not_put_together():
    trained = [Trained("a", 3.0, 2.0, 1.0), Trained("b", 3.0, 2.0, 1.0, share=0.9)]
    with pytest.raises(IncomparableError, match=r"90 %, 95 %"):
        study_convergence(trained)
