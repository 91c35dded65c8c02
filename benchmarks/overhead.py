"""What metering costs: isojoule beside CodeCarbon and Zeus, paired in one run.

Every figure comes from a process of its own that does the same single-threaded NumPy
work under one tracker, or under none. A round has every tracker at every rate and two
bare runs, in random order; slowdown and memory are against the bare runs of the round.
All trackers see the same fake GPU (`tests/fakes/nvml.c`), so no GPU is needed. Run it
with nothing else running:

    python benchmarks/overhead.py --codecarbon-python CC/bin/python \
        --zeus-python ZEUS/bin/python

The peers live in environments of their own, with the NumPy of this one:

    python -m venv CC && CC/bin/pip install codecarbon==3.3.2 numpy==2.4.6
    python -m venv ZEUS && ZEUS/bin/pip install zeus==0.16.0 numpy==2.4.6
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from fakes.nvml import FakeDevice, FakeDriver, square  # noqa: E402
from isojoule.probe import probe_hardware  # noqa: E402

JOB = Path(__file__).with_name("overhead_job.py")
N_BARE = 2
QUIET = {  # one thread; no peer reports home
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
    ),
    "CODECARBON_TELEMETRY_LEVEL": "disabled",
}
MEMORY_BAR_MB = 15.0
SAMPLER_BAR_FRACTION = 0.002
BAR_HZ = 10.0
HEADINGS = (
    "|import|start|stop|memory over|helpers|slowdown|own threads|helpers",
    "|ms|ms|ms|bare NumPy, MB|MB|%|% of a core|% of a core",
)


@dataclass(frozen=True)
class Case:
    """A tracker at a rate, in its environment."""

    tracker: str
    python: str
    hz: float | None = None

    @property
    def label(self) -> str:
        return self.tracker if self.hz is None else f"{self.tracker}, {self.hz:g} Hz"


class JobError(Exception):
    """A job ended without figures; the message is its last line."""


def run_job(python: str, *arguments: str, env: dict[str, str], limit_s: float) -> dict:
    """Return what `overhead_job.py` found, run in a process and a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        try:
            done = subprocess.run(
                [python, str(JOB), str(result), *arguments],
                env=env,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=limit_s,
            )
        except subprocess.TimeoutExpired as error:
            raise JobError(f"not done after {limit_s:.0f} s") from error
        if done.returncode != 0 or not result.exists():
            lines = done.stderr.strip().splitlines()
            raise JobError(lines[-1] if lines else f"exit code {done.returncode}")
        return json.loads(result.read_text(encoding="utf-8"))


def cases_of(options: argparse.Namespace) -> list[Case]:
    """Return all trackers at all rates; those without an environment are left out."""
    found = [Case("bare", sys.executable)]
    found += [Case("isojoule", sys.executable, hz) for hz in options.rates]
    if options.codecarbon_python:
        python = options.codecarbon_python
        found += [Case("codecarbon", python, hz) for hz in options.rates]
    if options.zeus_python:
        python = options.zeus_python
        found.append(Case("zeus window", python))
        found += [Case("zeus power", python, hz) for hz in options.rates]
    return found


def run_case(case: Case, n_steps: int, env: dict[str, str], seconds: float) -> dict:
    arguments = ["--tracker", case.tracker, "--steps", str(n_steps)]
    if case.hz is not None:
        arguments += ["--hz", str(case.hz)]
    return run_job(case.python, *arguments, env=env, limit_s=4 * seconds + 120)


def warm_up(
    cases: Sequence[Case], env: dict[str, str]
) -> tuple[list[Case], dict[str, str]]:
    """Run each case once, briefly; return those that work, and why others do not.

    It fills the caches of the disk and compiles what is imported.
    """
    working, failed = [], {}
    for case in cases:
        say(f"warming up: {case.label}")
        try:
            run_case(case, 200, env, seconds=10)
        except JobError as error:
            failed[case.label] = str(error)
            say(f"left out: {case.label}: {error}")
        else:
            working.append(case)
    return working, failed


def run_round(
    cases: Sequence[Case], n_steps: int, env: dict[str, str], *, seconds: float
) -> list[dict]:
    """Return the figures of one round, with those against its bare runs."""
    figures = []
    for number, case in enumerate(cases, start=1):
        say(f"  {number}/{len(cases)} {case.label}")
        figures.append({"case": case.label, **run_case(case, n_steps, env, seconds)})
    bare = [f for f in figures if f["case"] == "bare"]
    work_s = statistics.mean(f["work_s"] for f in bare)
    resident_mb = statistics.mean(f["resident_mb"] for f in bare)
    for figure in figures:
        figure["slowdown_fraction"] = figure["work_s"] / work_s - 1
        figure["over_bare_mb"] = figure["resident_mb"] - resident_mb
    return figures


def summarize(label: str, runs: Sequence[dict]) -> dict:
    """Return median, lowest and highest of each figure of one case."""
    mine = [r for r in runs if r["case"] == label]
    row: dict[str, object] = {"case": label, "n_runs": len(mine)}
    for name in mine[0]:
        values = [r[name] for r in mine if isinstance(r[name], int | float)]
        if values:
            row[name] = statistics.median(values)
            row[f"{name}_range"] = [min(values), max(values)]
    return row


def describe_machine() -> dict[str, object]:
    hardware = probe_hardware()
    return {
        "cpu": hardware.cpu_name,
        "n_cpus": hardware.n_cpus,
        "system": f"{platform.system()} {platform.release()}",
        "load_before": os.getloadavg()[0],
    }


