"""One run of `overhead.py`: a fixed NumPy job under one tracker, figures as JSON.

It runs in the environment of that tracker, so it needs only Python and NumPy besides.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

TICKS_PER_S = os.sysconf("SC_CLK_TCK")  # of CPU times in /proc

# A tracker is a generator: it imports, starts, and after the work stops; what it gives
# at the end is the GPU energy that it reports [J], which proves that it measured.
Tracker = Callable[[float, Path], Iterator[float | None]]


def bare(hz: float, folder: Path) -> Iterator[float | None]:
    del hz, folder
    yield None
    yield None
    yield None


def isojoule(hz: float, folder: Path) -> Iterator[float | None]:
    from isojoule import Meter, RunStore

    yield None
    store = RunStore.open(folder / "store")
    meter = Meter("overhead", hz=hz, store=store).start()
    yield None
    run = meter.stop()
    store.close()
    yield run.gpu_energy_j


def codecarbon(hz: float, folder: Path) -> Iterator[float | None]:
    from codecarbon import OfflineEmissionsTracker

    yield None
    tracker = OfflineEmissionsTracker(
        country_iso_code="FRA",
        measure_power_secs=1 / hz,
        output_dir=str(folder),
        log_level="error",
    )
    tracker.start()
    yield None
    tracker.stop()
    yield 3.6e6 * tracker.final_emissions_data.gpu_energy


def zeus_window(hz: float, folder: Path) -> Iterator[float | None]:
    from zeus.monitor import ZeusMonitor

    del hz  # it reads the counter at both edges only
    yield None
    monitor = ZeusMonitor(log_file=folder / "zeus.csv")
    monitor.begin_window("work", sync_execution=False)
    yield None
    yield monitor.end_window("work", sync_execution=False).total_energy


def zeus_power(hz: float, folder: Path) -> Iterator[float | None]:
    from zeus.monitor.power import PowerMonitor

    del folder
    yield None
    monitor = PowerMonitor(update_period=1 / hz)
    start_s = time.time()
    yield None
    energies_j = monitor.get_energy(start_s, time.time())
    monitor.stop()
    yield sum(energies_j.values()) if energies_j else None


TRACKERS: dict[str, Tracker] = {
    "bare": bare,
    "isojoule": isojoule,
    "codecarbon": codecarbon,
    "zeus window": zeus_window,
    "zeus power": zeus_power,
}


def work(n_steps: int) -> float:
    """Multiply matrices, call small functions, and run some Python, in one thread."""
    weights = np.random.default_rng(0).standard_normal((192, 192)) / 14
    state = weights
    total = 0.0
    for step in range(n_steps):
        state = np.tanh(state @ weights + 0.1)
        for row in state[:40]:
            total += float(row[step % 192])
    return total


def steps_for(duration_s: float) -> int:
    """Return how many steps of the work take about `duration_s` here."""
    n_steps, start_s = 0, time.perf_counter()
    while (elapsed_s := time.perf_counter() - start_s) < duration_s / 8:
        work(50)
        n_steps += 50
    return max(1, round(n_steps * duration_s / elapsed_s))


def read(path: Path) -> str:
    """Return the content of a file in /proc; nothing where the process has ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def resident_mb(process: Path = Path("/proc/self"), *, key: str = "VmRSS") -> float:
    """Return the resident memory of a process, or its peak (VmHWM) [MB]."""
    for line in read(process / "status").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def helpers() -> list[Path]:
    """Return the folders in /proc of all processes that descend from this one."""
    found, waiting = [], [Path("/proc/self")]
    while waiting:
        for children in waiting.pop().glob("task/*/children"):
            folders = [Path("/proc") / pid for pid in read(children).split()]
            found += folders
            waiting += folders
    return found


def helpers_cpu_s() -> float:
    """Return the CPU time of all processes that descend from this one, ended or not."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total_s = ended.ru_utime + ended.ru_stime
    for folder in helpers():
        fields = read(folder / "stat").rpartition(")")[2].split()
        total_s += sum(int(field) for field in fields[11:15]) / TICKS_PER_S
    return total_s


def other_threads_cpu_s() -> float:
    """Return the CPU time of all threads but this one, ended or not."""
    return time.process_time() - time.thread_time()


def measure(tracker: Tracker, hz: float, n_steps: int, folder: Path) -> dict:
    """Return what it cost to have the work tracked."""
    work(20)
    stage = tracker(hz, folder)
    numpy_mb = resident_mb()
    moments_s = [time.perf_counter()]
    next(stage)
    imported_mb = resident_mb()
    moments_s.append(time.perf_counter())
    next(stage)
    moments_s.append(time.perf_counter())
    threads_s, children_s = other_threads_cpu_s(), helpers_cpu_s()
    begin_s = time.perf_counter()
    work(n_steps)
    work_s = time.perf_counter() - begin_s
    threads_s = other_threads_cpu_s() - threads_s
    children_s = helpers_cpu_s() - children_s
    own_mb, helpers_mb = resident_mb(), sum(resident_mb(p) for p in helpers())
    begin_s = time.perf_counter()
    gpu_energy_j = next(stage)
    stop_s = time.perf_counter() - begin_s
    return {
        "import_s": moments_s[1] - moments_s[0],
        "start_s": moments_s[2] - moments_s[1],
        "stop_s": stop_s,
        "work_s": work_s,
        "threads_cpu_fraction": threads_s / work_s,
        "helpers_cpu_fraction": children_s / work_s,
        "numpy_mb": numpy_mb,
        "imported_mb": imported_mb,
        "resident_mb": own_mb,
        "helpers_mb": helpers_mb,
        "peak_mb": resident_mb(key="VmHWM"),
        "gpu_energy_j": gpu_energy_j,
    }


def versions(package: str | None) -> dict[str, str]:
    """Return the versions that decide whether environments can be compared."""
    found = {"python": platform.python_version(), "numpy": np.__version__}
    if package is not None:
        found[package] = importlib.metadata.version(package)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path, help="file to write the figures to")
    parser.add_argument("--calibrate", type=float, help="only: steps for so many s")
    parser.add_argument("--versions", help="only: versions, of this package too")
    parser.add_argument("--tracker", choices=TRACKERS, default="bare")
    parser.add_argument("--hz", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=1)
    options = parser.parse_args()
    if options.calibrate:
        document = {"n_steps": steps_for(options.calibrate)}
    elif options.versions:
        package = None if options.versions == "bare" else options.versions
        document = versions(package)
    else:
        document = measure(
            TRACKERS[options.tracker], options.hz, options.steps, options.result.parent
        )
    options.result.write_text(json.dumps(document), encoding="utf-8")


if __name__ == "__main__":
    main()
