"""An NVIDIA driver that this machine does not have, whose true energy is known.

`FakeDriver.write` puts a configuration into a folder and returns the environment in
which a process finds the library of `nvml.c` as its ``libnvidia-ml.so.1``: through the
real nvidia-ml-py, in a process of its own.

>>> driver = FakeDriver((FakeDevice(steady(300)),))
>>> environment = os.environ | driver.write(folder)
>>> subprocess.run([sys.executable, "job.py"], env=environment)
>>> driver.true_energy_j(begin_s, end_s)  # both by time.monotonic()
"""

import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import inf
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).with_name("nvml.c")

ERROR_NOT_SUPPORTED = 3
ERROR_FUNCTION_NOT_FOUND = 13
ERROR_GPU_IS_LOST = 15
ERROR_UNKNOWN = 999

ARCHITECTURE_PASCAL = 4
ARCHITECTURE_AMPERE = 7

# ---- trajectories ----


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Power that is constant from each time [s] to the next, and after the last.

    Times count from the start of the driver; the first power holds before it too.
    """

    time_s: np.ndarray
    power_w: np.ndarray

    def __post_init__(self):
        if not len(self.time_s) == len(self.power_w) > 0:
            raise ValueError("a trajectory needs as many powers as times")
        if not np.all(np.diff(self.time_s) > 0):
            raise ValueError("the times of a trajectory must increase")


def steps(pairs: Sequence[tuple[float, float]]) -> Trajectory:
    """Power by hand: pairs of a time [s] and the power from then on [W]."""
    time_s, power_w = np.array(pairs, dtype=float).T
    return Trajectory(time_s, power_w)


def steady(power_w: float) -> Trajectory:
    return steps([(0.0, power_w)])


def pulse(
    idle_w: float = 70.0,
    busy_w: float = 600.0,
    *,
    at_s: float = 4.0,
    for_s: float = 4.0,
) -> Trajectory:
    """Idle, busy once, idle again."""
    return steps([(0.0, idle_w), (at_s, busy_w), (at_s + for_s, idle_w)])


def square(
    low_w: float = 100.0,
    high_w: float = 500.0,
    *,
    half_period_s: float = 0.7,
    duration_s: float = 600.0,
) -> Trajectory:
    n = int(duration_s / half_period_s)
    return Trajectory(np.arange(n) * half_period_s, np.resize([low_w, high_w], n))


def ramp(
    low_w: float = 100.0,
    high_w: float = 500.0,
    *,
    duration_s: float = 20.0,
    step_s: float = 0.01,
) -> Trajectory:
    """A rise in small steps."""
    n = round(duration_s / step_s) + 1
    return Trajectory(np.arange(n) * step_s, np.linspace(low_w, high_w, n))


def bursts(
    idle_w: float = 100.0,
    busy_w: float = 500.0,
    *,
    burst_s: float = 0.03,
    period_s: float = 0.25,
    duration_s: float = 600.0,
) -> Trajectory:
    """Work shorter than the time between two readings."""
    starts_s = np.arange(int(duration_s / period_s)) * period_s
    time_s = np.column_stack([starts_s, starts_s + burst_s]).ravel()
    return Trajectory(time_s, np.resize([busy_w, idle_w], len(time_s)))


def idle_tail(
    busy_w: float = 400.0, idle_w: float = 60.0, *, busy_s: float = 3.0
) -> Trajectory:
    return steps([(0.0, busy_w), (busy_s, idle_w)])


def data_folder() -> Path:
    default = Path(__file__).parents[3] / "shared" / "data"
    return Path(os.environ.get("ISOJOULE_DATA", default))


def recorded(run_id: str, *, from_s: float = 0.0) -> Trajectory:
    """Readings of a real training (del Rey et al., CC BY 4.0), about one a second.

    Raises FileNotFoundError where the measurements are not there.
    """
    import duckdb

    path = data_folder() / "delrey2024" / "power.parquet"
    if not path.exists():
        raise FileNotFoundError(f"measurements not found at {path}; set ISOJOULE_DATA")
    columns = duckdb.execute(
        "SELECT t_ms / 1000.0 AS time_s, max(power_w)::DOUBLE AS power_w"
        " FROM read_parquet(?) WHERE run_id = ? GROUP BY t_ms ORDER BY t_ms",
        [str(path), run_id],
    ).fetchnumpy()
    if len(columns["time_s"]) == 0:
        raise KeyError(f"no run {run_id!r} in {path}")
    time_s = columns["time_s"].astype(float) - from_s
    # The reading that holds at the start stays.
    first = max(0, int(np.searchsorted(time_s, 0.0, side="right")) - 1)
    return Trajectory(time_s[first:], columns["power_w"][first:])


def true_energy_j(trajectory: Trajectory, start_s: float, end_s: float) -> float:
    """Return the exact energy [J] between two times of the trajectory [s]."""
    inner = (trajectory.time_s > start_s) & (trajectory.time_s < end_s)
    edges_s = np.concatenate([[start_s], trajectory.time_s[inner], [end_s]])
    at = np.searchsorted(trajectory.time_s, edges_s[:-1], side="right") - 1
    return float(trajectory.power_w[np.maximum(at, 0)] @ np.diff(edges_s))


# ---- driver ----


@dataclass(frozen=True)
class FakeProcess:
    """A process that the driver shows on a device; pid 0 is whoever asks."""

    pid: int
    memory_bytes: int = 2**30
    kind: str = "compute"


@dataclass(frozen=True)
class Fault:
    """A function that fails, or hangs and then answers.

    Write ``nvmlDeviceGetCount`` also for its newer forms ``_v2``, ``_v3``, and
    ``nvmlInit`` for all ways to start. `when` is ``once`` (the first call),
    ``forever``, ``call:N`` (only the N-th), ``after:N`` (all but the first N) or
    ``from:SECONDS``.
    """

    function: str
    when: str = "forever"
    code: int = ERROR_UNKNOWN
    hang_s: float | None = None
    device: int | None = None

    def line(self) -> str:
        word, _, number = {"once": "call:1", "forever": "after:0"}.get(
            self.when, self.when
        ).partition(":")
        if word not in {"call", "after", "from"}:
            raise ValueError(f"when is {self.when!r}")
        action = "fail" if self.hang_s is None else "hang"
        value = self.code if self.hang_s is None else self.hang_s
        return f"{action} {self.function} {word} {float(number)!r} {value!r}"


@dataclass(frozen=True)
class FakeDevice:
    """One GPU. Where `uuid` or `bus_id` is empty, its index makes one.

    The counter moves at ``counter_phase_s + k * counter_refresh_s``, each tick late by
    up to `counter_jitter_s`, always by the same amount; power likewise. Where a phase
    is None, the devices refresh one after the other. `averaging_s` is the running mean
    of ``nvmlDeviceGetPowerUsage`` (0: the power of the moment), `field_averaging_s`
    that of field 185. `gain` is what readings are of the truth. `mig_mode` is None
    where the GPU cannot be split. A reload of the driver at `reset_at_s` starts the
    counter again; from `lost_from_s` on the device is lost.
    """

    trajectory: Trajectory
    uuid: str = ""
    name: str = "NVIDIA A100-SXM4-80GB"
    bus_id: str = ""
    architecture: int = ARCHITECTURE_AMPERE
    memory_bytes: int = 80 * 2**30
    memory_used_bytes: int = 2 * 2**30
    power_limit_w: float = 700.0
    mig_mode: bool | None = None
    mig_uuids: tuple[str, ...] = ()
    has_counter: bool = True
    has_power: bool = True
    has_power_fields: bool = True
    averaging_s: float = 1.0
    field_averaging_s: float = 1.0
    counter_refresh_s: float = 0.1
    counter_phase_s: float | None = None
    counter_jitter_s: float = 0.0
    power_refresh_s: float = 0.1
    power_phase_s: float | None = None
    power_jitter_s: float = 0.0
    gain: float = 1.0
    counter_start_j: float = 5e6
    reset_at_s: float = inf
    lost_from_s: float = inf
    processes: tuple[FakeProcess, ...] = ()

    def lines(self, index: int, trajectory_path: Path) -> list[str]:
        # Devices do not refresh together; the golden ratio spreads them evenly.
        spread = (0.3 + 0.618 * index) % 1.0
        counter_phase_s = self.counter_phase_s
        if counter_phase_s is None:
            counter_phase_s = spread * self.counter_refresh_s
        power_phase_s = self.power_phase_s
        if power_phase_s is None:
            power_phase_s = ((spread + 0.37) % 1.0) * self.power_refresh_s
        values = {
            "uuid": self.uuid or f"GPU-{index:08x}-72d1-4106-812f-20bd9faed9f6",
            "name": self.name,
            "bus_id": self.bus_id or f"00000000:{index + 7:02X}:00.0",
            "architecture": self.architecture,
            "memory_bytes": self.memory_bytes,
            "memory_used_bytes": self.memory_used_bytes,
            "limit_mw": round(self.power_limit_w * 1000),
            "mig_mode": -1 if self.mig_mode is None else int(self.mig_mode),
            "has_counter": int(self.has_counter),
            "has_power": int(self.has_power),
            "has_power_fields": int(self.has_power_fields),
            "averaging": self.averaging_s,
            "field_averaging": self.field_averaging_s,
            "gain": self.gain,
            "counter_start": self.counter_start_j,
            "reset_at": self.reset_at_s,
            "lost_from": self.lost_from_s,
            "counter_refresh": f"{self.counter_refresh_s!r} {counter_phase_s!r} "
            f"{self.counter_jitter_s!r}",
            "power_refresh": f"{self.power_refresh_s!r} {power_phase_s!r} "
            f"{self.power_jitter_s!r}",
            "trajectory": trajectory_path,
        }
        lines = ["device", *(f"{key} {value}" for key, value in values.items())]
        lines += [f"mig_uuid {uuid}" for uuid in self.mig_uuids]
        lines += [f"process {p.pid} {p.memory_bytes} {p.kind}" for p in self.processes]
        return lines


@dataclass
class FakeDriver:
    """A driver with its devices.

    `start_s` is when the trajectories begin, by `time.monotonic`; where it is None they
    begin in each process at its first ``nvmlInit``, and no true energy is known.
    """

    devices: Sequence[FakeDevice]
    faults: Sequence[Fault] = ()
    driver_version: str = "570.86.15"
    start_s: float | None = field(default_factory=time.monotonic)

    def write(self, folder: Path) -> dict[str, str]:
        """Write the configuration; return the variables of the environment to set."""
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"driver_version {self.driver_version}"]
        if self.start_s is not None:
            lines.append(f"start {self.start_s!r}")
        lines += [f.line() for f in self.faults if f.device is None]
        for index, device in enumerate(self.devices):
            path = folder / f"gpu{index}.f64"
            pairs = np.column_stack(
                [device.trajectory.time_s, device.trajectory.power_w]
            )
            path.write_bytes(pairs.astype(np.float64).tobytes())
            lines += device.lines(index, path)
            lines += [f.line() for f in self.faults if f.device == index]
        configuration = folder / "nvml.conf"
        configuration.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return {
            "ISOJOULE_FAKE_NVML": str(configuration),
            "LD_LIBRARY_PATH": _prepended("LD_LIBRARY_PATH", library_folder()),
            "PATH": _prepended("PATH", _nvidia_smi_folder(folder, len(self.devices))),
        }

    def true_energy_j(
        self, start_s: float, end_s: float, *, device: int | None = None
    ) -> float:
        """Return the energy [J] between two times by `time.monotonic`.

        Of one device, or of all.
        """
        if self.start_s is None:
            raise ValueError("the trajectories begin at nvmlInit: no truth is known")
        devices = self.devices if device is None else [self.devices[device]]
        return sum(
            true_energy_j(d.trajectory, start_s - self.start_s, end_s - self.start_s)
            for d in devices
        )


def _prepended(variable: str, folder: Path) -> str:
    rest = os.environ.get(variable)
    return f"{folder}{os.pathsep}{rest}" if rest else str(folder)


def _nvidia_smi_folder(folder: Path, n_devices: int) -> Path:
    """Return a folder whose ``nvidia-smi`` answers: some tools only look for that."""
    folder = folder / "bin"
    folder.mkdir(exist_ok=True)
    script = folder / "nvidia-smi"
    script.write_text(f"#!/bin/sh\necho 'NVIDIA-SMI, {n_devices} GPUs'\n")
    script.chmod(0o755)
    return folder


@cache
def library_folder() -> Path:
    """Return the folder of ``libnvidia-ml.so.1``, built where this source is new.

    Raises CalledProcessError if the compiler does not take the source, and
    FileNotFoundError if there is none.
    """
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"isojoule-fake-nvml-{os.getuid()}-{digest}"
    library = folder / "libnvidia-ml.so.1"
    if not library.exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        # Built aside and moved: two test runs may do this at the same time.
        built = folder / f"{os.getpid()}.so"
        options = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        names = ["-Wl,-soname,libnvidia-ml.so.1", "-o", str(built), str(SOURCE)]
        subprocess.run(["cc", *options, *names, "-lm", "-lpthread"], check=True)
        built.replace(library)
    return folder
