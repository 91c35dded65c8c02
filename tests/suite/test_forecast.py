from dataclasses import replace

import pytest

from isojoule.suite import FAST, STANDARD, run_jobs
from isojoule.suite.forecast import _amounts, _prices, forecast
from isojoule.workloads import SUITE

NAMES = ("rnn-1x128", "mlp-1x1024", "cnn-2x128", "crnn-1x1-64x64")


def test_prices_come_back_from_times_that_were_made_of_them():
    prices = (2e-3, 3e-9, 5e-12, 1e-5)
    steps_s = {n: float(_amounts(SUITE[n], "train") @ prices) for n in NAMES}
    assert _prices(steps_s) == pytest.approx(prices)


def test_no_price_is_negative():
    steps_s = dict.fromkeys(NAMES, 0.1)
    assert min(_prices(steps_s)) >= 0


def test_inference_pays_for_no_parameter_update():
    model = SUITE["mlp-1x512"]
    assert list(_amounts(model, "test")) == [1, 0, 8 * model.forward_flop_per_sample, 0]
    # Two layers of recurrence over 2048 steps in training.
    assert _amounts(SUITE["crnn-1x2-64x64"], "train")[3] == 4096


@pytest.mark.slow
@pytest.mark.usefixtures("steady")
def test_the_standard_takes_its_minute_and_its_rests(session_of, clips):
    session = session_of("rnn-1x128", rules=STANDARD)
    expected = forecast(session, session.jobs(), clips=clips)
    assert 60 + 2 * STANDARD.idle_s + STANDARD.rest_s < expected.total_s < 100
    assert expected.energy_j == pytest.approx(
        40.0 * (expected.total_s - 2 * STANDARD.idle_s - STANDARD.rest_s), rel=0.01
    )


@pytest.mark.slow
@pytest.mark.usefixtures("steady")
def test_the_pace_of_a_run_that_was_made_counts_more_than_the_probe(session_of, clips):
    session = session_of("rnn-1x128", rules=replace(FAST, n_steps=100, idle_s=0.0))
    (run,) = run_jobs(
        session, session.jobs(), clips=clips, on_stage=lambda job, stage: None
    )
    slow = replace(run, measures={"step_s": 7.0})
    expected = forecast(session, session.jobs(), clips=clips, past=[slow])
    assert 700 < expected.total_s < 740
