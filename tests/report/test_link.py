import json
import re
from dataclasses import replace

import pytest

from isojoule.report.link import link_document, summarize_block, summarize_link
from isojoule.studies.link import study_link
from link_runs import make_link_run, suite_like_runs


def test_the_document_holds_in_json_and_every_row_has_every_key():
    runs = [*suite_like_runs("train", "test"), make_link_run("odd", hardware="A40")]
    document = link_document(study_link(runs))
    again = json.loads(json.dumps(document, allow_nan=False))
    assert set(again) == {"n_runs", "level", "left_out", "blocks", "train_test"}
    for block in again["blocks"]:
        for part in ("workloads", "correlations", "predictors", "lengths"):
            assert len({tuple(row) for row in block[part]}) <= 1
    h200 = [b for b in again["blocks"] if b["hardware"] == "NVIDIA H200"]
    assert [b["phase"] for b in h200] == ["train", "test"]
    assert (h200[0]["scope"], h200[0]["variant"]) == ("gpu", None)
    assert h200[0]["flop_is"] == "training_flop"
    assert len(h200[0]["compared_workloads"]) == 20
    assert again["train_test"][0]["n_pairs"] == 20


def test_what_was_left_out_is_in_the_document_and_in_the_summary():
    runs = [*suite_like_runs(), replace(make_link_run("odd"), status="failed")]
    study = study_link(runs)
    told = {"reason": "did not end by themselves", "n_runs": 1}
    assert link_document(study)["left_out"] == [told]
    assert summarize_link(study)[0] == (
        "20 of 21 runs used; left out: 1 did not end by themselves."
    )


def test_the_summary_names_the_best_of_what_is_known_before_and_after_a_run():
    study = study_link(suite_like_runs())
    before, after = summarize_block(study.blocks[0])[:2]
    found = re.match(r"Of what is known before a run, (\S+) does best", before)
    assert found[1] in {"flop", "additive", "roofline"}  # all of them made the energy
    assert "on a family that was left out: off by a factor of 1" in before
    assert after.startswith("Of what is known after a run, duration does best")


def test_a_winner_that_beats_nothing_is_said_to():
    energies_j = (5.0, 1.0, 4.0, 2.0, 6.0, 3.0, 5.5, 1.5)
    families = ("mlp", "cnn", "rnn", "crnn") * 2
    runs = [
        make_link_run(family, place + 1, energy_j=energy_j)
        for place, (family, energy_j) in enumerate(
            zip(families, energies_j, strict=True)
        )
    ]
    told = " ".join(summarize_block(study_link(runs).blocks[0]))
    assert "it is not shown to beat the mean of all other workloads" in told
    assert "not told apart from it" in told


def test_two_families_are_ranked_without_saying_who_is_worse():
    runs = [r for r in suite_like_runs() if r.workload.family in {"mlp", "cnn"}]
    told = summarize_block(study_link(runs).blocks[0])[0]
    assert "no interval: 2 families: an interval needs 3" in told
    assert "are worse is not known" in told


def test_one_phase_alone_says_that_it_cannot_be_compared():
    told = summarize_link(study_link(suite_like_runs()))
    assert told[-1].startswith("Training against testing: cannot tell")


def test_training_and_testing_are_told_with_their_interval():
    told = summarize_link(study_link(suite_like_runs("train", "test")))
    assert told[-2] == "train over test on NVIDIA H200, scope gpu, measured:"
    assert "takes 3 times the energy (" in told[-1]
    assert ") and 3 times the FLOP; geometric mean of 20 workloads." in told[-1]


def test_lengths_are_counted_by_what_they_say():
    runs = [make_link_run(n_epochs=n, repeat=n) for n in (1, 2, 4, 8)]
    runs += [make_link_run("cnn", n_epochs=n, repeat=n) for n in (1, 2)]
    told = " ".join(summarize_block(study_link(runs).blocks[0]))
    assert "Energy against samples in 1 workload: " in told
    assert "1 more workloads ran at lengths too few or too close to fit." in told


@pytest.mark.parametrize("phase", ["train", "test"])
def test_a_block_of_one_family_cannot_tell_what_predicts(phase):
    told = summarize_block(study_link([make_link_run(phase=phase)]).blocks[0])
    assert told[0].startswith("Which quantity predicts best: cannot tell: ")
