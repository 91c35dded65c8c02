import json
from datetime import UTC, datetime

import pytest

from isojoule.estimators.stopping.rule import StopRule
from isojoule.estimators.stopping.study import study_stopping
from isojoule.estimators.streaming import Subject
from isojoule.report.html import render_html
from isojoule.report.stopping import describe_worth, stop_document, summarize_stop
from isojoule.report.stopping_figures import draw_stopping
from isojoule.report.stopping_page import describe_stopping
from isojoule.report.stopping_tables import (
    decisions_table,
    marks_table,
    now_table,
    outcomes_table,
)
from isojoule.units import kwh_to_j
from score_curves import epochs_with, saturating

SUBJECT = Subject("resnet", "A40", "modelled", "gpu")
EPOCH_J = kwh_to_j(0.01)


def studied(scores, **options):
    rule = StopRule(**(options or {"price_j_per_point": kwh_to_j(0.03)}))
    return study_stopping(epochs_with(scores, energy_j=EPOCH_J), rule)


@pytest.fixture(scope="module")
def stopped():
    return studied(saturating(40, noise=0.005, seed=1))


def document_of(study, **options):
    return stop_document(study, run_id="r", score="f1", subject=SUBJECT, **options)


def test_the_document_holds_decision_and_forecast_and_is_json(stopped):
    document = json.loads(json.dumps(document_of(stopped), allow_nan=False))
    assert document["stop"] is True
    assert document["first_stop_epoch"] < 39
    assert document["price_j_per_point"] == pytest.approx(108_000.0)
    assert document["budget_j"] is None
    assert document["spent_j"] == pytest.approx(40 * EPOCH_J)
    assert document["gain"]["energy_j"] == pytest.approx(5 * EPOCH_J, rel=0.01)
    assert [m["fraction"] for m in document["marks"]] == [0.9, 0.95, 0.99]
    assert document["scope"] == "gpu"
    assert "outcomes" not in document


def test_the_document_holds_the_replay_where_asked(stopped):
    document = document_of(stopped, with_replay=True)
    names = [o["name"] for o in document["outcomes"]]
    assert names == ["rule", "patience 5", "patience 10", "hindsight", "all epochs"]
    assert len(document["decisions"]) == 40


def test_a_gain_of_nothing_has_no_price_in_json():
    study = studied([0.5] * 30)
    document = json.loads(json.dumps(document_of(study), allow_nan=False))
    assert document["stop"] is True


def test_the_decision_comes_first(stopped):
    first, *others = summarize_stop(stopped)
    assert first.startswith("Stop: ")
    assert any("said stop after epoch" in sentence for sentence in others)
    assert any("90, 95, 99 % of it were reached" in sentence for sentence in others)
    assert any("40 epochs took 0.4 kWh" in sentence for sentence in others)


def test_an_unknown_limit_is_told_as_unknown():
    sentences = summarize_stop(studied([0.1 + 0.01 * n for n in range(8)]))
    assert any("levels off is not known yet" in sentence for sentence in sentences)


def test_jumps_and_spikes_are_told():
    frozen = saturating(15, limit=0.4, rise=0.2, constant=3.0, noise=0.003, seed=1)
    tuned = saturating(20, limit=0.9, rise=0.3, constant=4.0, noise=0.003, seed=2)
    tuned[15] = 0.3
    sentences = summarize_stop(studied(frozen + tuned))
    assert "Another curve begins at epoch 15." in sentences
    assert any("scores of epochs 30." in sentence for sentence in sentences)


def test_what_was_asked_is_told_in_kwh(stopped):
    assert describe_worth(stopped) == "0.03 kWh per point of 0.01"
    budget = studied(saturating(10, noise=0.005), budget_j=kwh_to_j(2.5))
    assert describe_worth(budget) == "2.5 kWh in all"


def test_tables_are_in_kwh(stopped):
    now = {row["what"]: row for row in now_table(stopped).rows()}
    assert now["energy so far [kWh]"]["value"] == pytest.approx(0.4)
    ahead = now["energy of the next 5 epochs [kWh]"]
    assert ahead["value"] == pytest.approx(0.05, rel=0.01)
    points = now["points that the next 5 epochs bring"]["value"]
    assert now["points per kWh"]["value"] == pytest.approx(points / ahead["value"])
    assert now["kWh per point"]["value"] == pytest.approx(ahead["value"] / points)
    last = outcomes_table(stopped.replay).rows()[-1]
    assert (last["rule"], last["energy_kwh"]) == ("all epochs", pytest.approx(0.4))
    assert decisions_table(stopped.replay).rows()[3]["spent_kwh"] == pytest.approx(0.04)
    assert decisions_table(stopped.replay).rows()[3]["gain_points"] is None


def test_marks_of_best_and_limit_are_in_one_table(stopped):
    rows = marks_table(stopped).rows()
    assert [row["share_fraction"] for row in rows] == [0.9, 0.95, 0.99] * 2
    assert rows[0]["energy_kwh"] == pytest.approx(
        0.01 * (rows[0]["epoch"] + 1), rel=1e-9
    )


def test_a_budget_has_its_rows_and_no_net():
    study = studied(saturating(10, noise=0.005), budget_j=kwh_to_j(0.25))
    what = [row["what"] for row in now_table(study).rows()]
    assert "budget left [kWh]" in what
    assert "best score after 15 more epochs" in what
    assert "net_kwh" not in {c.name for c in outcomes_table(study.replay).columns}


def test_the_figure_is_there_as_files(stopped):
    figure, files = draw_stopping(stopped, "val_$f1$")
    assert set(files) == {".svg", ".png", ".pdf"}
    assert "val_$f1$" in figure.svg
    assert "the rule stops after epoch" in figure.alt
    assert draw_stopping(stopped, "val_$f1$")[0].svg == figure.svg


@pytest.mark.parametrize(
    "study",
    [
        studied([0.5] * 30),
        studied(saturating(10), budget_j=kwh_to_j(0.05)),
        studied(saturating(6), price_j_per_point=1.0, n_epochs=6),
        studied([None, *saturating(8), None], budget_j=kwh_to_j(1.0)),
    ],
    ids=["constant", "passed budget", "over", "without some scores"],
)
def test_odd_trainings_are_drawn_and_told_too(study):
    figure, _ = draw_stopping(study, "f1")
    page = describe_stopping(
        study, figure, score="f1", subject=SUBJECT, now=datetime(2026, 1, 1, tzinfo=UTC)
    )
    html = render_html(page)
    assert "Some energies here are modelled" in html
    assert all(sentence.endswith(".") for sentence in summarize_stop(study))


def test_the_page_says_stop(stopped):
    page = describe_stopping(
        stopped, None, score="f1", subject=SUBJECT, now=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert page.title == "Stop this training"
    assert "f1 of resnet on A40, after 40 epochs." in page.lead


def test_scores_in_percent_are_asked_for_their_point():
    percent = [100 * s for s in saturating(20)]
    assert any("--point 1" in told for told in summarize_stop(studied(percent)))
    share = studied(saturating(20))
    assert not any("--point 1" in told for told in summarize_stop(share))
