import pytest

from builders import skip_or_fail
from group_runs import make_training, make_trainings
from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.formats import read_runs
from isojoule.studies.cleaning import CleaningRules
from isojoule.studies.groups.asking import GroupsQuestion
from isojoule.studies.groups.study import study_groups

ENERGIES_J = (100.0, 101, 102, 103, 104)


def trainings():
    """Two networks on two machines; the one takes twice, B three times as much."""
    return [
        run
        for hardware, factor in (("A", 1), ("B", 3))
        for model, times, f1 in (("small", 1, 0.8), ("large", 2, 0.9))
        for run in make_trainings(
            *(factor * times * e for e in ENERGIES_J),
            hardware=hardware,
            model=model,
            measures={"f1": f1},
        )
    ]


def result_of(study, name):
    return next(r for r in study.factors if r.factor.name == name)


def test_all_that_differs_is_looked_at_with_the_rest_held():
    study = study_groups(trainings())
    assert [r.factor.name for r in study.factors] == ["hardware", "model"]
    model = result_of(study, "model")
    assert [f.name for f in model.held] == ["hardware"]
    assert len(model.comparisons) == 2
    ratios = [c.pairs[0].ratio.value for c in model.comparisons]
    assert ratios == pytest.approx([2.0, 2.0], rel=1e-3)
    (machine,) = result_of(study, "hardware").recurring
    assert machine.ratio.value == pytest.approx(3.0, rel=1e-3)
    assert (study.n_runs, study.n_compared, study.quantity.name) == (
        20,
        20,
        "energy_per_sample",
    )


def test_the_score_is_compared_and_held_against_energy():
    study = study_groups(trainings())
    assert study.score == "f1"
    (board,) = study.trade_offs
    assert [p.on_front for p in board.points] == [True, True, False, False]
    by_model = next(r for r in study.score_factors if r.factor.name == "model")
    assert by_model.comparisons[0].pairs[0].difference.value == pytest.approx(0.1)


def test_p_is_corrected_over_quantity_and_score_together():
    study = study_groups(trainings(), question=GroupsQuestion(correction="bonferroni"))
    tested = [c for c in study.comparisons if c.kruskal.p is not None]
    # Two by machine and two by network, of energy; of the score the machines are
    # alike in all runs, so that only the networks can be tested.
    assert len(tested) == 6
    assert all(
        c.p_adjusted == pytest.approx(min(1.0, len(tested) * c.kruskal.p))
        for c in tested
    )


def test_energy_is_compared_where_samples_are_not_known():
    runs = [
        make_training(e, hardware=h, n_epochs=None, n_samples_per_epoch=None)
        for h in "AB"
        for e in ENERGIES_J
    ]
    study = study_groups(runs)
    assert study.quantity.name == "energy"
    question = GroupsQuestion(quantity="energy_per_sample")
    with pytest.raises(InsufficientDataError, match="none of 10 runs knows its energy"):
        study_groups(runs, question=question)
    known = [make_training(e, hardware=h) for h in "CD" for e in ENERGIES_J]
    mixed = study_groups([*runs, *known])
    assert (mixed.quantity.name, mixed.n_without) == ("energy_per_sample", 10)


def test_partial_batches_and_modelled_energies_are_told():
    runs = [
        make_training(e, hardware=h, batch_size=300, source="modelled")
        for h in "AB"
        for e in ENERGIES_J
    ]
    notes = study_groups(runs).notes
    # 1000 = 3 * 300 + 100.
    assert notes[0].startswith("up to 10.0% of an epoch fill no whole batch")
    assert notes[1] == "energies of 10 of 10 runs are modelled, wholly or in part"
    told = study_groups(runs, question=GroupsQuestion(whole_batches=True)).notes
    assert told == notes[1:]