def render(document: dict) -> str:
    """Return the table and the verdicts as text."""
    machine, versions = document["machine"], document["versions"]
    title = (
        f"{machine['n_cpus']} x {machine['cpu']}, {machine['system']}, "
        f"{document['date'][:10]}; {document['n_rounds']} rounds of "
        f"{document['seconds']:g} s; GPU: {document['gpu']}; median (range)"
    )
    found = [
        f"{name}: " + ", ".join(f"{package} {v}" for package, v in of_tracker.items())
        for name, of_tracker in versions.items()
    ]
    failed = [f"{label:20} failed: {why}" for label, why in document["failed"].items()]
    failed += [
        f"{row['case']:20} reports no energy of the GPU: its cost is that of nothing"
        for row in document["rows"]
        if row["case"] != "bare" and not row.get("gpu_energy_j")
    ]
    heads = [_line(*heading.split("|")) for heading in HEADINGS]
    rows = [_row(row) for row in document["rows"]]
    ends = verdicts(document["rows"])
    return "\n".join([title, *found, "", *heads, *rows, *failed, "", *ends])


def _line(label: str, *cells: str) -> str:
    widths = (7, 7, 7, 21, 8, 20, 12, 12)
    return f"{label:20}" + "".join(
        f" {cell:>{width}}" for cell, width in zip(cells, widths, strict=True)
    )


def _row(row: dict) -> str:
    return _line(
        row["case"],
        *(f"{1e3 * row[name]:.0f}" for name in ("import_s", "start_s", "stop_s")),
        _spread(row, "over_bare_mb", 1),
        f"{row['helpers_mb']:.0f}",
        _spread(row, "slowdown_fraction", 100),
        f"{100 * row['threads_cpu_fraction']:.3f}",
        f"{100 * row['helpers_cpu_fraction']:.2f}",
    )


def _spread(row: dict, name: str, factor: float) -> str:
    low, high = (factor * value for value in row[f"{name}_range"])
    return f"{factor * row[name]:.1f} ({low:.1f} to {high:.1f})"


def verdicts(rows: Sequence[dict]) -> list[str]:
    """Return how isojoule at 10 Hz stands to its bars, where it was run."""
    by_case = {row["case"]: row for row in rows}
    ours = by_case.get(f"isojoule, {BAR_HZ:g} Hz")
    if ours is None:
        return []
    low, high = by_case["bare"]["slowdown_fraction_range"]
    memory = (
        f"memory over bare NumPy {ours['over_bare_mb']:.1f} MB, "
        f"at most {MEMORY_BAR_MB:g} MB"
    )
    sampler = (
        f"sampler thread {100 * ours['threads_cpu_fraction']:.3f} % of a core, "
        f"under {100 * SAMPLER_BAR_FRACTION:g} %"
    )
    slowdown = (
        f"slowdown {100 * ours['slowdown_fraction']:.2f} %, bare runs lie "
        f"{100 * low:.2f} to {100 * high:.2f} % from the mean of their round"
    )
    checks = (
        (memory, ours["over_bare_mb"] <= MEMORY_BAR_MB),
        (sampler, ours["threads_cpu_fraction"] < SAMPLER_BAR_FRACTION),
        (slowdown, ours["slowdown_fraction"] <= high),
    )
    return [f"{'met' if met else 'MISSED'}: {text}" for text, met in checks]


def say(text: str) -> None:
    """Tell of progress on stderr; stdout is for the result."""
    print(text, file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--codecarbon-python", help="interpreter that has CodeCarbon")
    parser.add_argument("--zeus-python", help="interpreter that has Zeus")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--rates", default="1,10,100", help="readings per second, with commas"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the order of the runs")
    parser.add_argument(
        "--real-gpu", action="store_true", help="leave the driver as the machine has it"
    )
    parser.add_argument(
        "--quick", action="store_true", help="2 rounds of 2 s at 10 Hz: a rough look"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.rates = 2, 2.0, "10"
    options.rates = [float(rate) for rate in options.rates.split(",")]
    return options


def main() -> None:
    options = parse_arguments()
    machine = describe_machine()
    if os.getloadavg()[0] > 0.3:
        say(f"the machine is busy (load {os.getloadavg()[0]:.1f}): figures will be off")
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, **QUIET}
        if not options.real_gpu:
            # It begins anew in each process; short, since the process holds it.
            driver = FakeDriver([FakeDevice(square(duration_s=600))], start_s=None)
            env |= driver.write(Path(folder))
        cases, failed = warm_up(cases_of(options), env)
        pythons = {c.tracker.split()[0]: c.python for c in cases}
        versions = {
            name: run_job(python, "--versions", name, env=env, limit_s=60)
            for name, python in pythons.items()
        }
        n_steps = run_job(
            sys.executable,
            *("--calibrate", str(options.seconds)),
            env=env,
            limit_s=options.seconds + 60,
        )["n_steps"]
        order = random.Random(options.seed)
        runs = []
        for number in range(1, options.rounds + 1):
            say(f"round {number} of {options.rounds}")
            shuffled = [*cases, *[cases[0]] * (N_BARE - 1)]
            order.shuffle(shuffled)
            figures = run_round(shuffled, n_steps, env, seconds=options.seconds)
            runs += [{"round": number, **figure} for figure in figures]
    document = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "gpu": "as in the machine" if options.real_gpu else "fake, 100/500 W square",
        "versions": versions,
        "seconds": options.seconds,
        "n_rounds": options.rounds,
        "n_steps": n_steps,
        "seed": options.seed,
        "rows": [summarize(case.label, runs) for case in cases],
        "failed": failed,
        "runs": runs,
    }
    print(json.dumps(document, indent=1) if options.json else render(document))


if __name__ == "__main__":
    main()
