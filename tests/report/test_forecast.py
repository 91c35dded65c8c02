import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from epochs_by_hand import epochs_from
from isojoule.estimators.stream.replay import replay
from isojoule.estimators.streaming import Subject
from isojoule.report.forecast import forecast_document, summarize_forecast
from isojoule.report.forecast_page import describe_forecast
from isojoule.report.forecast_tables import amounts_table, regimes_table, replay_table
from isojoule.report.tables import format_cell

TWO_KINDS = [60.0] + [50.0] * 9 + [150.0] + [120.0] * 19


def replayed(n_seen, n_epochs=30, energies_j=TWO_KINDS, **options):
    epochs = epochs_from(energies_j[:n_epochs])
    return replay(epochs, n_epochs=n_epochs, n_seen=n_seen, **options)


def test_spent_left_and_total_add_up():
    rows = amounts_table(replayed(20).last).rows()
    spent, left, total = (row["energy_j"] for row in rows)
    assert spent + left == pytest.approx(total)
    assert [row["what"] for row in rows] == ["so far", "left", "total"]
    assert rows[2]["energy_low_j"] < total < rows[2]["energy_high_j"]


def test_kinds_of_epochs_are_counted_since_the_start():
    told = replayed(20)
    rows = regimes_table(told.last, told.epochs[0].start_s).rows()
    assert [(r["start"], r["start_s"], r["n_epochs"]) for r in rows] == [
        (0, 0.0, 10),
        (10, 300.0, 10),
    ]
    assert [r["energy_j"] for r in rows] == [50.0, 120.0]
    assert rows[1]["mean_power_w"] == 4.0


def test_the_error_is_shown_only_where_the_end_is_known():
    known = replay_table(replayed(20))
    assert known.rows()[-1]["error_fraction"] == pytest.approx(0.0, abs=0.01)
    epochs = epochs_from(TWO_KINDS[:20])
    running = replay_table(replay(epochs, n_epochs=30))
    assert "error_fraction" not in {c.name for c in running.columns}


def test_before_an_announced_change_the_whole_is_not_forecast():
    told = replayed(8, changes_at=(10,))
    assert replay_table(told).rows()[-1]["energy_j"] is None
    assert replay_table(told).rows()[-1]["reason"] == "the work changes at epoch 10"
    assert "before epoch 10" in " ".join(summarize_forecast(told))


def test_sentences_say_how_far_and_how_sure():
    said = summarize_forecast(replayed(20))
    assert said[0].startswith("20 of 30 epochs are over, 59.")
    assert said[1].startswith("To come: 1.2 kJ, 0.0003333 kWh (0.000")
    assert said[1].endswith("intervals of 90 %.")
    assert said[-1].startswith("It took 2.94 kJ in the end")
    assert summarize_forecast(replayed(30))[1].startswith("To come: 0 J")


def test_a_resumed_training_is_told_by_the_numbers_of_its_epochs():
    epochs = [replace(e, index=e.index + 50) for e in epochs_from([50.0] * 10)]
    told = replay(epochs, n_epochs=60, n_seen=5)
    said = summarize_forecast(told)
    assert said[0] == "55 of 60 epochs are over, seen from epoch 50 on."
    assert forecast_document(told, run_id="r")["energy_fraction"] is None
    over = replay(epochs, n_epochs=60)
    assert summarize_forecast(over)[0].startswith("60 of 60 epochs are over, seen from")
    page = describe_forecast(over, None, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert "after 60 of 60 epochs" in page.lead
    assert page.facts[1].value == format_cell("spent_fraction", None)


def test_a_forecast_of_energy_that_was_not_seen_is_refused():
    said = summarize_forecast(replayed(8, energies_j=[0.0] * 30))
    assert "No forecast yet: the stable epochs took 0 J" in said[0]


def test_the_document_can_be_written_as_json():
    subject = Subject("w", "h", "modelled", "node")
    told = replayed(20, subject=subject)
    found = json.loads(
        json.dumps(
            forecast_document(told, run_id="r", with_replay=True), allow_nan=False
        )
    )
    assert (found["run_id"], found["workload"], found["scope"]) == ("r", "w", "node")
    assert sum(found["sources"].values()) == pytest.approx(1.0)
    assert len(found["replay"]) == 20
    assert found["energy_left_low_j"] < found["energy_left_j"]


def test_the_figure_says_what_it_shows():
    pytest.importorskip("matplotlib", reason="figures need the plots extra")
    from isojoule.report.forecast_figures import draw_forecast

    for told in (
        replayed(20),
        replayed(30),
        replayed(1),
        replayed(8, changes_at=(10,)),
        replayed(8, energies_j=[0.0] * 30),
    ):
        figure = draw_forecast(told)
        assert figure.alt.startswith("Energy per epoch and forecast of the total after")
        assert "<svg" in figure.svg
    assert draw_forecast(replayed(20)).svg == draw_forecast(replayed(20)).svg
