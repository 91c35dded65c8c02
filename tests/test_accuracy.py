"""The real meter on a driver of known energy: what it says against the truth."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from fakes.nvml import FakeDevice, FakeDriver, bursts, square, steady

JOB = """
import json, random, sys, time
from isojoule import Meter

durations_s, seed = json.loads(sys.argv[1]), int(sys.argv[2])
rng = random.Random(seed)
spans = []
with Meter("job") as meter:
    for duration_s in durations_s:
        time.sleep(rng.uniform(0.02, 0.2))
        with meter.window("work"):
            begin_s = time.monotonic()
            time.sleep(duration_s)
            spans.append([begin_s, time.monotonic()])
energies = [
    [[e.energy_j, e.energy_low_j, e.energy_high_j, e.gain_error_fraction, e.source]
     for e in window.energies if e.component == "gpu"]
    for window in meter.run.windows
]
print(json.dumps([spans, energies, meter.run.refresh_s, meter.run.warnings]))
"""
SHORT_S = [0.02] * 12 + [0.15] * 8 + [0.5] * 3 + [2.0] * 2


@dataclass(frozen=True)
class Judged:
    """A window beside its truth."""

    duration_s: float
    error_fraction: float
    is_inside: bool
    source: str


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Windows of several devices, measured side by side in processes of their own."""
    devices = {
        "steady": FakeDevice(steady(300.0)),
        "square": FakeDevice(square(100.0, 500.0, half_period_s=0.7)),
        "bursts": FakeDevice(bursts()),
        "slow counter": FakeDevice(square(250.0, 350.0), counter_refresh_s=0.25),
        "jitter": FakeDevice(square(), counter_jitter_s=0.01),
        "no counter": FakeDevice(square(half_period_s=0.7), has_counter=False),
    }
    jobs = {}
    for number, (name, device) in enumerate(devices.items()):
        driver = FakeDriver((device,))
        environment = driver.write(tmp_path_factory.mktemp("driver"))
        command = [sys.executable, "-c", JOB, json.dumps(SHORT_S), str(number)]
        jobs[name] = (
            driver,
            subprocess.Popen(
                command, env=os.environ | environment, stdout=subprocess.PIPE, text=True
            ),
        )
    judged, records = {}, {}
    for name, (driver, process) in jobs.items():
        out, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        spans, energies, refresh_s, warnings = json.loads(out)
        records[name] = refresh_s, warnings
        judged[name] = [
            judge(driver, span, energy, duration_s)
            for span, (energy,), duration_s in zip(
                spans, energies, SHORT_S, strict=True
            )
        ]
    return judged, records


def judge(driver, span, energy, duration_s) -> Judged:
    energy_j, low_j, high_j, gain, source = energy
    true_j = driver.true_energy_j(*span)
    # The gain of this device is right: the bounds have to hold without that share.
    inside = low_j / (1 - gain) - 0.01 <= true_j <= high_j / (1 + gain) + 0.01
    return Judged(duration_s, energy_j / true_j - 1, inside, source)


pytestmark = pytest.mark.slow


def test_the_bounds_hold_on_every_curve_and_length(measured):
    windows = [w for of_device in measured[0].values() for w in of_device]
    assert sum(w.is_inside for w in windows) >= 0.95 * len(windows)


def test_two_seconds_of_steady_power_are_right_to_half_a_percent(measured):
    for window in measured[0]["steady"]:
        if window.duration_s >= 2.0:
            assert abs(window.error_fraction) < 0.005


def test_a_window_far_below_a_refresh_has_an_energy(measured):
    shortest = [w for w in measured[0]["steady"] if w.duration_s < 0.1]
    assert len(shortest) == 12
    assert all(abs(w.error_fraction) < 0.6 for w in shortest)


def test_the_counter_is_used_where_there_is_one(measured):
    judged, records = measured
    assert {w.source for w in judged["square"]} == {"counter"}
    assert {w.source for w in judged["no counter"]} == {"sampled"}
    assert records["no counter"][0] == {}


def test_the_refresh_is_measured_on_every_device(measured):
    refreshes = {name: r for name, (r, _) in measured[1].items() if r}
    assert refreshes["square"]["gpu0_energy_j"] == pytest.approx(0.1, rel=0.1)
    assert refreshes["slow counter"]["gpu0_energy_j"] == pytest.approx(0.25, rel=0.1)


def test_short_windows_are_told_of(measured):
    assert any("shorter than 10" in warning for warning in measured[1]["square"][1])
