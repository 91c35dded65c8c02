from math import exp, log

import pytest
from scipy import stats

from isojoule.studies.link_points import gather
from isojoule.studies.phases import compare_phases, without_phase
from link_runs import make_link_run, suite_like_runs


def compared(runs):
    return compare_phases(gather(runs).blocks, level=0.95)


def test_training_takes_three_times_the_energy_where_it_was_made_so():
    (found,) = compared(suite_like_runs("train", "test"))
    everything, *families = found.ratios
    assert (found.phase, len(found.pairs)) == ("test", 20)
    assert (everything.family, everything.n_workloads) == (None, 20)
    assert everything.energy_ratio.value == pytest.approx(3.0)
    assert everything.flop_ratio == pytest.approx(3.0)
    assert [r.family for r in families] == ["cnn", "crnn", "mlp", "rnn"]
    assert {r.n_workloads for r in families} == {5}


def test_the_mean_of_a_family_is_geometric_with_an_interval_over_its_workloads():
    ratios = (2.0, 4.0, 8.0)
    runs = [make_link_run(size=s, phase="test", energy_j=1.0) for s in (1, 2, 4)]
    runs += [
        make_link_run(size=s, energy_j=ratio)
        for s, ratio in zip((1, 2, 4), ratios, strict=True)
    ]
    (found,) = compared(runs)
    everything, mlp = found.ratios
    half = stats.t.ppf(0.975, 2) * stats.sem([log(r) for r in ratios])
    assert mlp.energy_ratio.value == pytest.approx(4.0)
    assert mlp.energy_ratio.high == pytest.approx(4.0 * exp(half))
    assert everything.energy_ratio.low is None
    assert everything.energy_ratio.reason == "1 families: an interval needs 3"


def test_energies_are_compared_sample_by_sample_whatever_the_length():
    runs = [
        make_link_run(size=1, energy_j=60.0, n_epochs=10),
        make_link_run(size=1, energy_j=2.0, n_epochs=1, phase="test"),
    ]
    (found,) = compared(runs)
    assert found.ratios[0].energy_ratio.value == pytest.approx(3.0)


def test_names_may_end_in_their_phase():
    assert without_phase("iris/kNN/train") == "iris/kNN"
    assert without_phase("iris/kNN/infer") == "iris/kNN"
    assert without_phase("train") == "train"
    assert without_phase("a/b") == "a/b"
    runs = [
        make_link_run(name="a/train"),
        make_link_run(name="a/infer", phase="inference"),
    ]
    (found,) = compared(runs)
    assert (found.phase, found.pairs[0].workload) == ("inference", "a")


def test_without_samples_there_is_a_pair_and_a_reason_but_no_ratio():
    unknown = {"n_samples": None, "n_samples_per_epoch": None}
    runs = [make_link_run(**unknown), make_link_run(phase="test")]
    (found,) = compared(runs)
    assert len(found.pairs) == 1
    assert found.ratios[0].energy_ratio is None
    assert "number of samples is not known" in found.ratios[0].reason


def test_one_phase_alone_or_different_kinds_are_not_compared():
    assert compared(suite_like_runs("train")) == ()
    mixed = [make_link_run(), make_link_run(phase="test", source="declared")]
    assert compared(mixed) == ()
    (nothing,) = compared([make_link_run(size=1), make_link_run(size=2, phase="test")])
    assert nothing.ratios[0].reason == "no workload has both phases"
