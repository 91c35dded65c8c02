from math import log
from statistics import fmean, median

import pytest

from benchmark_runs import ENERGIES_J, Recorder, on_a_line
from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.normalizers import NORMALIZERS
from isojoule.studies.benchmark.document import benchmark_document
from isojoule.studies.benchmark.running import study_benchmark
from isojoule.studies.benchmark.settings import Settings
from many_machines import make_many, make_measured

LINES = {name: NORMALIZERS[name] for name in ("single-low", "single-high", "dual")}


def study(runs, *, normalizers=LINES, learned=None, **settings):
    return study_benchmark(
        runs, Settings(**settings), normalizers=normalizers, learned=learned or {}
    )


def standing(result, label, split="by-model"):
    (found,) = [
        s
        for s in result.standings
        if s.split == split and label in {s.contender.label, *s.same_as}
    ]
    return found


def test_dual_is_exact_on_a_line():
    result = study({"one": on_a_line()}, ks=(2,))
    for split in ("random", "by-model"):
        found = standing(result, "dual / all", split)
        assert found.k == 2
        assert found.n_pairs == 2
        assert found.n_folds == 10
        assert found.means["male"] == pytest.approx(0, abs=1e-12)
        assert found.means["mdape"] == pytest.approx(0, abs=1e-12)


def test_single_errs_as_by_hand():
    # Five networks of two workloads, w0 and w5, w1 and w6, ...: each seed holds out one
    # network, and the lowest of the rest is w0 (10 J on A, 23 J on B) or, where w0 is
    # held out, w1 (20 J, 43 J).
    result = study({"one": on_a_line()}, ks=(1,))
    expected = []
    for held in range(5):
        ratio = 43 / 20 if held == 0 else 23 / 10
        errors = [
            log(ratio * source_j / (3 + 2 * source_j))
            for source_j in (ENERGIES_J[held], ENERGIES_J[held + 5])
        ]
        expected.append(fmean(abs(e) for e in errors))
    (a_to_b,) = [
        s
        for s in result.pair_scores
        if (s.machine, s.split, s.contender) == ("A", "by-model", "single-low / all")
    ]
    assert a_to_b.scores["male"] == pytest.approx(fmean(expected))


def test_what_is_held_out_is_hidden_on_the_target():
    recorder = Recorder()
    study({"one": on_a_line()}, normalizers={"recorder": recorder}, ks=(2, None))
    assert {len(references) for _, references in recorder.shown} == {2, 8}
    for calibrations, references in recorder.shown:
        source, target = calibrations
        assert len(source.observations) == 10
        assert set(target.observations) == set(references)


@pytest.mark.parametrize(
    ("third_machines", "n_seen"), [("none", None), ("train", 8), ("all", 10)]
)
def test_third_machines_show_what_they_may(third_machines, n_seen):
    runs = on_a_line("B") + on_a_line("C")[1::2]
    recorder = Recorder()
    result = study(
        {"one": runs},
        normalizers={"recorder": recorder},
        ks=(2,),
        selectors=("medoid",),
        splits=("by-model",),
        third_machines=third_machines,
    )
    sizes = {
        len(third.observations) for shown, _ in recorder.shown for third in shown[2:]
    }
    assert sizes == ({n_seen} if n_seen else set())
    assert result.settings["third_machines"] == third_machines


def test_third_machines_hide_whole_networks_that_are_held_out():
    extra = make_measured("other", "C", 7.0, model="net0")
    runs = on_a_line("B") + on_a_line("C")[1::2] + [extra]
    recorder = Recorder()
    study(
        {"one": runs},
        normalizers={"recorder": recorder},
        ks=(2,),
        selectors=("medoid",),
        splits=("by-model",),
        third_machines="train",
    )
    thirds = [s[2].observations for s, _ in recorder.shown if s[2].hardware == "C"]
    assert thirds
    for seen in thirds:
        assert ("other" in seen) == ("w0" in seen) == ("w5" in seen)


def test_a_method_that_learns_never_sees_the_file_it_is_judged_on():
    taught = {}

    def learn(sources, left_out):
        taught[left_out] = {source.name for source in sources}
        # The factor that it learns tells which files those were.
        return Recorder(factor=10.0 ** len(left_out))

    runs = {name: on_a_line(prefix=name) for name in ("a", "bb", "ccc")}
    result = study(runs, learned={"taught": learn}, ks=(2,), methods=("taught",))
    assert taught == {"a": {"bb", "ccc"}, "bb": {"a", "ccc"}, "ccc": {"a", "bb"}}
    found = standing(result, "taught / medoid:2")
    # ln(f E / (3 + 2 E)) there and ln(f (3 + 2 E) / E) back: ln f on average, by model,
    # where every workload is held out once and f is above all ratios.
    assert {name: own["male"] for name, own in found.sources.items()} == pytest.approx(
        {"a": log(10), "bb": log(100), "ccc": log(1000)}
    )
    assert "taught: learned for each file from the other files alone" in result.notes


