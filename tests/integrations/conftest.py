"""A sensor of known power, a store of its own, and what to look at in a run."""

import re
from pathlib import Path

import numpy as np
import pytest

from isojoule.meter import Meter
from isojoule.records import Channel, Hardware, Samples
from isojoule.sensors.replay import ReplaySensor
from isojoule.store import RunStore

POWER_W = 80.0
PAGE = Path(__file__).parents[2] / "docs" / "howto-callbacks.md"


STEADY = Samples(
    (Channel("gpu0_power_w", "gpu", "power_w", "gpu0"),),
    np.array([0.0]),
    np.array([[POWER_W]]),
)


@pytest.fixture
def options(tmp_path):
    """What a callback is given: a device that draws 80 W, always."""
    return {"sensors": [ReplaySensor.open(STEADY)], "store": tmp_path / "store"}


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def meter(clock):
    """A meter of 80 W that has not been started, by a clock that tests move."""
    sensor = ReplaySensor.open(STEADY, clock=clock)
    here = Hardware("test bench")
    return Meter("job", sensors=[sensor], hardware=here, clock=clock, hz=1)


@pytest.fixture(autouse=True)
def no_error_of_ours(caplog):
    """Fail where a warning of an error was held back, as warnings are errors here."""
    yield
    told = [r.getMessage() for r in caplog.get_records("call")]
    assert [t for t in told if t.endswith("the training goes on")] == []


@pytest.fixture
def stored(options):
    """Return the runs of the store, of which none may be live any more."""

    def read():
        with RunStore.open(options["store"]) as store:
            assert list((store.root / "journals").iterdir()) == []
            return store.runs()

    return read


@pytest.fixture
def labels():
    """Return name, phase and epoch of the windows in their order, checked."""

    def read(run):
        edges_s = [0.0]
        for window in run.windows:
            edges_s += [window.start_s, window.end_s]
            (energy,) = window.energies
            assert energy.energy_j == pytest.approx(POWER_W * window.duration_s)
        assert edges_s == sorted(edges_s)  # so that nothing is in two windows
        assert edges_s[-1] <= run.duration_s
        assert run.gpu_energy_j == pytest.approx(POWER_W * run.duration_s)
        return [(w.name, w.phase, w.epoch) for w in run.windows]

    return read


@pytest.fixture
def run_program_of_the_page(tmp_path, monkeypatch):
    """Run a program of the page and return the run that it kept."""

    def run(name):
        block = rf"<!-- test: file {name} -->\n```python\n(.*?)^```$"
        found = re.search(block, PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("ISOJOULE_STORE", str(tmp_path / "own"))
        exec(compile(found[1], name, "exec"), {"__name__": "__main__"})
        with RunStore.open() as store:
            (kept,) = store.runs()
        return kept

    return run
