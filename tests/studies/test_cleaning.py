from dataclasses import replace

import numpy as np
import pytest

from group_runs import make_training, make_trainings
from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.formats import read_runs
from isojoule.records import Channel, Samples, Window
from isojoule.studies.cleaning import CleaningRules, clean, is_coarse
from isojoule.studies.groups.outliers import OutlierSettings

STEPS = [
    "given twice",
    "of a single rank",
    "did not end by itself",
    "without an energy of the scope or of a part of it",
    "of too few epochs",
    "sampled more coarsely than its shortest epoch",
]


def step(cleaned, name):
    return next(s for s in cleaned.steps if s.name == name)


def removed_by(runs, name, **rules):
    cleaned = clean(runs, CleaningRules(**rules))
    found = step(cleaned, name)
    assert found.n_before - found.n_after == len(found.removed)
    assert len(cleaned.runs) == cleaned.steps[-1].n_after
    return found.removed


def windows(*lengths_s):
    ends = np.cumsum(lengths_s)
    return tuple(
        Window(f"e{i}", "train", i, float(end - length), float(end))
        for i, (end, length) in enumerate(zip(ends, lengths_s, strict=True))
    )


def test_every_step_is_logged_even_where_it_takes_nothing():
    cleaned = clean(make_trainings(1, 2, 3), CleaningRules())
    assert [s.name for s in cleaned.steps] == STEPS
    assert all((s.n_before, s.n_after, s.removed) == (3, 3, ()) for s in cleaned.steps)
    assert cleaned.seed_spread is None


@pytest.mark.parametrize(
    "fields",
    [{"status": "failed"}, {"status": "interrupted"}, {"exit_code": 1}],
)
def test_runs_that_did_not_end_by_themselves_are_out(fields):
    good = make_training(fields={"exit_code": 0})
    bad = make_training(2.0, fields=fields)
    assert removed_by([good, bad], STEPS[2]) == (bad.run_id,)


def test_what_is_there_twice_counts_once_and_ranks_do_not_count():
    run = make_training()
    assert removed_by([run, run], STEPS[0]) == (run.run_id,)
    rank = make_training(2.0, tags={"rank": "1", "world_size": "4"})
    assert removed_by([run, rank], STEPS[1]) == (rank.run_id,)


def test_runs_without_an_energy_are_out():
    good, none, zero = make_training(), make_training(0.0), make_training(5.0)
    none = replace(none, energies=())
    zero = replace(make_training(0.0, repeat=2))
    assert removed_by([good, good, none, zero], STEPS[3]) == (
        none.run_id,
        zero.run_id,
    )


def test_a_run_that_lacks_a_part_that_most_have_is_out():
    runs = [make_training(10.0 + i, dram_j=1.0) for i in range(3)]
    lacking = make_training(20.0)
    cleaned = clean([*runs, lacking], CleaningRules(scope="node"))
    found = step(cleaned, STEPS[3])
    assert found.removed == (lacking.run_id,)
    assert found.parameters == {"scope": "node", "parts": "dram + gpu"}
    # Of the card alone nothing is missing, and other machines need not have the part.
    assert removed_by([*runs, lacking], STEPS[3]) == ()
    elsewhere = make_training(hardware="B")
    assert removed_by([*runs, elsewhere], STEPS[3], scope="node") == ()


def test_trainings_of_fewer_epochs_than_asked_for_are_out():
    runs = [make_training(n, n_epochs=n) for n in (5, 19, 20, 21)]
    short = (runs[0].run_id, runs[1].run_id)
    assert removed_by(runs, STEPS[4]) == short
    assert removed_by(runs, STEPS[4], min_epochs=6) == short[:1]
    unknown = make_training(9.0, n_epochs=None)
    cleaned = clean([*runs, unknown], CleaningRules(min_epochs=20))
    assert step(cleaned, STEPS[4]).notes == ("1 runs kept that cannot be judged by it",)


