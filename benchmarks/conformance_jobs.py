"""One tracker measuring windows in a process of its own, and many of these at once."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

WORKER = Path(__file__).with_name("conformance_trackers.py")


@dataclass(frozen=True)
class Variant:
    """A tracker at one sampling period; `None` is its default."""

    name: str
    tracker: str
    period_s: float | None = None

    @property
    def package(self) -> str:
        return self.tracker.partition("-")[0]


@dataclass
class Job:
    """Windows of one tracker on one curve, and what came of them."""

    curve: str
    variant: Variant
    windows: list[tuple[float, float, float]]
    environment: dict[str, str]
    true_energy_j: Callable[[float, float], float]
    kind: str = "steady"
    component: str = "gpu"
    tasks: bool = False
    powercap: Path | None = None
    wrapped: Callable[[Sequence[str]], list[str]] = list
    only_coverage: bool = False
    measured: list[dict] = field(default_factory=list)
    version: str = ""
    reason: str = ""

    def plan(self) -> dict:
        return {
            "tracker": self.variant.tracker,
            "period_s": self.variant.period_s,
            "component": self.component,
            "tasks": self.tasks,
            "windows": self.windows,
            "powercap": None if self.powercap is None else str(self.powercap),
            "settle_s": 0.3,
        }

    def run(self, python: str, folder: Path) -> None:
        """Measure in a process of its own; a failure becomes the reason."""
        folder.mkdir(parents=True)
        plan, answer = folder / "plan.json", folder / "answer.json"
        plan.write_text(json.dumps(self.plan()), encoding="utf-8")
        asleep_s = sum(pause_s + true_s for pause_s, _, true_s in self.windows)
        try:
            done = subprocess.run(
                self.wrapped([python, str(WORKER), str(plan), str(answer)]),
                env=self.environment | {"HOME": str(folder)},
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=2 * asleep_s + 120,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self.reason = "did not come back"
            return
        if not answer.exists():
            lines = done.stderr.strip().splitlines()
            self.reason = lines[-1] if lines else f"exit code {done.returncode}"
            return
        told = json.loads(answer.read_text(encoding="utf-8"))
        self.version = told["version"]
        self.measured = [
            w | {"true_j": self.true_energy_j(w["begin_s"], w["end_s"])}
            for w in told["windows"]
        ]


def bare_environment() -> dict[str, str]:
    """Return this environment without choices of devices, with no calls home."""
    environment = dict(os.environ)
    environment.pop("CUDA_VISIBLE_DEVICES", None)
    environment["CODECARBON_TELEMETRY_LEVEL"] = "disabled"
    return environment


def run_all(
    jobs: Sequence[Job], pythons: dict[str, str], folder: Path, *, n_parallel: int
) -> list[Job]:
    """Run the jobs whose tracker is here; return them."""
    jobs = [job for job in jobs if job.variant.package in pythons]
    done = 0
    lock = threading.Lock()

    def run(numbered: tuple[int, Job]) -> None:
        nonlocal done
        number, job = numbered
        job.run(pythons[job.variant.package], folder / f"{job.component}{number}")
        with lock:
            done += 1
            told = f": {job.reason}" if job.reason else ""
            name = f"{job.variant.name} on {job.curve}"
            print(f"{done}/{len(jobs)} {name}{told}", file=sys.stderr, flush=True)

    folder.mkdir()
    with ThreadPoolExecutor(n_parallel) as pool:
        list(pool.map(run, enumerate(jobs)))
    return jobs
