import json

import pytest

from group_studies import studied
from isojoule.report.groups import groups_document


@pytest.fixture(scope="module")
def document():
    return json.loads(json.dumps(groups_document(studied()), allow_nan=False))


def test_the_document_says_what_was_asked_and_used(document):
    assert {k: document[k] for k in ("n_runs", "n_clean", "n_compared", "level")} == {
        "n_runs": 46,
        "n_clean": 45,
        "n_compared": 40,
        "level": 0.95,
    }
    assert (document["quantity"], document["correction"], document["score"]) == (
        "energy_j_per_sample",
        "holm",
        "f1",
    )
    assert document["n_tests"] == {"kruskal_wallis": 8, "dunn": 18}


def test_cleaning_holds_the_ids(document):
    steps = {s["name"]: s for s in document["cleaning"]["steps"]}
    assert steps["did not end by itself"]["removed"] == ["net/data/10-A-None-999-0"]
    assert document["cleaning"]["seed_spread"] is None


def test_values_are_raw_and_keys_do_not_change_with_the_quantity(document):
    factors = {f["factor"]: f for f in document["factors"]}
    (batch,) = factors["batch_size"]["comparisons"]
    assert [group["value"] for group in batch["groups"]] == [10, 20, 40]
    assert batch["held"]["memory"] == 16 * 2**30
    assert batch["groups"][0]["median"] == pytest.approx(102 / 50_000)
    assert len(batch["groups"][0]["run_ids"]) == 5
    pair = batch["pairs"][1]
    assert (pair["first"], pair["second"]) == (10, 40)
    assert pair["ratio"] == pytest.approx(0.25)
    assert batch["trends"][0]["against"] == "batch_size"
    other = groups_document(studied(quantity="power"))
    (by_power,) = (
        c
        for f in other["factors"]
        if f["factor"] == "batch_size"
        for c in f["comparisons"]
    )
    assert by_power.keys() == batch.keys()
    assert other["quantity"] == "mean_power_w"


def test_confounded_factors_and_values_without_a_counterpart_are_listed(document):
    factors = {f["factor"]: f for f in document["factors"]}
    (confounder,) = factors["hardware"]["comparisons"][0]["confounded_with"]
    assert (confounder["factor"], confounder["is_complete"]) == ("memory", True)
    assert factors["model"]["uncompared"] == [
        {"values": ["odd"], "confounded_with": ["task"]}
    ]


def test_the_trade_off_names_its_front(document):
    (board,) = document["trade_offs"]
    assert (board["score"], board["point"], board["task"]) == ("f1", 0.01, "data")
    front = [c["values"]["model"] for c in board["configurations"] if c["on_front"]]
    assert front == ["small", "large", "best"]