def test_the_limit_of_another_study_is_not_forced_on_short_trainings():
    runs = [make_training(n, n_epochs=n) for n in (3, 4, 5, 30)]
    cleaned = clean(runs, CleaningRules())
    found = step(cleaned, STEPS[4])
    assert (found.removed, found.parameters) == ((), {"min_epochs": 0})
    assert found.notes[0].startswith("3 of 4 runs have fewer than 20 epochs")
    with pytest.raises(InsufficientDataError, match="4 of too few epochs"):
        clean(runs, CleaningRules(min_epochs=40))
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        CleaningRules(min_epochs=-1)


def test_sampling_coarser_than_the_shortest_epoch_is_told_from_windows():
    def coarse(period_s, *lengths_s):
        fields = {"windows": windows(*lengths_s), "sampling_period_s": period_s}
        return is_coarse(make_training(fields=fields))

    assert coarse(2.0, 5.0, 1.5, 5.0) is True
    assert coarse(1.5, 5.0, 1.5, 5.0) is False
    assert coarse(None, 5.0, 1.5) is None
    halves = (
        Window("train", "train", 0, 0.0, 1.0),
        Window("validation", "validation", 0, 1.0, 3.0),
    )
    fields = {"windows": halves, "sampling_period_s": 2.0}
    assert is_coarse(make_training(fields=fields)) is False


def test_sampling_is_read_from_the_samples_and_epochs_from_the_mean():
    channel = Channel("gpu0_power_w", "gpu", "power_w", "gpu0")
    samples = Samples((channel,), np.array([0.0, 3.0, 6.0]), np.ones((1, 3)))
    # 100 s of 50 epochs: 2 s each.
    assert is_coarse(make_training(fields={"samples": samples})) is True
    assert is_coarse(make_training(fields={"sampling_period_s": 1.0})) is False
    unknown = make_training(duration_s=None, fields={"sampling_period_s": 1.0})
    assert is_coarse(unknown) is None
    run = make_training(fields={"sampling_period_s": 9.0})
    assert removed_by([make_training(2.0), run], STEPS[5]) == (run.run_id,)


def test_conditions_keep_the_runs_with_that_value():
    runs = [
        make_training(i, tags={"in_clean_set": v}) for i, v in ((1, "True"), (2, "no"))
    ]
    cleaned = clean(runs, CleaningRules(where=(("in_clean_set", "true"),)))
    assert cleaned.runs == (runs[0],)
    assert cleaned.steps[0].parameters == {"in_clean_set": "true"}
    with pytest.raises(UnknownNameError, match="no value of hardware 'C'"):
        clean(runs, CleaningRules(where=(("hardware", "C"),)))
    with pytest.raises(UnknownNameError, match="no factor 'colour'"):
        clean(runs, CleaningRules(where=(("colour", "red"),)))


def test_conditions_may_be_named_like_anything():
    runs = [make_training(i, tags={"notes": v}) for i, v in ((1, "a"), (2, "b"))]
    assert clean(runs, CleaningRules(where=(("notes", "a"),))).runs == (runs[0],)


@pytest.mark.slow
def test_outliers_are_a_step_with_its_seed_and_what_the_seed_changes():
    random = np.random.default_rng(0)
    runs = make_trainings(*(100 + random.normal(size=30)))
    told = []
    rules = CleaningRules(outliers=OutlierSettings(seed=3, n_trees=20, n_seeds=2))
    cleaned = clean(runs, rules, on_progress=lambda *done: told.append(done))
    found = cleaned.steps[-1]
    assert found.name == "outlier of its group (isolation forest)"
    assert (found.parameters["seed"], len(found.removed)) == (3, 3)
    assert found.notes[0].startswith("it removes about 10% of each group whatever")
    assert cleaned.seed_spread.seeds == (3, 4)
    assert told == [(1, 2), (2, 2)]


def test_the_published_table_has_runs_without_the_energy_of_their_memory(delrey_table):
    runs = read_runs(delrey_table)
    cleaned = clean(runs, CleaningRules(scope="node"))
    # Eight of the GTX 750 Ti, seven of NASNet in the cloud, four of block 2.
    assert len(step(cleaned, STEPS[3]).removed) == 19
    assert len(cleaned.runs) == 1270 - 19
