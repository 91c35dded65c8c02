"""The fake driver does what it claims, asked through the real nvidia-ml-py."""

import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from math import inf

import numpy as np
import pytest

from builders import skip_or_fail
from fakes.nvml import (
    ERROR_FUNCTION_NOT_FOUND,
    ERROR_GPU_IS_LOST,
    ERROR_NOT_SUPPORTED,
    ERROR_UNKNOWN,
    FakeDevice,
    FakeDriver,
    FakeProcess,
    Fault,
    bursts,
    data_folder,
    idle_tail,
    pulse,
    ramp,
    recorded,
    square,
    steady,
    steps,
    true_energy_j,
)

PRELUDE = """
import json, sys, time
import pynvml as nvml

def call(function, *arguments):
    try:
        return getattr(nvml, function)(*arguments)
    except nvml.NVMLError as error:
        return f"error {error.value}"

def field(handle, number, scope=0):
    value = nvml.nvmlDeviceGetFieldValues(handle, [(number, scope)])[0]
    if value.nvmlReturn:
        return f"error {value.nvmlReturn}"
    return value.value.ullVal if number == 83 else value.value.uiVal

nvml.nvmlInit()
gpu = call("nvmlDeviceGetHandleByIndex", 0)
say = lambda value: print(json.dumps(value))
"""


