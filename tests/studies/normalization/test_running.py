from dataclasses import replace

import pytest

from isojoule.errors import (
    IncomparableError,
    InsufficientDataError,
    UnknownNameError,
)
from isojoule.studies.normalization.references import study_references
from isojoule.studies.normalization.running import Settings
from many_machines import make_many, make_measured

pytest.importorskip("scipy")


def study(runs, **settings):
    return study_references(runs, settings=Settings(**settings))


def test_every_ordered_pair_is_scored_in_both_splits():
    result = study(make_many(), source_name="made up")
    assert (result.study, result.source_name) == ("references", "made up")
    assert {(s.source, s.target) for s in result.scores} == {
        (a, b) for a in "ABC" for b in "ABC" if a != b
    }
    assert {s.split for s in result.scores} == {"random", "by-model"}
    assert result.skipped == ()
    (note,) = result.notes
    assert note == (
        "by-model split: 4 splits of a pair instead of 5, whole rounds that hold out "
        "each network once"
    )


def test_pairs_that_share_too_little_are_named_and_counted():
    runs = make_many() + [make_measured(f"w{i:02}", "D", 1.0 + i) for i in range(7)]
    result = study(runs)
    assert len(result.skipped) == 6
    assert ("A", "D", "7 shared workloads, 8 are needed") in result.skipped
    assert "D" not in {s.source for s in result.scores}
    assert study(runs, min_shared=7, splits=("random",)).skipped == ()


def test_constant_energies_are_named_and_skipped():
    runs = make_many("AB") + [make_measured(f"w{i:02}", "C", 5.0) for i in range(20)]
    result = study(runs, splits=("random",))
    assert result.skipped == (
        ("C", "A", "all 20 energies on C are the same"),
        ("C", "B", "all 20 energies on C are the same"),
    )
    to_c = [s for s in result.scores if s.target == "C"]
    assert to_c
    assert all(s.r2 != s.r2 for s in to_c)  # R2 is undefined where nothing varies


def test_repeats_are_reduced_to_their_median_and_that_is_said():
    runs = make_many("AB")
    odd = [
        make_measured(f"w{i:02}", "A", e, repeat=r, model=f"net{i % 4}")
        for i in range(20)
        for r, e in ((1, 1e-3), (2, 1e9))
    ]
    result = study(runs + odd, with_panels=False)
    assert result.scores == study(runs, with_panels=False).scores
    assert (
        "repeats reduced to their median: 80 runs to 40 energies of a workload on a "
        "machine"
    ) in result.notes


def test_runs_given_twice_count_once():
    runs = make_many("AB")
    result = study(runs + runs)
    assert result.scores == study(runs).scores
    assert "40 runs were given twice" in result.notes


def test_only_the_highest_power_limit_is_kept_and_that_is_said():
    runs = [replace(r, power_limit_w=250.0) for r in make_many("AB")]
    slow = [replace(r, run_id=f"{r.run_id}-slow", power_limit_w=100.0) for r in runs]
    result = study(runs + slow)
    assert result.scores == study(runs).scores
    assert "kept one power limit per machine (A 250 W, B 250 W)" in result.notes


def test_a_pair_of_one_network_has_no_split_by_model_and_that_is_said():
    runs = make_many("AB", n_models=1)
    result = study(runs)
    reason = "by-model: all shared workloads are of one network, net0"
    assert result.skipped == (("A", "B", reason), ("B", "A", reason))
    assert {s.split for s in result.scores} == {"random"}
    assert {c.split for c in result.claims} == {"random"}
    with pytest.raises(InsufficientDataError, match=r"none of 2 .* one network, net0"):
        study(runs, splits=("by-model",))


def test_workloads_without_a_network_are_told():
    runs = [
        replace(r, workload=replace(r.workload, model=None))
        if r.workload.name == "w03"
        else r
        for r in make_many("AB")
    ]
    assert study(runs).notes[0] == (
        "up to 1 workloads of a pair state no network: each is held out as a network "
        "of its own"
    )


def test_methods_below_their_minimum_are_told():
    runs = [
        r
        for r in make_many("AB", n_workloads=16, n_models=8)
        if r.workload.name < "w10"
    ]
    # Two networks hold seven of ten workloads; without them few references are left.
    runs = [
        replace(r, workload=replace(r.workload, model="one"))
        if r.workload.name < "w09"
        else r
        for r in runs
    ]
    result = study(runs, splits=("by-model",), n_seeds=2)
    (note,) = result.notes
    assert note.startswith("by-model split: fits left out of 4, for they need more")
    assert "dual 2" in note
    assert "single-low" not in note


def test_one_machine_is_refused():
    with pytest.raises(InsufficientDataError, match="the runs are of A: add runs"):
        study(make_many("A"))
    with pytest.raises(InsufficientDataError, match="the runs are of none"):
        study([])


def test_no_pair_with_enough_is_refused_with_the_reason():
    with pytest.raises(
        InsufficientDataError,
        match=r"none of 2 ordered pairs .* 20 shared workloads, 21",
    ):
        study(make_many("AB"), min_shared=21)


def test_mixed_energies_have_to_be_accepted():
    runs = make_many("AB")
    runs[0] = replace(
        runs[0], energies=(replace(runs[0].energies[0], source="modelled"),)
    )
    with pytest.raises(IncomparableError, match="--allow-mixed"):
        study(runs)
    assert study(runs, allow_mixed=True).scores


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"splits": ("weekly",)}, UnknownNameError, "no split 'weekly'"),
        ({"metrics": ("r3",)}, UnknownNameError, "no metric 'r3': did you mean r2"),
        ({"backend": "spark"}, UnknownNameError, "no backend 'spark'"),
        ({"n_seeds": 0}, ValueError, "seeds must be at least 1, got 0"),
        ({"min_shared": 4}, ValueError, "workloads must be at least 5, got 4"),
        ({"n_jobs": 0}, ValueError, "jobs must be at least 1, got 0"),
        ({"backend": "ray"}, ValueError, "ray is for two jobs or more"),
    ],
)
def test_impossible_settings_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        Settings(**settings)


def test_an_impossible_level_is_refused():
    with pytest.raises(ValueError, match="level must lie in"):
        study_references(make_many(), level=95)


def test_a_pair_alone_has_the_scores_it_has_among_all():
    runs = make_many()
    alone = study(runs, pairs=("A:C",))
    among = study(runs)
    assert set(alone.scores) < set(among.scores)
    assert {(s.source, s.target) for s in alone.scores} == {("A", "C")}
    assert {c.verdict for c in alone.claims} == {"cannot tell"}  # two machines


def test_claims_are_judged_by_the_metrics_asked_for():
    result = study(make_many(), metrics=("r2",), splits=("random",))
    assert len(result.claims) == 5
    assert all(c.metric.startswith("R2 of ") for c in result.claims)
