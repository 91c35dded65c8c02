import json
from datetime import UTC, datetime

import pytest

from isojoule.estimators.race import RaceRule, race
from isojoule.report.html import render_html
from isojoule.report.stopping_race import (
    front_of,
    race_document,
    race_table,
    summarize_race,
)
from isojoule.report.stopping_race_figures import draw_race
from isojoule.report.stopping_race_page import describe_race
from isojoule.units import kwh_to_j
from score_curves import epochs_with, saturating


def training(epoch_kwh, limit=None):
    scores = [None] * 10 if limit is None else saturating(12, limit=limit, constant=2.0)
    return epochs_with(scores, energy_j=kwh_to_j(epoch_kwh))


@pytest.fixture
def scored():
    return race(
        {
            "small": training(0.1, 0.8),
            "medium": training(0.2, 0.7),
            "large": training(0.4, 0.9),
        },
        RaceRule(n_epochs=15, bounds=(0.0, 1.0)),
    )


@pytest.fixture
def unscored():
    return race({"a": training(0.1), "b": training(0.1)}, RaceRule(n_epochs=20))


def test_the_front_leaves_out_what_another_beats_in_both(scored):
    assert [c.name for c in front_of(scored)] == ["small", "large"]


def test_the_table_is_in_kwh_and_has_scores_where_there_are_any(scored, unscored):
    row = race_table(scored).rows()[0]
    assert (row["name"], row["alike"]) == ("small", None)
    assert row["energy_kwh"] == pytest.approx(1.5, rel=0.01)
    assert row["spent_kwh"] == pytest.approx(1.2)
    assert row["score"] == pytest.approx(0.8, abs=0.02)
    assert "score" not in {c.name for c in race_table(unscored).columns}


def test_the_document_is_json_in_joules(scored, unscored):
    document = json.loads(json.dumps(race_document(scored, score="f1")))
    assert document["front"] == ["small", "large"]
    assert document["contenders"][0]["spent_j"] == pytest.approx(kwh_to_j(1.2))
    assert race_document(unscored, score=None)["front"] is None


def test_it_is_said_who_leads_and_who_cannot_be_told_apart(scored, unscored):
    said = summarize_race(scored)
    assert said[0].startswith("small takes the least energy, 1.5 kWh (")
    assert "All energies can be told apart." in said
    assert any("better score than: small, large." in sentence for sentence in said)
    assert "No energy can be told apart from another." in summarize_race(unscored)


def test_a_pair_is_named():
    found = race(
        {"a": training(0.1), "b": training(0.1), "c": training(0.5)},
        RaceRule(n_epochs=20),
    )
    assert "Energies that cannot be told apart: a and b." in summarize_race(found)


def test_intervals_above_one_bring_a_hint():
    found = race(
        {"a": training(0.1, 0.95), "b": training(0.2, 0.9)}, RaceRule(n_epochs=48)
    )
    highest = max(c.score_high for c in found.contenders)
    hints = [s for s in summarize_race(found) if "--bounds 0 1" in s]
    assert bool(hints) == (highest > 1)


def test_figure_and_page_are_there(scored, unscored):
    for found, n_panels in ((scored, 2), (unscored, 1)):
        figure, files = draw_race(found, "f1")
        assert set(files) == {".svg", ".png", ".pdf"}
        assert figure.svg.count("energy in all [kWh]") == n_panels
        page = describe_race(
            found, figure, provenance="modelled", now=datetime(2026, 1, 1, tzinfo=UTC)
        )
        assert "Some energies here are modelled" in render_html(page)


def test_a_score_too_far_ahead_is_left_empty_and_said():
    few = epochs_with(saturating(6, limit=0.9), energy_j=kwh_to_j(0.3))
    found = race({"known": training(0.1, 0.8), "few": few}, RaceRule(n_epochs=40))
    rows = race_table(found).rows()
    assert [row["score"] is None for row in rows] == [False, True]
    document = json.loads(json.dumps(race_document(found, score="f1"), allow_nan=False))
    assert document["front"] == ["known"]
    assert document["contenders"][1]["score_low"] is None
    assert "few: its score is not predicted from 6 scores" in summarize_race(found)[-1]
    figure, _ = draw_race(found, "f1")
    assert "<svg" in figure.svg