@pytest.fixture
def ask(tmp_path):
    """Return a function that runs code beside a driver and returns what it says."""

    if shutil.which("cc") is None:
        skip_or_fail("no C compiler: the fake driver cannot be built")

    def run(driver, code, *, prelude=PRELUDE):
        environment = os.environ | driver.write(tmp_path)
        environment.pop("CUDA_VISIBLE_DEVICES", None)
        done = subprocess.run(
            [sys.executable, "-c", prelude + code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def naive_energy_j(trajectory, start_s, end_s):
    spans = [-inf, *trajectory.time_s.tolist()[1:], inf]
    return sum(
        power_w * max(0.0, min(end_s, until_s) - max(start_s, from_s))
        for (from_s, until_s), power_w in zip(
            pairwise(spans), trajectory.power_w.tolist(), strict=True
        )
    )


def test_true_energy_of_a_pulse_is_the_sum_of_its_rectangles():
    power = pulse(70, 600, at_s=4, for_s=4)
    assert true_energy_j(power, 3, 10) == pytest.approx(70 + 4 * 600 + 2 * 70)
    assert true_energy_j(power, 5, 5.5) == pytest.approx(300)
    assert true_energy_j(power, -1, 1) == pytest.approx(140)


@pytest.mark.parametrize(
    "power",
    [steady(300), square(), ramp(), bursts(), idle_tail(), pulse()],
    ids=["steady", "square", "ramp", "bursts", "idle tail", "pulse"],
)
def test_true_energy_equals_a_plain_loop_over_all_steps(power):
    generator = np.random.default_rng(3)
    for _ in range(5):
        start_s, end_s = np.sort(generator.uniform(-2, 40, 2)).tolist()
        expected_j = naive_energy_j(power, start_s, end_s)
        assert true_energy_j(power, start_s, end_s) == pytest.approx(expected_j)


def test_true_energy_of_the_driver_is_on_the_monotonic_clock_and_of_all_devices():
    driver = FakeDriver(
        [FakeDevice(steady(300)), FakeDevice(steps([(0, 0), (2, 100)]))], start_s=1000.0
    )
    assert driver.true_energy_j(1001, 1003) == pytest.approx(600 + 100)
    assert driver.true_energy_j(1001, 1003, device=1) == pytest.approx(100)


def test_a_trajectory_must_go_forward():
    with pytest.raises(ValueError, match="increase"):
        steps([(0, 1), (0, 2)])


def test_a_recorded_run_holds_each_reading_until_the_next():
    path = data_folder() / "delrey2024" / "power.parquet"
    if not path.exists():
        skip_or_fail(f"measurements not found at {path}; set ISOJOULE_DATA")
    duckdb = pytest.importorskip("duckdb")
    run_id, until_s = duckdb.execute(
        "SELECT run_id, max(t_ms) / 1000 FROM read_parquet(?)"
        " GROUP BY run_id ORDER BY run_id LIMIT 1",
        [str(path)],
    ).fetchone()
    whole, later = recorded(run_id), recorded(run_id, from_s=10.5)
    assert whole.time_s[-1] == pytest.approx(until_s)
    assert later.time_s[0] <= 0 < later.time_s[1]
    expected_j = true_energy_j(whole, 10.5, 30.5)
    assert true_energy_j(later, 0, 20) == pytest.approx(expected_j)
    with pytest.raises(KeyError, match="no run"):
        recorded("no such run")


def test_the_counter_steps_at_its_ticks_and_lags_the_truth_by_one_refresh_at_most(ask):
    driver = FakeDriver([FakeDevice(steady(200), counter_refresh_s=0.1)])
    readings = ask(
        driver,
        """
readings = []
until = time.monotonic() + 0.45
while time.monotonic() < until:
    readings.append((time.monotonic(), nvml.nvmlDeviceGetTotalEnergyConsumption(gpu)))
    time.sleep(0.002)
say(readings)
""",
    )
    times_s, counter_mj = np.array(readings).T
    true_j = np.array([driver.true_energy_j(driver.start_s, t) for t in times_s])
    lags_s = (true_j - (counter_mj / 1000 - 5e6)) / 200
    assert lags_s.min() > -1e-3
    assert lags_s.max() < 0.1 + 5e-3
    values = np.unique(counter_mj)
    assert 4 <= len(values) <= 6
    assert np.diff(values) == pytest.approx(20_000, abs=1)


def test_power_is_a_mean_over_one_second_and_the_instant_field_is_not(ask):
    # 0.4 s after the step from 100 to 500 W, up to one refresh of 0.01 s ago.
    driver = FakeDriver(
        [FakeDevice(steps([(0, 100), (0.8, 500)]), power_refresh_s=0.01)]
    )
    answer = ask(
        driver,
        f"""
time.sleep(max(0.0, {driver.start_s} + 1.2 - time.monotonic()))
before = time.monotonic()
say([before, nvml.nvmlDeviceGetPowerUsage(gpu), field(gpu, 185), field(gpu, 186)])
""",
    )
    asked_s, usage_mw, average_mw, instant_mw = answer
    mean_w = driver.true_energy_j(asked_s - 1, asked_s)
    # 400 W per second of delay, over a refresh and the time between the two calls.
    assert usage_mw / 1000 == pytest.approx(mean_w, abs=8)
    assert average_mw == pytest.approx(usage_mw, abs=8000)
    assert instant_mw == 500_000


def test_an_old_gpu_has_neither_counter_nor_fields_and_power_of_the_moment(ask):
    old = FakeDevice(
        steps([(-10, 50.1234567), (-0.5, 80.0004)]),
        architecture=4,
        has_counter=False,
        has_power_fields=False,
        averaging_s=0,
        power_refresh_s=0.02,
    )
    answer = ask(
        FakeDriver([old]),
        """
say([call("nvmlDeviceGetTotalEnergyConsumption", gpu), field(gpu, 83),
     field(gpu, 185), field(gpu, 186), call("nvmlDeviceGetPowerUsage", gpu),
     call("nvmlDeviceGetArchitecture", gpu)])
""",
    )
    unsupported = f"error {ERROR_NOT_SUPPORTED}"
    assert answer == [*[unsupported] * 4, 80_000, 4]


def test_gain_scales_what_is_read_and_not_what_is_true(ask):
    driver = FakeDriver([FakeDevice(steady(200), gain=1.05)])
    assert ask(driver, "say(nvml.nvmlDeviceGetPowerUsage(gpu))") == 210_000
    assert driver.true_energy_j(driver.start_s, driver.start_s + 1) == 200


def test_devices_are_found_by_index_uuid_and_bus(ask):
    driver = FakeDriver(
        [
            FakeDevice(steady(100), name="NVIDIA A40"),
            FakeDevice(steady(50), uuid="GPU-second", bus_id="0000000A:0B:00.0"),
        ]
    )
    answer = ask(
        driver,
        """
second = nvml.nvmlDeviceGetHandleByUUID("GPU-second")
bus = nvml.nvmlDeviceGetHandleByPciBusId("0000000a:0b:00.0")
pci = nvml.nvmlDeviceGetPciInfo(second)
say([nvml.nvmlDeviceGetCount(), nvml.nvmlDeviceGetName(gpu),
     nvml.nvmlDeviceGetUUID(second), nvml.nvmlDeviceGetIndex(bus),
     pci.busId, [pci.domain, pci.bus, pci.device],
     nvml.nvmlDeviceGetPowerUsage(second),
     call("nvmlDeviceGetHandleByUUID", "GPU-none"),
     call("nvmlDeviceGetHandleByIndex", 2)])
""",
    )
    assert answer == [
        *(2, "NVIDIA A40", "GPU-second", 1, "0000000A:0B:00.0", [10, 11, 0], 50_000),
        *("error 6", "error 2"),
    ]


def test_what_explains_the_energy_is_there_in_the_layout_of_nvml(ask):
    driver = FakeDriver(
        [
            FakeDevice(
                steady(350),
                power_limit_w=700,
                memory_bytes=1000,
                memory_used_bytes=300,
                processes=(FakeProcess(4242, 77), FakeProcess(5, 1, "graphics")),
            )
        ],
        driver_version="550.1",
    )
    answer = ask(
        driver,
        """
memory = nvml.nvmlDeviceGetMemoryInfo(gpu)
version_2 = nvml.nvmlDeviceGetMemoryInfo(gpu, version=nvml.nvmlMemory_v2)
rates = nvml.nvmlDeviceGetUtilizationRates(gpu)
compute = nvml.nvmlDeviceGetComputeRunningProcesses(gpu)
graphics = nvml.nvmlDeviceGetGraphicsRunningProcesses(gpu)
say([[memory.total, memory.free, memory.used], version_2.used,
     [rates.gpu, rates.memory],
     [[p.pid, p.usedGpuMemory] for p in compute], [p.pid for p in graphics],
     nvml.nvmlDeviceGetTemperature(gpu, 0), nvml.nvmlDeviceGetTemperatureV(gpu, 0),
     nvml.nvmlDeviceGetClockInfo(gpu, nvml.NVML_CLOCK_SM),
     nvml.nvmlDeviceGetEnforcedPowerLimit(gpu),
     nvml.nvmlDeviceGetPowerManagementLimitConstraints(gpu),
     nvml.nvmlDeviceGetCurrentClocksThrottleReasons(gpu),
     nvml.nvmlSystemGetDriverVersion(), nvml.nvmlSystemGetCudaDriverVersion(),
     call("nvmlDeviceGetMigMode", gpu), call("nvmlDeviceGetFanSpeed", gpu)])
""",
    )
    assert answer == [
        *([1000, 700, 300], 300, [50, 25], [[4242, 77]], [5], 55, 55, 1410, 700_000),
        *([100_000, 700_000], 0, "550.1", 12080),
        *(f"error {ERROR_NOT_SUPPORTED}", f"error {ERROR_FUNCTION_NOT_FOUND}"),
    ]


def test_an_instance_of_a_split_gpu_has_a_name_but_no_energy(ask):
    split = FakeDevice(steady(100), mig_mode=True, mig_uuids=("MIG-a", "MIG-b"))
    answer = ask(
        FakeDriver([split]),
        """
instance = nvml.nvmlDeviceGetHandleByUUID("MIG-b")
same = nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 1)
say([nvml.nvmlDeviceGetMigMode(gpu), nvml.nvmlDeviceGetUUID(same),
     call("nvmlDeviceGetTotalEnergyConsumption", instance),
     call("nvmlDeviceGetUtilizationRates", gpu),
     call("nvmlDeviceGetMigDeviceHandleByIndex", gpu, 2) ])
""",
    )
    assert answer == [[1, 1], "MIG-b", "error 3", "error 3", "error 6"]


def test_faults_come_once_forever_at_a_call_after_some_and_on_one_device(ask):
    driver = FakeDriver(
        [FakeDevice(steady(100)), FakeDevice(steady(100))],
        faults=[
            Fault("nvmlDeviceGetName", "once"),
            Fault("nvmlDeviceGetUUID", "forever", ERROR_GPU_IS_LOST),
            Fault("nvmlDeviceGetIndex", "call:2"),
            Fault("nvmlDeviceGetArchitecture", "after:1", ERROR_NOT_SUPPORTED),
            Fault("nvmlDeviceGetPowerUsage", device=1),
            Fault("nvmlDeviceGetCount", "once", ERROR_FUNCTION_NOT_FOUND),
        ],
    )
    answer = ask(
        driver,
        """
other = nvml.nvmlDeviceGetHandleByIndex(1)
thrice = lambda name, *handle: [call(name, *handle) for _ in range(3)]
say([thrice("nvmlDeviceGetName", gpu)[:2], thrice("nvmlDeviceGetUUID", gpu),
     thrice("nvmlDeviceGetIndex", gpu), thrice("nvmlDeviceGetArchitecture", gpu),
     call("nvmlDeviceGetPowerUsage", gpu), call("nvmlDeviceGetPowerUsage", other),
     thrice("nvmlDeviceGetCount")])
""",
    )
    unknown = f"error {ERROR_UNKNOWN}"
    assert answer == [
        [unknown, "NVIDIA A100-SXM4-80GB"],
        ["error 15"] * 3,
        [0, unknown, 0],
        [7, "error 3", "error 3"],
        100_000,
        unknown,
        ["error 13", 2, 2],
    ]


def test_a_lost_device_answers_nothing_more_and_a_late_fault_waits_for_its_time(ask):
    driver = FakeDriver(
        [FakeDevice(steady(100), lost_from_s=0.3), FakeDevice(steady(100))],
        faults=[Fault("nvmlDeviceGetPowerUsage", "from:0.3", device=1)],
        start_s=None,
    )
    answer = ask(
        driver,
        """
other = nvml.nvmlDeviceGetHandleByIndex(1)
asked = lambda: [call("nvmlDeviceGetTotalEnergyConsumption", gpu) == "error 15",
                 call("nvmlDeviceGetPowerUsage", other)]
before = asked()
time.sleep(0.35)
say([before, asked()])
""",
    )
    assert answer == [[False, 100_000], [True, "error 999"]]


def test_a_call_can_hang_and_then_answers(ask):
    driver = FakeDriver(
        [FakeDevice(steady(100))],
        faults=[Fault("nvmlDeviceGetPowerUsage", "once", hang_s=0.2)],
    )
    answer = ask(
        driver,
        """
begin = time.monotonic()
first = nvml.nvmlDeviceGetPowerUsage(gpu)
middle = time.monotonic()
nvml.nvmlDeviceGetPowerUsage(gpu)
say([first, middle - begin, time.monotonic() - middle])
""",
    )
    assert answer[0] == 100_000
    assert answer[1] >= 0.2
    assert answer[2] < 0.2


def test_a_reload_of_the_driver_starts_the_counter_again(ask):
    driver = FakeDriver([FakeDevice(steady(100), reset_at_s=0.2)], start_s=None)
    before_mj, after_mj = ask(
        driver,
        """
counter = lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(gpu)
before = counter()
time.sleep(0.25)
say([before, counter()])
""",
    )
    assert before_mj > 4e9
    assert after_mj < 100_000


def test_late_ticks_are_the_same_in_every_process(ask):
    driver = FakeDriver([FakeDevice(ramp(), counter_jitter_s=0.05)], start_s=-1e5)
    code = "say([field(gpu, 83), time.monotonic()])"
    first, second = ask(driver, code), ask(driver, code)
    # 500 W since the end of the ramp: whole refreshes, each late by 0 to 0.05 s.
    refreshes = (second[0] - first[0]) / 1000 / 500 / 0.1
    assert refreshes == pytest.approx((second[1] - first[1]) / 0.1, abs=2)


def test_nothing_answers_before_init_and_after_shutdown(ask):
    answer = ask(
        FakeDriver([FakeDevice(steady(100))], faults=[Fault("nvmlInit", "call:2")]),
        """
nvml.nvmlShutdown()
closed = call("nvmlDeviceGetPowerUsage", gpu)
say([closed, call("nvmlInit"), call("nvmlInit"), call("nvmlDeviceGetCount")])
""",
    )
    assert answer == ["error 1", "error 999", None, 1]


def test_without_a_configuration_no_driver_is_loaded(ask):
    driver = FakeDriver([FakeDevice(steady(100))])
    answer = ask(
        driver,
        """
import json, os
os.environ["ISOJOULE_FAKE_NVML"] = "/nowhere"
import pynvml
try:
    pynvml.nvmlInit()
except pynvml.NVMLError_DriverNotLoaded:
    print(json.dumps("not loaded"))
""",
        prelude="",
    )
    assert answer == "not loaded"
