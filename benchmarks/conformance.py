"""Energies of known truth: isojoule, CodeCarbon, Zeus, carbontracker on one device.

A fake NVIDIA driver (`tests/fakes/nvml.c`) plays power curves to all of them in one
run, each through its own nvidia-ml-py; a fake powercap tree does so for CPU packages.
Each tracker lives in an environment of its own, made once:

    for p in codecarbon==3.3.2 zeus==0.16.0 carbontracker==2.4.7; do
      python -m venv peers/${p%%=*} && peers/${p%%=*}/bin/pip install $p; done

    python benchmarks/conformance.py --codecarbon-python peers/codecarbon/bin/python \\
      --zeus-python peers/zeus/bin/python \\
      --carbontracker-python peers/carbontracker/bin/python

Those that are not found are left out. Takes about ten minutes, most of them asleep, and
a C compiler; the CPU rows of the others need root, for a mount namespace.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from random import Random

import conformance_powercap as powercap
import conformance_tables as tables
from conformance_curves import (
    JITTER_S,
    LONG_S,
    SHORT_S,
    Curve,
    FakeDevice,
    curves,
    short_curve,
    windows,
)
from conformance_jobs import Job, Variant, bare_environment, run_all

PEERS = ("codecarbon", "zeus", "carbontracker")
CPU_CURVE = "CPU, packages of 100 and 60 W"
CPU_S = 16.3
LOCKED_CURVE = "CPU, counters may not be read"
LOCKED_S = 4.0

OURS = Variant(tables.OURS, "isojoule")
CODECARBON = Variant("CodeCarbon", "codecarbon")
CODECARBON_FAST = Variant("CodeCarbon 0.1 s", "codecarbon", 0.1)
ZEUS_COUNTER = Variant("Zeus counter", "zeus")
ZEUS_APPROXIMATE = Variant("Zeus approximate", "zeus-approximate")
ZEUS_POWER = Variant("Zeus power", "zeus-power")
ZEUS_POWER_FAST = Variant("Zeus power 0.1 s", "zeus-power", 0.1)
CARBONTRACKER = Variant("carbontracker / PUE", "carbontracker")
CARBONTRACKER_FAST = Variant("carbontracker 0.1 s / PUE", "carbontracker", 0.1)

LONG_VARIANTS = (
    *(OURS, CODECARBON, CODECARBON_FAST, ZEUS_COUNTER, ZEUS_POWER_FAST),
    *(CARBONTRACKER, CARBONTRACKER_FAST),
)
# A task of CodeCarbon is not sampled; Zeus can approximate windows without a refresh.
SHORT_VARIANTS = (
    *(OURS, CODECARBON, ZEUS_COUNTER, ZEUS_APPROXIMATE, ZEUS_POWER_FAST),
    *(CARBONTRACKER, CARBONTRACKER_FAST),
)
TRACKERS = [
    v.name
    for v in (*LONG_VARIANTS[:4], ZEUS_APPROXIMATE, ZEUS_POWER, *LONG_VARIANTS[4:])
]
KEPT = ("true_j", "energy_j", "energy_low_j", "energy_high_j")
CPU_VARIANTS = (OURS, CODECARBON, CODECARBON_FAST, ZEUS_COUNTER, CARBONTRACKER)


def gpu_job(curve: Curve, variant: Variant, folder: Path, windows: list, **more) -> Job:
    written = curve.driver.write(folder / f"driver{zlib.crc32(curve.name.encode())}")
    return Job(
        curve.name,
        variant,
        windows,
        bare_environment() | written,
        curve.driver.true_energy_j,
        kind=curve.kind,
        **more,
    )


def gpu_jobs(
    options: argparse.Namespace, measured: Sequence[Curve], folder: Path
) -> Iterator[Job]:
    """Yield the longest jobs first, so that none is left alone at the end."""
    short, n = short_curve(), options.repeats
    for variant in SHORT_VARIANTS:
        random = seeded(options.seed, short.name, variant.name)
        plan = windows(SHORT_S, n, random)
        yield gpu_job(short, variant, folder, plan, tasks=True)
    for curve in measured:
        plan = windows(SHORT_S, n, seeded(options.seed, curve.name, "coverage"))
        yield gpu_job(curve, OURS, folder, plan, only_coverage=True)
    for curve in measured:
        for variant in LONG_VARIANTS:
            random = seeded(options.seed, curve.name, variant.name)
            yield gpu_job(curve, variant, folder, windows([LONG_S], n, random))


def cpu_jobs(
    options: argparse.Namespace, root: Path, name: str, length_s: float
) -> Iterator[Job]:
    """Yield jobs on a powercap tree; without a mount, only ours can be told of it."""
    can_mount = powercap.can_mount()
    for variant in CPU_VARIANTS if can_mount else (OURS,):
        random = seeded(options.seed, name, variant.name)
        yield Job(
            name,
            variant,
            windows([length_s], min(options.repeats, 3), random),
            bare_environment(),
            powercap.true_energy_j,
            component="cpu",
            powercap=None if can_mount else root,
            wrapped=partial(powercap.inside, root) if can_mount else list,
        )


def spinning_jobs(
    options: argparse.Namespace, measured: Sequence[Curve], folder: Path
) -> list[Job]:
    """Return jobs that keep CPU cores busy, for the end: one window each."""
    jobs = []
    for curve in measured[:3]:
        random = seeded(options.seed, curve.name, ZEUS_POWER.name)
        jobs.append(gpu_job(curve, ZEUS_POWER, folder, windows([LONG_S], 1, random)))
    return jobs


def seeded(seed: int, *names: str) -> Random:
    return Random(f"{seed} {' '.join(names)}")


def windows_by_place(jobs: Sequence[Job]) -> dict[tuple[str, float, str], list[dict]]:
    """Return the measured windows by curve, length and tracker."""
    by_place: dict[tuple[str, float, str], list[dict]] = {}
    for job in jobs:
        for _, length_s, _ in job.windows:
            by_place.setdefault((job.curve, length_s, job.variant.name), [])
        for window in job.measured:
            place = (job.curve, window["length_s"], job.variant.name)
            by_place[place].append(window)
    return by_place


def measure(options: argparse.Namespace, folder: Path) -> list[Job]:
    """Return all jobs, done."""
    pythons = pythons_of(options)
    measured = list(curves(quick=options.quick))
    with ExitStack() as trees:
        readable = trees.enter_context(powercap.powercap_tree(folder / "powercap"))
        locked = trees.enter_context(
            powercap.powercap_tree(folder / "locked", readable=False)
        )
        jobs = [
            *gpu_jobs(options, measured, folder),
            *cpu_jobs(options, readable, CPU_CURVE, CPU_S),
            *cpu_jobs(options, locked, LOCKED_CURVE, LOCKED_S),
        ]
        jobs = run_all(jobs, pythons, folder / "jobs", n_parallel=options.jobs)
    spinning = spinning_jobs(options, measured, folder)
    return jobs + run_all(spinning, pythons, folder / "spinning", n_parallel=1)


def pythons_of(options: argparse.Namespace) -> dict[str, str]:
    """Return the interpreter of each package that can be imported somewhere."""
    pythons = {"isojoule": sys.executable}
    for package in PEERS:
        given = getattr(options, f"{package}_python")
        if given is not None:
            pythons[package] = given
        elif find_spec(package) is not None:
            pythons[package] = sys.executable
        else:
            print(f"{package} is left out: not installed here", file=sys.stderr)
    return pythons


def report(jobs: Sequence[Job]) -> dict:
    """Return everything that came out, as plain data and as tables."""
    reasons = {(j.curve, j.variant.name): j.reason for j in jobs if j.reason}
    compared = windows_by_place([j for j in jobs if not j.only_coverage])
    cells = [
        tables.cell(*place, found, reasons.get((place[0], place[2]), ""))
        for place, found in compared.items()
    ]
    mine = [j for j in jobs if j.variant == OURS]
    ours = windows_by_place([j for j in mine if j.measured and j.curve != LOCKED_CURVE])
    coverages = [
        tables.coverage(curve, length_s, found)
        for (curve, length_s, _), found in ours.items()
    ]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} x {cpu_name()}, {platform.system()}, "
        f"Python {platform.python_version()}",
        "versions": {j.variant.package: j.version for j in jobs if j.version},
        "reasons": [[*place, reason] for place, reason in reasons.items()],
        "kinds": {j.curve: j.kind for j in jobs},
        "cells": cells,
        "coverage": coverages,
    }


def cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def show(told: dict, table: Callable[[Sequence[str], Sequence[Sequence[str]]], str]):
    """Return all tables as one text."""
    versions = ", ".join(f"{name} {v}" for name, v in told["versions"].items())
    parts = [f"{told['date']}, {told['machine']}. {versions}."]
    parts.append(table(*tables.ratios(told["cells"], TRACKERS)))
    parts.append(
        table(tables.COMPARISON_HEADER, tables.comparison(told["cells"], told["kinds"]))
    )
    parts.append(table(tables.COVERAGE_HEADER, tables.by_length(told["coverage"])))
    parts += [
        f"error: {tracker} on {curve}: {r}" for curve, tracker, r in told["reasons"]
    ]
    return "\n\n".join(parts)


def as_json(told: dict, jobs: Sequence[Job], options: argparse.Namespace) -> str:
    """Return the same with every single window, and how it was made."""
    plain = {
        "settings": {
            "seed": options.seed,
            "repeats": options.repeats,
            "processes": options.jobs,
            "counter_refresh_s": FakeDevice.counter_refresh_s,
            "power_refresh_s": FakeDevice.power_refresh_s,
            "refresh_jitter_s": JITTER_S,
            "power_averaging_s": FakeDevice.averaging_s,
        },
        **told,
        "cells": [asdict(cell) for cell in told["cells"]],
        "coverage": [asdict(coverage) for coverage in told["coverage"]],
        "windows": [
            {"curve": curve, "length_s": length_s, "tracker": tracker}
            | {k: column(found, k) for k in KEPT if any(k in w for w in found)}
            for (curve, length_s, tracker), found in windows_by_place(jobs).items()
        ],
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in plain.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def column(found: Sequence[dict], name: str) -> list[float | None]:
    """Return one value of each window, short enough to keep."""
    values = [window.get(name) for window in found]
    return [None if value is None else round(value, 4) for value in values]


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for package in PEERS:
        parser.add_argument(
            f"--{package}-python",
            metavar="PATH",
            help=f"Python of an environment with {package}; default: this one",
        )
    parser.add_argument("--repeats", type=int, default=8, help="windows per curve")
    parser.add_argument("--quick", action="store_true", help="few curves, 1 window")
    parser.add_argument("--jobs", type=int, default=24, help="processes at a time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    if options.quick:
        options.repeats = 1
    return options


def main() -> None:
    options = parsed()
    with tempfile.TemporaryDirectory(prefix="isojoule-conformance-") as folder:
        jobs = measure(options, Path(folder))
    told = report(jobs)
    print(show(told, tables.text_table))
    if options.json is not None:
        options.json.write_text(as_json(told, jobs, options), encoding="utf-8")
    if options.markdown is not None:
        options.markdown.write_text(show(told, tables.markdown_table), encoding="utf-8")


if __name__ == "__main__":
    main()
