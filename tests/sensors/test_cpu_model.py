from collections import namedtuple
from math import nan

import psutil
import pytest

from isojoule.errors import SensorUnavailableError
from isojoule.sensors.cpu_model import CpuModelSensor

LinuxTimes = namedtuple(
    "LinuxTimes",
    "user nice system idle iowait irq softirq steal guest guest_nice",
    defaults=[0.0] * 10,
)
MacTimes = namedtuple("MacTimes", "user nice system idle")

UNKNOWN = pytest.approx([0.0, nan], nan_ok=True)


@pytest.fixture
def machine(monkeypatch):
    """Four cores, eight logical CPUs; `machine(times)` sets what the CPUs have done."""
    monkeypatch.delenv("ISOJOULE_CPU_TDP_W", raising=False)
    counts = {True: 8, False: 4}
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: counts[logical])
    state = {"times": LinuxTimes()}
    monkeypatch.setattr(psutil, "cpu_times", lambda: state["times"])

    def set_times(times=None, **counted):
        state["times"] = times or LinuxTimes(**counted)

    set_times.counts = counts
    return set_times


def test_energy_is_cores_times_twelve_watts_times_busy_time(machine):
    sensor = CpuModelSensor.open()
    machine(user=10.0, idle=100.0)
    assert sensor.read() == UNKNOWN
    machine(user=12.0, system=1.0, irq=0.5, softirq=0.5, idle=112.0)
    # 4 s busy of 16 s that 8 CPUs had in 2 s; 4 cores x 12 W x 0.25 x 2 s
    assert sensor.read() == pytest.approx([24.0, 0.25])
    machine(user=20.0, system=1.0, irq=0.5, softirq=0.5, idle=112.0)
    # 8 s more, all busy: 1 s at 48 W
    assert sensor.read() == pytest.approx([72.0, 1.0])


def test_the_tdp_replaces_the_cores(machine):
    sensor = CpuModelSensor.open(tdp_w=200.0)
    sensor.read()
    machine(user=2.0, idle=6.0)
    assert sensor.read() == pytest.approx([50.0, 0.25])


def test_the_tdp_may_come_from_the_environment(machine, monkeypatch):
    monkeypatch.setenv("ISOJOULE_CPU_TDP_W", " 65 ")
    sensor = CpuModelSensor.open()
    sensor.read()
    machine(user=8.0)
    assert sensor.read() == pytest.approx([65.0, 1.0])
    assert "65 W (ISOJOULE_CPU_TDP_W)" in sensor.assumption


def test_the_argument_wins_over_the_environment(machine, monkeypatch):
    monkeypatch.setenv("ISOJOULE_CPU_TDP_W", "65")
    assert "100 W (as given)" in CpuModelSensor.open(tdp_w=100.0).assumption


@pytest.mark.parametrize("text", ["sixty-five", "-65", "0", "nan", "inf", "65 W"])
def test_a_bad_tdp_in_the_environment_names_value_and_fix(machine, monkeypatch, text):
    monkeypatch.setenv("ISOJOULE_CPU_TDP_W", text)
    with pytest.raises(SensorUnavailableError) as caught:
        CpuModelSensor.open()
    assert f"ISOJOULE_CPU_TDP_W={text!r}" in caught.value.reason
    assert "ISOJOULE_CPU_TDP_W=65" in caught.value.remedy


@pytest.mark.parametrize("tdp_w", [0.0, -1.0, nan])
def test_a_bad_tdp_from_the_caller_is_a_value_error(machine, tdp_w):
    with pytest.raises(ValueError, match="tdp_w must be positive"):
        CpuModelSensor.open(tdp_w=tdp_w)


def test_waiting_and_stolen_time_is_not_load(machine):
    sensor = CpuModelSensor.open()
    sensor.read()
    machine(user=2.0, idle=2.0, iowait=2.0, steal=2.0)
    assert sensor.read() == pytest.approx([12.0, 0.25])


def test_guests_are_counted_once(machine):
    sensor = CpuModelSensor.open()
    sensor.read()
    # Linux has the 2 s of the guest in `user` as well.
    machine(user=2.0, guest=2.0, idle=6.0)
    assert sensor.read() == pytest.approx([12.0, 0.25])


def test_the_load_is_repeated_until_every_cpu_has_made_a_tick(machine):
    sensor = CpuModelSensor.open()
    sensor.read()
    machine(user=2.0, idle=6.0)
    assert sensor.read() == pytest.approx([12.0, 0.25])
    assert sensor.read() == pytest.approx([12.0, 0.25])
    # 0.07 s of the 0.08 s that eight CPUs take for a tick of 10 ms each
    machine(user=2.07, idle=6.0)
    assert sensor.read() == pytest.approx([12.42, 0.25])
    # The ticks since the last new load count, not those since the last reading.
    machine(user=2.08, idle=6.0)
    assert sensor.read() == pytest.approx([12.48, 1.0])


def test_the_load_is_unknown_until_time_has_passed(machine):
    sensor = CpuModelSensor.open()
    assert sensor.read() == UNKNOWN
    assert sensor.read() == UNKNOWN


def test_idle_time_that_steps_back_gives_no_load_above_one(machine):
    sensor = CpuModelSensor.open()
    machine(idle=5.0)
    sensor.read()
    machine(user=8.0, idle=4.9)
    assert sensor.read() == pytest.approx([48.0, 1.0])


def test_the_energy_never_falls(machine):
    sensor = CpuModelSensor.open()
    sensor.read()
    machine(user=8.0)
    assert sensor.read()[0] == 48.0
    machine(user=7.9)
    assert sensor.read()[0] == 48.0


def test_a_system_with_fewer_kinds_of_time_is_modelled_too(machine):
    machine(MacTimes(0.0, 0.0, 0.0, 0.0))
    sensor = CpuModelSensor.open()
    sensor.read()
    machine(MacTimes(2.0, 2.0, 2.0, 2.0))
    assert sensor.read() == pytest.approx([36.0, 0.75])


def test_logical_cpus_count_where_cores_are_unknown(machine):
    machine.counts[False] = None
    sensor = CpuModelSensor.open()
    sensor.read()
    machine(user=8.0)
    assert sensor.read() == pytest.approx([96.0, 1.0])


def test_the_assumption_names_watts_and_source(machine):
    assumption = CpuModelSensor.open().assumption
    assert "4 cores x 12 W x load (48 W at full load)" in assumption
    assert "doi:10.1002/advs.202100707" in assumption


def test_energy_is_flagged_as_modelled_and_load_as_measured(machine):
    energy, load = CpuModelSensor.open().channels
    assert (energy.name, energy.component, energy.provenance) == (
        "cpu0_energy_j",
        "cpu",
        "modelled",
    )
    assert (load.name, load.provenance) == ("cpu0_utilization_fraction", "measured")