def test_what_is_learned_takes_the_place_of_the_method_of_that_name():
    knows_all = Recorder()
    study(
        {"one": on_a_line()},
        normalizers={"same": knows_all},
        learned={"same": lambda sources, left_out: Recorder()},
        ks=(2,),
    )
    assert knows_all.shown == []


def test_a_file_alone_teaches_nothing_and_that_is_told():
    seen = []

    def learn(sources, left_out):
        seen.append(list(sources))
        return Recorder()

    result = study({"one": on_a_line()}, learned={"taught": learn}, ks=(2,))
    assert seen == [[]]
    assert any("nothing was learned from others" in note for note in result.notes)


def test_a_refused_pair_leaves_no_mean_for_its_file_nor_for_all():
    fussy = Recorder(refuses=(("A", "B"),))
    runs = {"one": on_a_line("B"), "two": on_a_line("C", prefix="v")}
    result = study(runs, normalizers={**LINES, "fussy": fussy}, ks=(2,))
    found = standing(result, "fussy / medoid:2")
    assert found.means["male"] != found.means["male"]
    assert found.sources["one"]["male"] != found.sources["one"]["male"]
    assert found.sources["two"]["male"] > 0
    assert (found.n_pairs, found.n_folds, found.n_refused) == (3, 15, 5)
    assert found.reason == "not these two"


def test_intervals_are_counted_and_measured():
    result = study({"one": on_a_line()}, normalizers={"two": Recorder()}, ks=(2,))
    found = standing(result, "two / medoid:2")
    assert found.means["interval_fraction"] == 1
    assert found.means["log_width"] == pytest.approx(log(4))
    # Within a factor of 2 of twice the energy: always from A (3 + 2 E), and never from
    # B, where the truth is below half of it.
    assert found.means["coverage"] == pytest.approx(0.5)


def test_an_estimate_that_is_not_positive_counts_as_a_tenth_of_the_lowest_reference():
    result = study(
        {"one": on_a_line()},
        normalizers={"minus": Recorder(factor=-1.0)},
        ks=(None,),
        splits=("by-model",),
    )
    (a_to_b,) = [s for s in result.pair_scores if s.machine == "A"]
    errors = []
    for held in range(5):
        lowest_j = 43 if held == 0 else 23
        true_j = [3 + 2 * ENERGIES_J[i] for i in (held, held + 5)]
        errors.append(fmean(log(t / (0.1 * lowest_j)) for t in true_j))
    assert a_to_b.scores["male"] == pytest.approx(fmean(errors))
    assert a_to_b.scores["nonpositive_fraction"] == 1
    assert any("were not positive" in note for note in result.notes)


def test_a_method_counts_at_the_references_it_uses_and_gets_no_more():
    result = study(
        {"one": on_a_line(n_models=10)},
        normalizers={name: NORMALIZERS[name] for name in ("dual", "linear")},
        ks=(1, 4, None),
    )
    assert standing(result, "dual / all").k == 2
    assert standing(result, "dual / medoid:4").k == 2
    assert standing(result, "linear / medoid:4").k == 4
    assert standing(result, "linear / all").k is None
    # With eight others the interval would be known: those were not measured.
    assert standing(result, "dual / all").means["interval_fraction"] == 0
    assert standing(result, "dual / medoid:1").n_refused == 10


def test_power_is_tried_where_a_method_takes_it():
    result = study(
        {"one": make_many("AB", n_workloads=10)},
        normalizers={"log-linear": NORMALIZERS["log-linear"]},
        ks=(4,),
    )
    families = {contender.family for contender in result.contenders}
    assert families == {"log-linear", "log-linear+power"}


def test_files_weigh_the_same_however_many_pairs_they_have():
    runs = {"three": make_many("ABC"), "two": make_many("AB", seed=1)}
    result = study(runs, ks=(1, 2))
    for found in result.standings:
        by_file = {
            file: [
                score.scores["male"]
                for score in result.pair_scores
                if (score.source, score.split, score.contender)
                == (file, found.split, found.contender.label)
            ]
            for file in runs
        }
        if found.n_refused:
            continue
        assert [len(v) for v in by_file.values()] == [6, 2]
        mean = fmean(fmean(v) for v in by_file.values())
        assert found.means["male"] == pytest.approx(mean)


def test_the_published_best_is_the_lowest_with_at_most_k():
    result = study({"one": make_many()}, ks=(1, 2), splits=("random",))
    male = {s.contender.label: s.means["male"] for s in result.standings}
    of_one = min(("single-low / all", "single-high / all"), key=male.__getitem__)
    of_two = min((of_one, "dual / all"), key=male.__getitem__)
    assert [(b.k, b.published) for b in result.best] == [(1, of_one), (2, of_two)]
    assert [b.published_male for b in result.best] == [male[of_one], male[of_two]]


