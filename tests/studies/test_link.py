import pytest

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.formats import read_runs
from isojoule.studies.link import study_link
from isojoule.studies.link_points import QUANTITIES
from link_runs import make_link_run, suite_like_runs


def links_of(linked, family=None):
    return {k.quantity: k.correlation for k in linked.links if k.family == family}


def test_energy_that_was_made_from_flop_goes_with_it():
    study = study_link(suite_like_runs())
    (linked,) = study.blocks
    links = links_of(linked)
    assert set(links) == set(QUANTITIES)
    assert links["training_flop"].pearson.value == pytest.approx(1.0)
    assert links["n_samples"].reason == "it has 1 value, needs 3"
    assert links["mean_power_w"].reason == "it has 1 value, needs 3"


def test_families_with_enough_workloads_have_correlations_of_their_own():
    (linked,) = study_link([*suite_like_runs(), make_link_run("gan", 3)]).blocks
    assert {k.family for k in linked.links} == {None, "mlp", "cnn", "rnn", "crnn"}
    assert {k.n_workloads for k in linked.links if k.family} == {5}
    assert "1 of 5 families have fewer than 4 workloads" in linked.notes[0]


def test_flop_predicts_families_that_it_made_and_needs_no_run_for_it():
    (linked,) = study_link(suite_like_runs()).blocks
    flop = next(s for s in linked.comparison.scores if s.predictor == "flop")
    assert flop.male.value == pytest.approx(0.0, abs=1e-9)
    assert (flop.needs_run, flop.n_families) == (False, 4)


def test_runs_of_several_lengths_are_fitted_over_their_samples():
    runs = [make_link_run(n_epochs=n, repeat=n) for n in (1, 2, 4, 8)]
    runs.append(make_link_run("cnn"))
    (linked,) = study_link(runs).blocks
    (fit,) = linked.lengths
    assert (fit.workload, fit.n_runs, fit.n_lengths) == ("mlp-1", 4, 4)
    assert fit.energy_j_per_sample.value == pytest.approx(3e-3)
    assert fit.energy_j_per_epoch == pytest.approx(3.0)
    assert fit.energy_offset_j.value == pytest.approx(0.0, abs=1e-9)


def test_modelled_energies_and_missing_activations_are_noted():
    runs = [make_link_run(source="modelled", activation_bytes_per_sample=None)]
    (linked,) = study_link(runs).blocks
    assert linked.notes[0].startswith("energies are modelled from assumed watts")
    assert "bytes moved of 1 of 1 workloads hold the parameters only" in linked.notes[1]


def test_one_workload_is_enough_for_an_answer_without_figures():
    (linked,) = study_link([make_link_run()]).blocks
    assert all(k.correlation.pearson is None for k in linked.links)
    assert linked.comparison.reason.startswith("cannot tell: leaving a family out")


def test_bad_input_is_told():
    with pytest.raises(InsufficientDataError, match="there are no runs: measure some"):
        study_link([])
    with pytest.raises(UnknownNameError, match="no phase 'test': there are train"):
        study_link([make_link_run()], phase="test")
    with pytest.raises(ValueError, match=r"level must lie in \(0, 1\), got 95"):
        study_link([make_link_run()], level=95)


def test_the_published_run_table_gives_a_block_per_machine_and_way_of_training(
    delrey_table,
):
    study = study_link(read_runs(delrey_table))
    assert [(b.block.setup.hardware, len(b.block.points)) for b in study.blocks] == [
        ("GTX 750 Ti", 2),
        ("RTX 3070", 5),
        ("RTX 3070", 18),
        ("RTX 3090", 5),
        ("RTX 3090", 15),
    ]
    assert study.left_out == {"without an energy": 4}
    assert study.phases == ()
    verdicts = [f.verdict for b in study.blocks for f in b.lengths if not f.reason]
    assert len(verdicts) == 28
    # Ten frozen epochs cost less than the others: a line with an offset below zero.
    full = study.blocks[1].lengths
    assert {f.verdict for f in full} == {"linear with an offset"}
    assert all(f.energy_offset_j.high < 0 for f in full)