def test_bad_input_is_told():
    with pytest.raises(InsufficientDataError, match="there are no runs: measure some"):
        study_groups([])
    with pytest.raises(
        InsufficientDataError, match="the 5 runs that can be used do not"
    ):
        study_groups(make_trainings(*ENERGIES_J))
    with pytest.raises(ValueError, match=r"level must lie in \(0, 1\), got 95"):
        study_groups(trainings(), level=95)
    with pytest.raises(UnknownNameError, match="no score 'f2': did you mean f1"):
        study_groups(trainings(), question=GroupsQuestion(score="f2"))
    with pytest.raises(UnknownNameError, match="no factor 'colour'"):
        study_groups(trainings(), question=GroupsQuestion(by=("colour",)))


@pytest.fixture(scope="module")
def published(request):
    path = request.getfixturevalue("delrey_path")
    question = GroupsQuestion(scope="node", whole_batches=True)
    return study_groups(read_runs(path), question=question)


@pytest.fixture(scope="module")
def delrey_path():
    from conftest import DATA

    path = DATA / "delrey2024" / "runs.parquet"
    if not path.exists():
        skip_or_fail(f"measurements not found at {path}; set ISOJOULE_DATA")
    return path


@pytest.mark.slow
def test_the_published_runs_are_compared_where_nothing_else_differs(published):
    counts = {r.factor.name: len(r.comparisons) for r in published.factors}
    # Block 1: five networks on two machines, two of them on a third. Block 2: what the
    # table has of 2 data sets, 3 batch sizes and 3 input sizes on both.
    assert counts["hardware"] == 20
    assert counts["model"] == 3
    assert counts["task"] == 15
    assert counts["batch_size"] == 11
    assert counts["input_size"] == 12
    assert counts["memory"] == 1
    assert counts["layers"] == 0


@pytest.mark.slow
def test_what_is_confounded_in_the_published_runs_is_told(published):
    (alone,) = result_of(published, "model").uncompared
    assert alone.values == ("inception_v3",)
    assert [f.name for f in alone.own] == ["task", "layers"]
    hardware = result_of(published, "hardware")
    assert all(
        {c.factor.name for c in comparison.context.confounders if c.is_complete}
        <= {"memory", "power_limit"}
        for comparison in hardware.comparisons
    )


@pytest.mark.slow
def test_the_widest_difference_is_that_of_the_paper(published):
    # "selecting the proper model architecture and training environment can reduce
    # energy consumption dramatically (up to 80.72%)" (del Rey et al. 2024, abstract).
    medians = {
        (comparison.context.held[0][1], group.value): group.median.value
        for comparison in result_of(published, "model").comparisons
        for group in comparison.groups
        if comparison.context.held[0][1] != "GTX 750 Ti"
    }
    saved = 1 - min(medians.values()) / max(medians.values())
    assert saved == pytest.approx(0.8072, abs=0.002)
    assert min(medians, key=medians.get) == ("RTX 3070", "mobilenet_v2")


@pytest.mark.slow
def test_memory_separates_groups_that_hardly_differ(published):
    (comparison,) = result_of(published, "memory").comparisons
    gib = 2**30
    assert [g.value for g in comparison.groups] == [
        8 * gib,
        16 * gib,
        24 * gib,
        32 * gib,
    ]
    assert comparison.band == "large"
    ratio = comparison.widest.ratio.value
    assert max(ratio, 1 / ratio) < 1.03


@pytest.mark.slow
def test_larger_batches_take_less_and_larger_inputs_more_everywhere(published):
    batch = [
        t.rho.value
        for c in result_of(published, "batch_size").comparisons
        for t in c.trends
    ]
    size = [
        t.rho.value
        for c in result_of(published, "input_size").comparisons
        for t in c.trends
        if t.rho is not None
    ]
    assert max(batch) < -0.9
    assert min(size) > 0.9
    assert (len(batch), len(size)) == (11, 9)


@pytest.mark.slow
def test_cleaning_can_be_set_to_the_published_set(delrey_path):
    rules = CleaningRules(where=(("in_clean_set", "True"),))
    question = GroupsQuestion(scope="node", by=("memory",))
    study = study_groups(read_runs(delrey_path), question=question, cleaning=rules)
    assert study.cleaned.steps[0].n_after == 1225