def test_the_share_of_better_pairs_is_counted_by_hand():
    result = study({"one": make_many(seed=3)}, ks=(2,), splits=("random",))
    found = standing(result, "dual / medoid:2", "random")
    best = result.contenders[found.comparison.published].label

    def of_pairs(label):
        return {
            (s.machine, s.target): s.scores["male"]
            for s in result.pair_scores
            if s.contender == label
        }

    own, rival = of_pairs(found.contender.label), of_pairs(best)
    published = [of_pairs(c.label) for c in result.contenders if c.is_published]
    assert found.comparison.beats == fmean(own[p] < rival[p] for p in own)
    assert found.comparison.beats_hindsight == fmean(
        own[p] < min(other[p] for other in published) for p in own
    )
    assert found.comparison.ratio == pytest.approx(
        fmean(own.values()) / fmean(rival.values())
    )


def test_the_same_seed_gives_the_same_result():
    runs = {"one": make_many("AB", n_workloads=10)}
    first, again = (benchmark_document(study(runs, ks=(2,))) for _ in range(2))
    assert first == again


@pytest.mark.slow
def test_jobs_change_nothing():
    pytest.importorskip("joblib")
    runs = {"one": make_many()}
    alone, together = (study(runs, ks=(2,), n_jobs=n_jobs) for n_jobs in (1, 2))
    assert benchmark_document(alone) == benchmark_document(together)


def test_progress_is_told_pair_by_pair():
    told = []
    study_benchmark(
        {"one": on_a_line()},
        Settings(ks=(1,), splits=("random",)),
        normalizers=LINES,
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 2), (2, 2)]


def test_bars_are_judged_for_the_method_that_is_named():
    result = study({"one": make_many()}, ks=(1, 2), judged="dual")
    found = {(j.bar.quantity, j.k): j for j in result.bars}
    assert set(found) == {("ratio", 2), ("coverage", 1), ("coverage", 2)}
    assert found["ratio", 2].contender.startswith("dual / ")
    label = found["ratio", 2].contender
    own = standing(result, label).means["male"]
    (best,) = [b for b in result.best if (b.split, b.k) == ("by-model", 2)]
    assert found["ratio", 2].value == pytest.approx(own / best.published_male)
    assert found["ratio", 2].is_met == (own <= 0.75 * best.published_male)
    assert found["coverage", 1].contender == ""
    assert found["coverage", 2].is_met is None


def test_a_pair_without_networks_is_judged_at_random_alone():
    result = study({"one": on_a_line(n_models=1)}, ks=(2,))
    assert {s.split for s in result.standings} == {"random"}
    assert "by-model split: 2 of 2 ordered pairs have no networks to hold out" in (
        result.notes
    )
    assert all(judged.is_met is None for judged in result.bars)


@pytest.mark.parametrize(
    ("runs", "settings", "told"),
    [
        ({}, {}, "no pair of machines can be judged in no file"),
        ({"one": on_a_line()[::2]}, {}, "in one: no file has two machines"),
        (
            {"one": on_a_line()},
            {"min_shared": 11},
            "10 shared workloads, 11 are needed",
        ),
        (
            {"one": on_a_line(n_models=1)},
            {"splits": ("by-model",)},
            "none of 2 ordered pairs can be split by model: all shared workloads",
        ),
    ],
)
def test_too_little_is_refused(runs, settings, told):
    with pytest.raises(InsufficientDataError, match=told):
        study(runs, **settings)


@pytest.mark.parametrize(
    "settings",
    [{"methods": ("duel",)}, {"selectors": ("medoids",)}, {"judged": "duel"}],
)
def test_an_unknown_name_is_refused(settings):
    with pytest.raises(UnknownNameError, match="did you mean"):
        study({"one": on_a_line()}, **settings)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"ks": ()}, "no number of references"),
        ({"ks": (0,)}, "at least 1, got 0"),
        ({"n_seeds": 0}, "number of seeds must be at least 1"),
        ({"min_shared": 4}, "must be at least 5, got 4"),
        ({"max_workloads": 7}, "most workloads must be at least 8, got 7"),
        ({"n_jobs": 0}, "number of jobs must be at least 1"),
        ({"level": 1.0}, "must lie in"),
        ({"third_machines": "some"}, "none, train, all; got 'some'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        Settings(**settings)


def test_an_unknown_split_is_refused():
    with pytest.raises(UnknownNameError):
        Settings(splits=("by-magic",))


def test_the_median_of_errors_is_that_of_the_workloads():
    result = study({"one": on_a_line()}, normalizers={"two": Recorder()}, ks=(None,))
    (a_to_b,) = [
        s for s in result.pair_scores if (s.machine, s.split) == ("A", "by-model")
    ]
    errors = [
        median(3 / (3 + 2 * ENERGIES_J[i]) for i in (held, held + 5))
        for held in range(5)
    ]
    assert a_to_b.scores["mdape"] == pytest.approx(fmean(errors))
