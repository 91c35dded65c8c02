"""Power curves whose energy is known, and the windows in which they are measured."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes.nvml import (
    FakeDevice,
    FakeDriver,
    Trajectory,
    bursts,
    data_folder,
    recorded,
    square,
    steady,
    steps,
)

LONG_S = 12.3
SHORT_S = (0.02, 0.15, 0.5, 2.0)
CURVE_DURATION_S = 1800.0  # longer than the benchmark takes

JITTER_S = 0.004  # of the ticks of counter and power
RECORDED_S = 120.0  # of a recorded run, played over and over

# Name, run and start [s] of stretches with much change of power.
RECORDED = (
    ("recorded ResNet50, RTX 3090", "cloud-resnet50-20230308T175242", 90.0),
    ("recorded VGG16, RTX 3070", "local-v2-vgg16-20230305T000016", 240.0),
    ("recorded MobileNetV2, RTX 3070", "local-v2-mobilenet_v2-20230221T094535", 0.0),
)


@dataclass(frozen=True)
class Curve:
    """GPUs with their power.

    Of a ``steady`` one power never changes; with ``edges`` it jumps by hundreds of
    watts, so that what happens within a refresh of the counter matters.
    """

    name: str
    driver: FakeDriver
    kind: Literal["steady", "edges", "other"]


def repeated(trajectory: Trajectory, period_s: float) -> Trajectory:
    """Return the first `period_s` of a trajectory, over and over."""
    inside = (trajectory.time_s > 0) & (trajectory.time_s < period_s)
    first_w = trajectory.power_w[trajectory.time_s <= 0][-1]
    time_s = np.concatenate([[0.0], trajectory.time_s[inside]])
    power_w = np.concatenate([[first_w], trajectory.power_w[inside]])
    n_periods = int(CURVE_DURATION_S / period_s) + 1
    starts_s = np.arange(n_periods) * period_s
    return Trajectory((starts_s[:, None] + time_s).ravel(), np.tile(power_w, n_periods))


def curve(
    name: str,
    *trajectories: Trajectory,
    kind: Literal["steady", "edges", "other"] = "other",
    **options: bool | float,
) -> Curve:
    """Return a curve with one GPU per trajectory, from now on.

    The `options` are those of the devices.
    """
    options = {"counter_jitter_s": JITTER_S, "power_jitter_s": JITTER_S} | options
    devices = [FakeDevice(trajectory, **options) for trajectory in trajectories]
    return Curve(name, FakeDriver(devices), kind)


def curves(*, quick: bool = False) -> Iterator[Curve]:
    """Yield the curves that are measured in windows of `LONG_S`."""
    pulses = repeated(steps([(0, 70), (4, 600), (8, 70)]), 14.0)
    waves = square(duration_s=CURVE_DURATION_S)
    yield curve("steady 300 W", steady(300), kind="steady")
    yield curve("pulses 70/600/70 W", pulses, kind="edges")
    yield curve("square wave 100/500 W", waves, kind="edges")
    yield curve("two GPUs, 300 + 100 W", steady(300), steady(100), kind="steady")
    if quick:
        return
    rise = Trajectory(np.arange(2000) * 0.01, np.linspace(100, 500, 2000))
    yield curve("ramps 100 to 500 W", repeated(rise, 20.0))
    yield curve("bursts of 30 ms", bursts(duration_s=CURVE_DURATION_S))
    yield curve("pulses, GPU without counter", pulses, has_counter=False)
    yield curve("square wave, without counter", waves, has_counter=False)
    fast = {"counter_refresh_s": 0.02, "power_refresh_s": 0.02}
    name = "square wave, refresh 20 ms"
    yield curve(name, waves, kind="edges", **fast)
    if (data_folder() / "delrey2024" / "power.parquet").exists():
        for name, run_id, from_s in RECORDED:
            yield curve(name, repeated(recorded(run_id, from_s=from_s), RECORDED_S))


def short_curve() -> Curve:
    """Return the curve on which windows of `SHORT_S` are measured."""
    wave = square(250, 350, half_period_s=0.35, duration_s=CURVE_DURATION_S)
    return curve("square wave 250/350 W", wave, kind="edges")


def windows(
    lengths_s: Sequence[float], n_repeats: int, random: Random
) -> list[tuple[float, float, float]]:
    """Return a pause [s], a nominal and a true length [s] for each window.

    The pauses shift the phase. The true lengths differ by up to 50 ms, since whole
    refreshes of the counter would cancel what is wrong at the two edges. The shorter
    the windows, the more there are.
    """
    plan = []
    for length_s in lengths_s:
        n_windows = n_repeats * (12 if length_s < 0.3 else 8 if length_s < 1 else 4)
        spread_s = min(0.05, 0.1 * length_s)
        for _ in range(n_repeats if length_s > max(SHORT_S) else n_windows):
            pause_s = random.uniform(0.05, 0.35)
            true_s = length_s + random.uniform(-spread_s, spread_s)
            plan.append((pause_s, length_s, true_s))
    random.shuffle(plan)
    return plan
