import pytest

from group_runs import make_trainings
from isojoule.studies.groups.contexts import Kind
from isojoule.studies.groups.factors import varying_factors
from isojoule.studies.groups.quantities import Basis
from isojoule.studies.groups.tradeoff import Scoring, trade_off


def scored(score, *energies_j, **fields):
    return make_trainings(*energies_j, measures={"f1": score}, **fields)


def boards(runs, name="f1", *, lower_is_better=False):
    return trade_off(
        runs,
        Scoring(name, Basis(), lower_is_better),
        factors=varying_factors(runs),
        kind=lambda run: Kind(run.workload.phase),
        level=0.95,
    )


RUNS = [
    *scored(0.90, 9, 10, 11, model="cheap"),
    *scored(0.95, 29, 30, 31, model="good"),
    *scored(0.92, 39, 40, 41, model="beaten"),
    *scored(0.97, 99, 100, 101, model="best"),
]


def test_the_front_holds_what_no_other_beats_and_prices_a_point():
    (board,) = boards(RUNS)
    names = [{f.name: v for f, v in p.values}["model"] for p in board.points]
    assert names == ["cheap", "good", "beaten", "best"]
    assert [p.on_front for p in board.points] == [True, True, False, True]
    # From 0.90 to 0.95 are 5 points for 20 J, then 2 points for 70 J.
    steps = [p.next_energy_j_per_point for p in board.front]
    assert steps == [None, pytest.approx(4.0), pytest.approx(35.0)]
    assert board.points[0].energy_j_per_point == pytest.approx(10 / 90)
    assert (board.point, board.best.score.value) == (0.01, 0.97)
    assert board.points[1].better_than_previous.value == 1.0


def test_each_machine_has_a_front_of_its_own():
    runs = [*RUNS, *scored(0.95, 50, 51, 52, model="good", hardware="B")]
    (board,) = boards(runs)
    other = next(p for p in board.points if p.hardware == "B")
    assert (other.on_front, other.on_hardware_front) == (False, True)


def test_equal_configurations_do_not_beat_each_other():
    runs = [*scored(0.9, 10, 10, model="a"), *scored(0.9, 10, 10, model="b")]
    (board,) = boards(runs)
    assert [p.on_front for p in board.points] == [True, True]
    assert board.points[1].next_energy_j_per_point is None


def test_tasks_stand_on_boards_of_their_own_and_runs_without_a_score_on_none():
    runs = [*RUNS, *scored(0.5, 1, 2, task="dogs"), *make_trainings(1, model="bare")]
    found = boards(runs)
    assert [board.task for board in found] == ["data", "dogs"]
    assert sum(p.n for board in found for p in board.points) == 14


def test_of_a_loss_the_lower_is_the_better_and_a_point_is_one():
    runs = [
        *make_trainings(10, 10, model="cheap", measures={"loss": 3.0}),
        *make_trainings(30, 30, model="good", measures={"loss": 1.0}),
        *make_trainings(40, 40, model="bad", measures={"loss": 2.0}),
    ]
    (board,) = boards(runs, "loss", lower_is_better=True)
    assert [p.on_front for p in board.points] == [True, True, False]
    assert (board.point, board.best.score.value) == (1.0, 1.0)
    assert board.points[1].next_energy_j_per_point == pytest.approx(10.0)
    assert board.points[1].energy_j_per_point is None


def test_a_score_of_zero_has_no_price():
    runs = [*scored(0.0, 10, 11, model="a"), *scored(0.5, 20, 21, model="b")]
    (board,) = boards(runs)
    assert board.points[0].energy_j_per_point is None
