"""What isojoule keeps when something breaks: the table of trials.

Kills at random moments come first: every child measures windows of a fake GPU whose
true energy is known (`tests/fakes/nvml.c`) and is killed with SIGKILL; then the next
isojoule command must find its run once, with all but the last second. After that the
tests of `tests/test_faults.py` are run and counted: failing, hanging and lost drivers,
disks, processes, clocks, visible devices.

    python benchmarks/faults.py

takes about six minutes, prints the table and writes ``results/faults.json``; with
``--quick`` it takes 20 s and writes nothing.
"""

import argparse
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from fakes.nvml import FakeDevice, FakeDriver, square  # noqa: E402
from isojoule import RunStore  # noqa: E402
from isojoule.probe import probe_hardware  # noqa: E402
from isojoule.records import ComponentEnergy, Run  # noqa: E402

JOB = Path(__file__).with_name("faults_job.py")
TESTS = ROOT / "tests" / "test_faults.py"
PROMISED_S = 1.0  # a kill may cost the last second
LATE_EVENT_S = 0.3  # an event is noted after what it tells of
PATIENCE_S = 60.0
RESULTS = Path(__file__).with_name("results") / "faults.json"
HEADINGS = ("fault", "trials", "as promised", "worst loss", "energy in its bounds")
MEANING = (
    "Loss: readings before the kill that are gone; GPU energy of a run of 0.5 to 4 s, "
    "many at a time, against the truth, which lies in its bounds (and 0.1 s of power)."
)


@dataclass
class Trial:
    """One kill and what became of its run; `broken` says which promise was not kept."""

    fault: str
    broken: list[str] = field(default_factory=list)
    lost_s: float | None = None
    n_energies: int = 0
    n_in_bounds: int = 0
    killed_after_s: float | None = None

    def require(self, promise: str, *, kept: bool) -> None:
        if not kept:
            self.broken.append(promise)


