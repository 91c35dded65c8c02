"""The demo with short runs and a steady sensor: its logic, not its figures."""

from datetime import UTC, datetime

import pytest

from isojoule import demo
from isojoule.records import Channel, Hardware
from isojoule.report.html import render_html
from isojoule.store import RunStore
from isojoule.suite import Configuration
from isojoule.suite.clips import CachedClips
from isojoule.workloads.synthetic import synthetic_clips


class SteadySensor:
    """12 W, assumed."""

    name, quantity = "steady", "power_w"
    channels = (Channel("cpu0_power_w", "cpu", "power_w", "cpu0", "modelled"),)

    def read(self, quantities=None):
        return (12.0,)

    def close(self):
        pass


@pytest.fixture
def quick(monkeypatch):
    clips = CachedClips(*synthetic_clips(16))
    monkeypatch.setattr(
        "isojoule.suite.settings.open_sensors", lambda: [SteadySensor()]
    )
    monkeypatch.setattr(demo, "open_clips", lambda settings, data: clips)


@pytest.fixture
def store(tmp_path):
    with RunStore.open(tmp_path / "runs") as opened:
        yield opened


def play(store, steps, *, stop_at=None):
    def on_step(step):
        if step.position == stop_at:
            raise KeyboardInterrupt
        steps.append(step)

    return demo.run_demo(store, duration_s=0.02, on_step=on_step)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_six_of_eight_models_are_predicted_with_an_interval_beside_the_truth(store):
    steps = []
    result = play(store, steps)
    assert [s.position for s in steps] == list(range(1, 17))
    assert {s.n_runs for s in steps} == {16}
    assert len(result.runs) == 16
    converted = result.conversion.converted
    assert len(converted) == 8
    assert len(result.conversion.references) == 2
    predicted = [c for c in converted if not c.is_reference]
    assert len(predicted) == 6
    for c in predicted:
        assert c.target_energy_j > 0
        assert c.estimate.provenance == "modelled"
        assert "log errors of 5 other" in c.estimate.uncertainty[0] or (
            "not positive" in c.estimate.uncertainty[0]
        )
    page = render_html(demo.describe_demo(result, now=datetime.now(UTC)))
    assert "modelled" in page
    assert all(c.observation.workload in page for c in converted)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_an_interrupted_demo_goes_on_where_it_stopped(store):
    first, second, third = [], [], []
    with pytest.raises(KeyboardInterrupt):
        play(store, first, stop_at=4)
    assert len(first) == 3
    result = play(store, second)
    assert result.n_kept == 3
    assert [s.position for s in second] == list(range(4, 17))
    assert len(store.runs()) == 16
    again = play(store, third)
    assert again.n_kept == 0  # that one was complete: a new demo measures anew
    assert len(third) == 16


def test_two_configurations_of_a_machine_without_gpu_are_one_thread_and_all(
    monkeypatch,
):
    monkeypatch.setattr(demo, "available_devices", lambda: ["cpu"])
    monkeypatch.setattr(demo, "probe_hardware", lambda: Hardware("x", n_cpus=6))
    assert demo.configurations() == (Configuration("cpu", 1), Configuration("cpu", 6))


def test_two_configurations_of_a_machine_with_gpu_are_cpu_and_gpu(monkeypatch):
    monkeypatch.setattr(demo, "available_devices", lambda: ["cpu", "cuda:0"])
    monkeypatch.setattr(demo, "probe_hardware", lambda: Hardware("x", n_cpus=6))
    assert demo.configurations() == (
        Configuration("cpu", 6),
        Configuration("cuda:0", 6),
    )
