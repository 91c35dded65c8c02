import numpy as np
import pytest

from isojoule.studies.stabilization.cases import gather_cases
from isojoule.studies.stabilization.findings import Finding
from isojoule.studies.stabilization.fluss import Arcs, Change
from isojoule.studies.stabilization.settled import Settled
from isojoule.studies.stabilization.shares import (
    SETTLED,
    SETTLED_FIRST,
    agreements,
    score_detector,
    share_by,
    stable_epochs,
    stated_epochs,
)
from trainings import make_training

ARCS = Arcs(np.arange(0.0, 600.0), np.ones(600), 30, 560)


def found(run_id, *, at=None, control=None, edge=None, other=None, **changes):
    (case,) = gather_cases([make_training(run_id, **changes)]).cases
    all_found = {"published": Change(at, 0.5, edge, ARCS)}
    if other is not None:
        all_found["published-unrounded"] = Change(other, 0.5, None, ARCS)
    controls = {}
    if control is not None:
        controls["published"] = Change(control or None, 0.5, None, ARCS)
    return Finding(case, all_found, controls, Settled(1, 11, 14, (0, 10)))


def test_shares_count_runs_that_are_never_stable():
    assert share_by([0, 9, 10, None], 9) == 0.5
    assert share_by([], 9) is None


def test_no_change_is_stable_from_the_start_and_a_late_one_never():
    findings = [found("a", at=205.0), found("b"), found("c", at=600.0)]
    assert stable_epochs(findings, "published") == [10, 0, None]
    assert stable_epochs(findings, SETTLED) == [11] * 3
    assert stable_epochs(findings, SETTLED_FIRST) == [1] * 3
    assert stable_epochs(findings, "sane") == []


def test_a_detector_is_scored_where_the_change_is_known_and_where_none_is():
    findings = [
        found("a", at=210.0, control=0.0),  # 10 s after the change at 200 s
        found("b", at=218.0, control=300.0),  # within an epoch of 20 s
        found("c", at=30.0, edge="first", control=55.0),  # 25 s from the first place
        found("d", switch=None),
    ]
    score = score_detector(findings, "published")
    assert (score.n_runs, score.n_found, score.n_first, score.n_last) == (4, 3, 1, 0)
    assert (score.n_known, score.n_near, score.n_within_epoch) == (3, 1, 2)
    assert (score.n_controls, score.n_false) == (3, 2)
    assert (score.n_false_edge, score.n_false_near_edge) == (0, 1)


def test_agreement_is_counted_where_both_find_something():
    findings = [
        found("a", at=210.0, other=210.0, measures={"fluss_s": 210.2}),
        found("b", at=210.0, other=221.0, measures={"fluss_s": 300.0}),
        found("c", other=5.0),
    ]
    with_table, between = agreements(findings, ("published", "published-unrounded"))
    assert (with_table.one, with_table.other) == ("published", "fluss_s")
    assert (with_table.n_runs, with_table.n_equal, with_table.n_near) == (2, 1, 1)
    assert (between.n_runs, between.n_equal, between.n_near) == (2, 1, 2)


def test_what_a_table_states_is_put_into_epochs():
    findings = [found("a", measures={"fluss_s": 45.0}), found("b")]
    assert stated_epochs(findings, "fluss_s") == [2]


@pytest.mark.parametrize("detector", ["published", "sane"])
def test_no_runs_have_no_score(detector):
    assert score_detector([], detector).n_runs == 0