@dataclass
class Bench:
    """A folder of its own with a fake GPU for one trial."""

    folder: Path
    driver: FakeDriver
    environment: dict[str, str]
    random: random.Random

    @classmethod
    def new(cls, folder: Path, seed: int) -> "Bench":
        folder.mkdir(parents=True)
        driver = FakeDriver([FakeDevice(square(duration_s=120))])
        environment = os.environ | driver.write(folder / "driver")
        for variable in ("CUDA_VISIBLE_DEVICES", "LOCAL_RANK", "ISOJOULE_STORE"):
            environment.pop(variable, None)
        return cls(folder, driver, environment, random.Random(seed))

    def start(self, *command: str) -> subprocess.Popen:
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, *command],
                env=self.environment,
                stdout=output,
                stderr=output,
            )

    def events(self, what: str) -> list[float]:
        """Return when something happened, by `time.monotonic` [s]."""
        path = self.folder / "events"
        lines = path.read_text().splitlines() if path.exists() else []
        pairs = [line.split() for line in lines]
        return [float(time_s) for name, time_s in pairs if name.startswith(what)]

    def wait_for(self, what: str, child: subprocess.Popen) -> None:
        """Return once something happened.

        Raises TimeoutError if it does not, RuntimeError if the child ends before.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        while not self.events(what):
            if child.poll() is not None:
                raise RuntimeError((self.folder / "output").read_text())
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"no {what!r} after {PATIENCE_S:.0f} s")
            time.sleep(0.002)

    def kill(self, child: subprocess.Popen, *, within_s: tuple[float, float]) -> float:
        """Kill the child at a random moment; return when that was [s]."""
        time.sleep(self.random.uniform(*within_s))
        killed_s = time.monotonic()
        child.kill()
        child.wait(PATIENCE_S)
        return killed_s

    def listed(self) -> list[str]:
        """Return the ids of the runs that the next isojoule command lists."""
        arguments = ["runs", "list", "--json", "--store", str(self.folder / "store")]
        done = subprocess.run(
            [sys.executable, "-m", "isojoule", *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=PATIENCE_S,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return [run["run_id"] for run in json.loads(done.stdout)]

    def the_run(self, trial: Trial) -> Run | None:
        """Return the only run; it must be there once, however often one looks."""
        ids, again = self.listed(), self.listed()
        trial.require("the run is there once", kept=len(ids) == 1 and ids == again)
        left = [p.name for p in (self.folder / "store" / "journals").iterdir()]
        trial.require("no journal is left", kept=not left)
        if not ids:
            return None
        with RunStore.open(self.folder / "store", create=False) as store:
            return store.get(ids[0])

    def check_energies(self, run: Run, trial: Trial) -> None:
        """Compare the run and its windows with the true energy."""
        (origin_s,) = self.events("origin")
        spans = [(run.start_s, run.duration_s or 0.0, run.energies)]
        spans += [(w.start_s, w.duration_s, w.energies) for w in run.windows]
        for start_s, duration_s, energies in spans:
            gpu = gpu_of(energies)
            if gpu is None or gpu.energy_j is None:
                continue
            begin_s = origin_s + start_s
            true_j = self.driver.true_energy_j(begin_s, begin_s + duration_s)
            trial.n_energies += 1
            trial.n_in_bounds += gpu.energy_low_j <= true_j <= gpu.energy_high_j

    def check_journal(self, run: Run, trial: Trial, killed_s: float) -> None:
        """What is older than a second must be in a run that was recovered."""
        (origin_s,) = self.events("origin")
        last_s = float(run.samples.time_s[-1]) if run.samples is not None else 0.0
        trial.lost_s = killed_s - origin_s - last_s
        trial.require("a second is lost at most", kept=trial.lost_s <= PROMISED_S)
        trial.require("the run is marked", kept=run.status == "recovered")
        old_s = killed_s - PROMISED_S
        opened = [t for t in self.events("open") if t < old_s]
        closed = [t - origin_s for t in self.events("close") if t < old_s]
        trial.require("windows are kept", kept=len(run.windows) >= len(opened))
        ends_s = [w.end_s for w in run.windows]
        trial.require(
            "ends of windows are kept",
            kept=all(any(t - LATE_EVENT_S <= e <= t for e in ends_s) for t in closed),
        )


def gpu_of(energies: Sequence[ComponentEnergy]) -> ComponentEnergy | None:
    return next((e for e in energies if e.component == "gpu"), None)


# ---- kills ----


@contextmanager
def ended(child: subprocess.Popen) -> Iterator[subprocess.Popen]:
    """Leave no child behind."""
    try:
        yield child
    finally:
        child.kill()
        child.wait(PATIENCE_S)


def killed_while_measuring(bench: Bench, trial: Trial) -> None:
    with ended(bench.start(str(JOB), str(bench.folder), "--measure", "60")) as child:
        bench.wait_for("origin", child)
        killed_s = bench.kill(child, within_s=(0.05, 3.0))
    trial.killed_after_s = killed_s - bench.events("origin")[0]
    run = bench.the_run(trial)
    if run is not None:
        bench.check_journal(run, trial, killed_s)
        bench.check_energies(run, trial)


def killed_while_starting(bench: Bench, trial: Trial) -> None:
    """There is no run yet, or there is one; the store is good for the next one."""
    with ended(bench.start(str(JOB), str(bench.folder), "--measure", "60")) as child:
        bench.kill(child, within_s=(0.0, 0.6))
    (bench.folder / "events").unlink(missing_ok=True)
    with ended(bench.start(str(JOB), str(bench.folder), "--measure", "0")) as child:
        child.wait(PATIENCE_S)
    trial.require("the next run is measured", kept=child.returncode == 0)
    ids = bench.listed()
    trial.require("there is one run more at most", kept=len(ids) in {1, 2})
    with RunStore.open(bench.folder / "store", create=False) as store:
        runs = store.runs(with_samples=True)
    statuses = [run.status for run in runs]
    trial.require(
        "the killed one is marked",
        kept=statuses in (["complete"], ["recovered", "complete"]),
    )
    left = list((bench.folder / "store" / "journals").glob("*.jsonl"))
    trial.require("no journal is left", kept=not left)
    bench.check_energies(runs[-1], trial)


def killed_while_ending(bench: Bench, trial: Trial) -> None:
    with ended(bench.start(str(JOB), str(bench.folder), "--measure", "0.3")) as child:
        bench.wait_for("ending", child)
        killed_s = bench.kill(child, within_s=(0.0, 0.4))
    run = bench.the_run(trial)
    if run is None:
        return
    if run.status == "recovered":
        bench.check_journal(run, trial, killed_s)
    trial.require("the run is known", kept=run.status in {"recovered", "complete"})
    bench.check_energies(run, trial)


def measured(bench: Bench, *arguments: str) -> subprocess.Popen:
    store = ("--store", str(bench.folder / "store"))
    command = (sys.executable, str(JOB), str(bench.folder), *arguments)
    return bench.start("-m", "isojoule", "measure", *store, "--", *command)


def killed_wrapper(bench: Bench, trial: Trial) -> None:
    """The command goes on by itself."""
    with ended(measured(bench, "--sleep", "1.5")) as wrapper:
        bench.wait_for("begun", wrapper)
        bench.kill(wrapper, within_s=(0.0, 1.4))
    deadline_s = time.monotonic() + PATIENCE_S
    while not bench.events("done") and time.monotonic() < deadline_s:
        time.sleep(0.01)
    trial.require("the command ends by itself", kept=bool(bench.events("done")))
    run = bench.the_run(trial)
    trial.require("marked", kept=run is not None and run.status == "recovered")


def killed_command(bench: Bench, trial: Trial) -> None:
    """We are seen to die as the command did."""
    with ended(measured(bench, "--sleep", "60")) as wrapper:
        bench.wait_for("begun", wrapper)
        time.sleep(bench.random.uniform(0.0, 0.8))
        name = (bench.folder / "events").read_text().split()[0]
        os.kill(int(name.partition("-")[2]), signal.SIGKILL)
        wrapper.wait(PATIENCE_S)
    trial.require("the signal is passed on", kept=wrapper.returncode == -signal.SIGKILL)
    run = bench.the_run(trial)
    trial.require(
        "the exit code is kept",
        kept=run is not None and run.exit_code == -signal.SIGKILL,
    )


def command_that_ends(bench: Bench, trial: Trial) -> None:
    code = bench.random.randrange(256)
    with ended(measured(bench, "--sleep", "0.2", "--exit", str(code))) as wrapper:
        wrapper.wait(PATIENCE_S)
    trial.require("the exit code is its own", kept=wrapper.returncode == code)
    run = bench.the_run(trial)
    trial.require(
        "the exit code is kept", kept=run is not None and run.exit_code == code
    )


KILLS: dict[str, tuple[Callable[[Bench, Trial], None], float]] = {
    # fault: what is done, and how often for each trial of the first
    "SIGKILL while measuring": (killed_while_measuring, 1.0),
    "SIGKILL while starting": (killed_while_starting, 0.25),
    "SIGKILL while ending": (killed_while_ending, 0.5),
    "SIGKILL of `isojoule measure`": (killed_wrapper, 0.1),
    "SIGKILL of the measured command": (killed_command, 0.1),
    "the measured command fails": (command_that_ends, 0.1),
}


def run_kills(options: argparse.Namespace, folder: Path) -> list[Trial]:
    """Return what came of all kills, a few at a time."""
    plans = [
        (Trial(fault), act, folder / f"{number}-{i}", 1000 * number + i)
        for number, (fault, (act, share)) in enumerate(KILLS.items())
        for i in range(max(1, round(share * options.kills)))
    ]

    def run(plan: tuple[Trial, Callable, Path, int]) -> Trial:
        trial, act, own, seed = plan
        bench = Bench.new(own, options.seed + seed)
        try:
            act(bench, trial)
        except (RuntimeError, TimeoutError, subprocess.SubprocessError) as error:
            trial.broken.append(f"{type(error).__name__}: {error}")
        return trial

    trials = []
    with ThreadPoolExecutor(options.parallel) as pool:
        for trial in pool.map(run, plans):
            trials.append(trial)
            told = f": {'; '.join(trial.broken)}" if trial.broken else ""
            if told or len(trials) % 20 == 0:
                say(f"{len(trials)}/{len(plans)} {trial.fault}{told}")
    return trials


# ---- tests ----


def run_tests(folder: Path) -> list[dict]:
    """Return a row for each test of the faults that are no kills at random."""
    say("the tests of tests/test_faults.py")
    told = folder / "tests.xml"
    options = ["-q", f"--junitxml={told}", "-o", "junit_family=xunit1"]
    command = [sys.executable, "-m", "pytest", str(TESTS), *options]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    rows: dict[str, dict] = {}
    for case in ET.parse(told).iter("testcase"):
        name, _, parameter = case.get("name", "").partition("[")
        row = rows.setdefault(name, new_row(sentence(name)))
        row["trials"] += 1
        trouble = [e for e in case if e.tag in {"failure", "error", "skipped"}]
        if trouble:
            row["broken"].append(parameter.rstrip("]") or trouble[0].get("message", ""))
        for found in case.iter("property"):
            note(row, found.get("name", ""), float(found.get("value", "nan")))
    return list(rows.values())


def sentence(test_name: str) -> str:
    return test_name.removeprefix("test_").replace("_", " ")


# ---- table ----


def new_row(fault: str) -> dict:
    return {
        "fault": fault,
        "trials": 0,
        "broken": [],
        "worst_lost_s": None,
        "worst_off_fraction": None,
        "energies": 0,
        "energies_in_bounds": 0,
    }


def note(row: dict, name: str, value: float) -> None:
    """Keep the worst of what trials say."""
    key = f"worst_{name}"
    if key in row:
        row[key] = value if row[key] is None else max(value, row[key])


def rows_of(trials: Sequence[Trial]) -> list[dict]:
    rows: dict[str, dict] = {}
    for trial in trials:
        row = rows.setdefault(trial.fault, new_row(trial.fault))
        row["trials"] += 1
        row["broken"] += ["; ".join(trial.broken)] if trial.broken else []
        row["energies"] += trial.n_energies
        row["energies_in_bounds"] += trial.n_in_bounds
        if trial.lost_s is not None:
            note(row, "lost_s", trial.lost_s)
    return list(rows.values())


def cells(row: dict) -> list[str]:
    losses = []
    if row["worst_lost_s"] is not None:
        losses.append(f"{row['worst_lost_s']:.2f} s")
    if row["worst_off_fraction"] is not None:
        losses.append(f"{row['worst_off_fraction']:.1%} off")
    n_kept = row["trials"] - len(row["broken"])
    bounds = f"{row['energies_in_bounds']} of {row['energies']}"
    return [
        row["fault"],
        str(row["trials"]),
        str(n_kept),
        ", ".join(losses),
        bounds if row["energies"] else "",
    ]


def render(document: dict) -> str:
    """Return the table, and below it which promises were not kept."""
    lines = [
        f"{document['date'][:10]}, {document['machine']}",
        MEANING,
        "",
        f"| {' | '.join(HEADINGS)} |",
        f"|{'---|' * len(HEADINGS)}",
        *(f"| {' | '.join(cells(row))} |" for row in document["rows"]),
    ]
    for row in document["rows"]:
        lines += [f"not kept: {row['fault']}: {why}" for why in row["broken"]]
    return "\n".join(lines)


def as_json(document: dict) -> str:
    """Return the document as JSON, with a line for each row and each trial."""
    lists = {key: document[key] for key in ("rows", "trials")}
    head = json.dumps({k: v for k, v in document.items() if k not in lists}, indent=1)
    parts = [head.removesuffix("\n}")]
    for key, values in lists.items():
        lines = ",\n  ".join(json.dumps(value) for value in values)
        parts.append(f' "{key}": [\n  {lines}\n ]')
    return ",\n".join(parts) + "\n}\n"


def say(text: str) -> None:
    """Tell of progress on stderr; stdout is for the result."""
    print(text, file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200, help="while measuring")
    parser.add_argument("--parallel", type=int, default=4, help="trials at a time")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--quick", action="store_true", help="12 kills, no tests")
    parser.add_argument("--output", type=Path, default=RESULTS, help="file for JSON")
    options = parser.parse_args()
    if options.quick:
        options.kills, options.output = 12, None
    return options


def main() -> None:
    options = parse_arguments()
    hardware = probe_hardware()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        trials = run_kills(options, Path(folder))
        rows = rows_of(trials)
        if not options.quick:
            rows += run_tests(Path(folder))
    packages = ("isojoule", "numpy", "nvidia-ml-py", "msgspec")
    document = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{hardware.n_cpus} x {hardware.cpu_name}, {platform.system()} "
        f"{platform.release()}",
        "load_before": load,
        "load_after": os.getloadavg()[0],
        "gpu": "fake, 100/500 W square for the kills, 300 W for the tests",
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in packages},
        },
        "kills": options.kills,
        "parallel": options.parallel,
        "seed": options.seed,
        "rows": rows,
        "trials": [asdict(trial) for trial in trials],
    }
    if options.output is not None:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(as_json(document), encoding="utf-8")
    print(render(document))


if __name__ == "__main__":
    main()
