"""A suite without waiting: a steady sensor, few clips, rules of parts of a second."""

from dataclasses import replace

import pytest

from isojoule.records import Channel
from isojoule.suite import FAST, Configuration, Session
from isojoule.suite.clips import CachedClips
from isojoule.workloads import SUITE
from isojoule.workloads.synthetic import synthetic_clips


class SteadySensor:
    """40 W, always; busy as told."""

    name, quantity = "steady", "power_w"
    channels = (
        Channel("cpu0_power_w", "cpu", "power_w", "cpu0"),
        Channel("cpu0_utilization_fraction", "cpu", "utilization_fraction", "cpu0"),
    )

    def __init__(self, busy_fraction=0.0):
        self.busy_fraction = busy_fraction

    def read(self, quantities=None):
        return (40.0, self.busy_fraction)

    def close(self):
        pass


RULES = replace(FAST, name="test", idle_s=0.0, max_warm_up_s=0.0, n_steps=2)


@pytest.fixture
def steady(monkeypatch):
    sensor = SteadySensor()
    monkeypatch.setattr("isojoule.suite.settings.open_sensors", lambda: [sensor])
    return sensor


@pytest.fixture(scope="module")
def clips():
    return CachedClips(*synthetic_clips(18, seed=1))


@pytest.fixture
def session_of():
    def make(*names, rules=RULES, **options):
        options.setdefault("configuration", Configuration("cpu", 1))
        options.setdefault("phases", ("train",))
        models = tuple(SUITE[name] for name in names)
        return Session(models, rules=rules, **options)

    return make
