import json
from dataclasses import replace
from math import nan

import pytest

from compared import KWH, make_comparison, make_figure, make_rules, make_submission
from isojoule.report.comparison.document import (
    comparison_document,
    describe_agreements,
    describe_front,
    describe_provenance,
    describe_worth,
)

pytest.importorskip("scipy", reason="a comparison needs the compare extra")


@pytest.fixture
def document():
    return comparison_document(make_comparison())


def test_energies_are_in_joules_beside_what_was_stated_and_where(document):
    small = document["systems"][1]
    energy = small["energies"]["train"]
    assert small["label"] == "small"
    assert energy["energy_j"] == pytest.approx(1 * KWH)
    assert energy["energy_low_j"] == pytest.approx(0.5 * KWH)
    assert energy["provenance"] == "declared"
    stated = small["stated_energies_j"]["train"]
    assert stated["value"] == pytest.approx(2 * KWH)
    assert (stated["file"], stated["line"], stated["field"]) == ("all.csv", 3, "kwh")


def test_the_document_has_every_result(document):
    ranking = document["rankings"]["energy.train"]
    assert [row["label"] for row in ranking] == ["base", "small", "large", "odd"]
    everyone = document["cohorts"]["all systems"]
    assert everyone["fronts"][0]["members"] == ["small", "large"]
    assert everyone["marginal_costs"][0]["energy_j_per_point"] == pytest.approx(1.08e6)
    assert everyone["caps"][1]["max_value"] == pytest.approx(9e6)
    assert document["systems"][3]["refusals"] == {"test": "no test energy was stated"}
    assert document["findings"][0]["evidence"][0]["line"] == 3
    assert document["files"] == [
        {"path": "all.csv", "sha256": "ab" * 32, "n_bytes": 10}
    ]


def test_what_is_not_a_number_becomes_null():
    odd = make_submission("odd", scores={"f1": make_figure("nan", nan)})
    document = comparison_document(make_comparison(submissions=[odd]))
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text)["systems"][0]["scores"]["f1"]["value"] is None


def test_an_amended_figure_keeps_its_original():
    amended = make_figure("1", KWH, original=make_figure("9", 9 * KWH), reason="agreed")
    changed = make_submission("base", energies={"train": amended})
    document = comparison_document(make_comparison(submissions=[changed]))
    stated = document["systems"][0]["stated_energies_j"]["train"]
    assert stated["original"]["text"] == "9"
    assert stated["reason"] == "agreed"


def test_the_front_is_told_with_how_sure_it_is():
    told = describe_front(make_comparison(), "all systems")
    assert told[0] == (
        "By f1 and energy of train, 2 systems of 4 are on the front; 2 of them in at "
        "least 90 % of the draws."
    )
    assert len(told) == 1


def test_an_order_by_energy_alone_is_called_that():
    compared = make_comparison().cohorts["all systems"]
    (told,) = describe_agreements(compared)
    assert told == (
        "Weighted by the energy of train, f1 orders 4 systems with Kendall tau 0.00 to "
        "its own order and 1.00 to that from low energy: energy alone decides."
    )


def test_without_a_price_nothing_is_worthy_or_not():
    assert "no price" in describe_worth(make_comparison())
    priced = make_comparison(rules=make_rules(price_kwh_per_point=0.5))
    assert "costs at most 0.500 kWh" in describe_worth(priced)


def test_what_the_numbers_were_made_with_is_told():
    told = describe_provenance(make_comparison(rules=replace(make_rules(), seed=7)))
    assert "seed 7, 10,000 draws, level 90 %" in told[0]
    assert told[1] == (
        "Energies of train: method single-median, references on A100 & host: crnn "
        "(train) 2.00 kWh; baseline 1.00 kWh."
    )


def test_the_baseline_of_the_rules_is_one_without_a_mark_of_its_own():
    unmarked = make_submission("base", is_baseline=False)
    other = make_submission("small")
    document = comparison_document(make_comparison(submissions=[unmarked, other]))
    assert [s["is_baseline"] for s in document["systems"]] == [True, False]
