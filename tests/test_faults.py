"""Whatever breaks, the work goes on, and its run is kept, recovered or told to be lost.

Jobs are the functions of this file that take a folder. `run_all` starts this file as a
program that forks a process for every job: a hundred of them, each beside a fake NVIDIA
driver of known energy, take no longer than a few.
"""

import gc
import json
import math
import multiprocessing
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from builders import make_run, skip_or_fail
from fakes.nvml import FakeDevice, FakeDriver, Fault, steady
from isojoule import Meter, RunStore, describe, sampler
from isojoule.formats.journal import Journal
from isojoule.records import Channel, ComponentEnergy, Hardware, Run, Samples, Window
from isojoule.sensors import nvml, nvml_readings

POWER_W = 300.0
SHORT_S = 0.8
WORK_S = 1.8
LONG_S = 2.6
PATIENCE_S = 25.0  # beyond its work, on a busy machine; a driver hangs for 60 s
LATE_S = 0.1  # by which a crowded machine may stop us between the clock and the device
LIMIT_S = 40.0  # a job that takes longer is ended
N_AT_ONCE = 24
DISK_BYTES = 400 * 1024


def calls_in(module: ModuleType) -> set[str]:
    source = Path(module.__file__).read_text()
    return set(re.findall(r"\bnvml(?:Init|Shutdown|System\w+|Device\w+)\b", source))


READING_CALLS = calls_in(nvml_readings) | {"nvmlShutdown"}
CALLS = sorted(calls_in(nvml) | READING_CALLS)
TOTAL, FIELDS = "nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetFieldValues"

# ---- jobs ----


def say(text: object):
    sys.stdout.write(f"{text}\n")


def metered(folder: Path, *, hz: float = 10.0) -> Meter:
    return Meter("job", store=RunStore.open(folder / "store"), hz=hz)


def work(seconds: float, folder: Path):
    with metered(folder) as job:
        for epoch in range(2):
            with job.window("train", epoch=epoch):
                time.sleep(seconds / 2)
    say("work done")


def many_windows(folder: Path):
    with metered(folder) as job:
        for _ in range(30):
            with job.window("step"):
                time.sleep(0.05)
    say("work done")


def raises_in_a_window(folder: Path):
    with metered(folder) as job, job.window("train"):
        time.sleep(0.3)
        raise RuntimeError("boom")


def dies_of(number: int, folder: Path):
    """A signal, in a window, in the middle of the work."""
    threading.Timer(WORK_S, os.kill, (os.getpid(), number)).start()
    with metered(folder) as job:
        with job.window("train"):
            time.sleep(LIMIT_S)


def leaves_by_handler(folder: Path):
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    dies_of(signal.SIGTERM, folder)


def stops_in_a_handler(folder: Path):
    def leave(number, frame):
        job.stop("interrupted")
        sys.exit(3)

    signal.signal(signal.SIGTERM, leave)
    threading.Timer(SHORT_S, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with metered(folder) as job:
        while True:
            with job.window("step"):
                time.sleep(0.05)


def vanishes_in_a_window(folder: Path):
    with metered(folder) as job, job.window("train"):
        time.sleep(1.2)
        os._exit(7)


def ends_without_stop(folder: Path):
    global kept  # as in a script: alive until the very end
    kept = metered(folder).start()
    time.sleep(1.2)
    say("work done")


def runs_a_cell_twice(folder: Path):
    """As in a notebook: nobody stops the meter of the first time."""
    store = RunStore.open(folder / "store")
    for _ in range(2):
        job = Meter("cell", store=store).start()
        time.sleep(1.1)
    job.stop()
    gc.collect()
    (folder / "recovered").write_text(" ".join(store.recover()))


def two_meters(folder: Path):
    store = RunStore.open(folder / "store")
    with Meter("outer", store=store), Meter("inner", store=store):
        time.sleep(1.1)


def second_process(folder: Path):
    """It measures in the store of another one that is still at it."""
    ready, go = os.pipe()
    if not os.fork():
        with metered(folder):
            os.write(go, b"!")
            time.sleep(1.5)
        os._exit(0)
    os.read(ready, 1)
    work(SHORT_S, folder)
    os.wait()


def forks_in_a_window(folder: Path):
    with metered(folder) as job:
        with job.window("train"):
            child = os.fork()
            if child:
                time.sleep(1.1)
                os.waitpid(child, 0)
        if not child:
            with job.window("of the child"):
                pass
    say("work done")  # twice: the child goes on as the parent does


def has_workers(method: str, folder: Path):
    context = multiprocessing.get_context(method)
    with metered(folder) as job, job.window("data", phase="data"):
        with context.Pool(2) as pool:
            total = sum(pool.map(math.isqrt, range(100)))
        time.sleep(SHORT_S)
    say(f"work done {total}")


def loads_data_with_torch(folder: Path):
    import torch.utils.data

    with metered(folder) as job, job.window("data", phase="data"):
        loader = torch.utils.data.DataLoader(range(64), batch_size=8, num_workers=2)
        total = sum(int(batch.sum()) for _ in range(2) for batch in loader)
        time.sleep(SHORT_S)
    say(f"work done {total}")


def holds_the_interpreter(folder: Path):
    with metered(folder) as job, job.window("train"):
        begin_s = time.monotonic()
        re.fullmatch(r"(a|a)*b", "a" * 24)  # one call that lets no thread run
        say(time.monotonic() - begin_s)
        time.sleep(0.3)


def stands_still(folder: Path):
    """Stopped from outside and continued, as by a batch system."""
    command = (
        f"sleep 0.3; kill -STOP {os.getpid()}; sleep 1.5; kill -CONT {os.getpid()}"
    )
    with metered(folder):
        subprocess.run(["sh", "-c", command], check=True)


def has_no_file_left(folder: Path):
    with metered(folder) as job:
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        with job.window("train"):
            time.sleep(1.1)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    say("work done")


def has_no_network(folder: Path):
    def refuse(event, arguments):
        if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}:
            raise AssertionError(f"{event} {arguments}")

    sys.addaudithook(refuse)
    with suppress(AssertionError):
        socket.getaddrinfo("localhost", 80)
        raise RuntimeError("the network is not watched")
    work(SHORT_S, folder)


def changes_the_clock(hours: float, folder: Path):
    class Jumping(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + (time.monotonic() > jump_s) * jump

    jump, jump_s = timedelta(hours=hours), time.monotonic() + 0.5
    real_time = time.time
    time.time = lambda: real_time() + 3600 * hours * (time.monotonic() > jump_s)
    describe.datetime = Jumping
    work(SHORT_S, folder)
    work(0.5, folder)


def sleeps_with_the_machine(folder: Path):
    asleep_s = [0.0]
    sampler._suspended_s = lambda: asleep_s[0]
    with metered(folder):
        time.sleep(1.1)
        asleep_s[0] = 3600.0


def killed_at(step: str, folder: Path):
    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    store = RunStore.open(folder / "store")
    if step == "new journal":
        Path.rename = die
    elif step == "first reading":
        sampler.Sampler.start = die
    job = Meter("job", store=store).start()
    time.sleep(1.1)
    if step == "last tick":
        sampler.Sampler.settle = die
    elif step == "insert":
        RunStore.add = die
    elif step == "commit":
        store._connection.set_trace_callback(lambda sql: sql == "COMMIT" and die())
    elif step == "removal of the journal":
        Path.unlink = die
    elif step == "end of the journal":
        Journal.close = die
    job.stop()


def killed_after(seconds: float, folder: Path):
    with metered(folder) as job, job.window("train"):
        (folder / "origin").write_text(repr(time.monotonic() - job._sampler.now_s))
        time.sleep(seconds)
        (folder / "killed").write_text(repr(time.monotonic()))
        os.kill(os.getpid(), signal.SIGKILL)


# ---- jobs on a small disk of their own ----


def small_disk(folder: Path, *options: str) -> Path:
    disk = folder / "disk"
    disk.mkdir(exist_ok=True)
    settings = ",".join([f"size={DISK_BYTES}", *options])
    subprocess.run(["mount", "-t", "tmpfs", "-o", settings, "tmpfs", disk], check=True)
    return disk


def fill(disk: Path):
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(bytes(512)):
            pass


def writes_to_a_missing_folder(folder: Path):
    work(0.5, folder / "store" / "not" / "there")


def disk_is_read_only(folder: Path):
    work(SHORT_S, small_disk(folder, "ro"))


def disk_is_full_at_the_start(folder: Path):
    disk = small_disk(folder)
    fill(disk)
    work(SHORT_S, disk)


def disk_fills(while_: str, folder: Path):
    disk = small_disk(folder)
    with metered(disk, hz=50) as job:  # enough to fill what is left of a page
        with job.window("train", epoch=0):
            time.sleep(1.2)
        if while_ != "at the end":
            fill(disk)
        with job.window("train", epoch=1):
            time.sleep(1.2)
        if while_ == "for a while":
            (disk / "filler").unlink()
        else:
            fill(disk)
    (disk / "filler").unlink(missing_ok=True)
    say("work done")
    sys.exit(5)


def file_may_not_grow(folder: Path):
    """A quota, the poor man's full disk: the last write goes through in part."""
    with metered(folder) as job:
        journal = next((folder / "store" / "journals").iterdir())
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (journal.stat().st_size + 1000, limits[1])
        )
        with job.window("train"):
            time.sleep(2.2)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    say("work done")


# ---- running them ----


@dataclass(frozen=True)
class Trial:
    """A job beside a driver; `argument` is for jobs that take one."""

    job: str
    argument: object = None
    devices: tuple[FakeDevice, ...] = (FakeDevice(steady(POWER_W)),)
    faults: tuple[Fault, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    needs_mount: bool = False


@dataclass
class Outcome:
    """What a trial left behind."""

    trial: Trial
    folder: Path
    exit_code: int
    wall_s: float
    stdout: str = field(init=False)
    stderr: str = field(init=False)

    def __post_init__(self):
        self.stdout = (self.folder / "stdout").read_text()
        self.stderr = (self.folder / "stderr").read_text()

    def runs(self) -> list[Run]:
        """All runs, after the next start of isojoule; a second start finds no more."""
        root = self.folder / "store"
        RunStore.open(root, create=False).close()
        with RunStore.open(root, create=False) as store:
            assert store.recover() == []
            assert list((root / "journals").glob("*.jsonl")) == []
            return store.runs(with_samples=True)

    def run(self) -> Run:
        (run,) = self.runs()
        return run


def run_all(folder: Path, trials: Sequence[Trial], *wrapped: str) -> list[Outcome]:
    """Run the trials, many at a time, and wait for them."""
    if shutil.which("cc") is None:
        skip_or_fail("no C compiler: the fake driver cannot be built")
    plans = []
    for number, trial in enumerate(trials):
        own = folder / str(number)
        own.mkdir(parents=True)
        driver = FakeDriver(trial.devices, trial.faults, start_s=None)
        environment = driver.write(own / "driver") | dict(trial.environment)
        plans.append((str(own), trial.job, trial.argument, environment))
    (folder / "plans").write_text(json.dumps(plans))
    environment = os.environ | plans[0][3]
    for variable in ("CUDA_VISIBLE_DEVICES", "LOCAL_RANK", "ISOJOULE_STORE"):
        environment.pop(variable, None)
    program = [*wrapped, sys.executable, __file__, str(folder)]
    subprocess.run(program, env=environment, check=True, timeout=20 * LIMIT_S)
    ends = json.loads((folder / "ends").read_text())
    return [
        Outcome(trial, Path(plan[0]), *ends[plan[0]])
        for trial, plan in zip(trials, plans, strict=True)
    ]


def fork_all(folder: Path) -> None:
    """What `run_all` starts: a process for every plan; it returns in each of them."""
    waiting = json.loads((folder / "plans").read_text())
    living: dict[int, tuple[str, float]] = {}
    ends: dict[str, tuple[int, float]] = {}
    while waiting or living:
        while waiting and len(living) < N_AT_ONCE:
            plan = waiting.pop(0)
            child = os.fork()
            if not child:
                run_job(*plan)
                return
            living[child] = (plan[0], time.monotonic())
        child, status = os.waitpid(-1, os.WNOHANG)
        if child:
            own, since_s = living.pop(child)
            wall_s = time.monotonic() - since_s
            ends[own] = (os.waitstatus_to_exitcode(status), wall_s)
            if (Path(own) / "disk" / "store").exists():  # gone with the name space
                shutil.copytree(Path(own) / "disk" / "store", Path(own) / "store")
        else:
            for child, (_, since_s) in living.items():
                if time.monotonic() - since_s > LIMIT_S:
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.01)
    (folder / "ends").write_text(json.dumps(ends))


def run_job(own: str, job: str, argument: object, environment: Mapping[str, str]):
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{own}/{name}", os.O_CREAT | os.O_WRONLY), descriptor)
    os.environ.update(environment)
    arguments = (Path(own),) if argument is None else (argument, Path(own))
    globals()[job](*arguments)


# ---- what is promised ----


def gpu_of(run_or_window) -> ComponentEnergy:
    """The GPU energy; absent where nothing is said of it."""
    found = [e for e in run_or_window.energies if e.component == "gpu"]
    return found[0] if found else ComponentEnergy("gpu", None, "absent")


def require_unharmed(done: Outcome, *, work_s: float = WORK_S):
    assert (done.exit_code, done.stdout) == (0, "work done\n"), done.stderr
    assert "Traceback" not in done.stderr
    assert done.wall_s < work_s + PATIENCE_S


def require_right(run: Run, power_w: float = POWER_W) -> float:
    """The GPU energy is right within its bounds; return by how much it is off."""
    gpu, true_j = gpu_of(run), power_w * run.duration_s
    assert gpu.energy_j is not None, run.warnings
    late_j = power_w * LATE_S
    assert gpu.energy_low_j - late_j <= true_j <= gpu.energy_high_j + late_j
    assert run.duration_s > 0
    assert all(w.duration_s >= 0 for w in run.windows)
    return abs(gpu.energy_j / true_j - 1)


def require_right_or_told(run: Run) -> float:
    """The GPU energy is right within its bounds, or the run says what became of it."""
    if gpu_of(run).energy_j is None:
        told = [w for w in run.warnings if "gpu" in w.lower() or "nvml" in w.lower()]
        told += [w for w in run.warnings if "before a second reading" in w]
        assert told, f"the GPU is lost without a word: {run.warnings}"
        return 0.0
    return require_right(run)


# ---- one fixture for all ----


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory):
    """What came of the trials of all tests that are to run; lists of two groups."""
    trials = {
        item.callspec.params["done"]: None
        for item in request.session.items
        if item.path == request.path and "done" in getattr(item, "fixturenames", ())
    }
    found = {}
    for needs_mount, wrapped in ((False, []), (True, namespace())):
        group = [t for t in trials if t.needs_mount == needs_mount]
        if group and wrapped is not None:
            ran = run_all(tmp_path_factory.mktemp("trials"), group, *wrapped)
            found |= dict(zip(group, ran, strict=True))
    return found


@pytest.fixture
def done(request, outcomes) -> Outcome:
    if request.param not in outcomes:
        skip_or_fail("no file system can be mounted here")
    return outcomes[request.param]


def namespace() -> list[str] | None:
    """The command that lets a program mount file systems that only it sees."""
    unshare = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "-r", "-m"]
    attempt = [*unshare, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if shutil.which("unshare") is None:
        return None
    tried = subprocess.run(attempt, capture_output=True, check=False)
    return unshare if tried.returncode == 0 else None


def trial(job: str, argument: object = None, **options) -> pytest.MarkDecorator:
    """Give a test what came of one trial, as `done`."""
    return trials({job: Trial(job, argument, **options)})


def trials(named: Mapping[str, Trial]) -> pytest.MarkDecorator:
    """Repeat a test for several trials."""
    return pytest.mark.parametrize(
        "done", [pytest.param(t, id=name) for name, t in named.items()], indirect=True
    )


@pytest.fixture
def off(record_property):
    """Return a function that notes by what fraction an energy was off."""
    return partial(record_property, "off_fraction")


# ---- calls of NVML ----

ROUNDABOUT = {
    "no power": FakeDevice(steady(POWER_W), has_power=False, has_power_fields=False),
    "no counter": FakeDevice(steady(POWER_W), has_counter=False),
}


def each(calls: Iterable[str], seconds: float, **fault) -> dict[str, Trial]:
    """A trial for every call, and two where there is no other instrument."""
    found = {
        call: Trial("work", seconds, faults=(Fault(call, **fault),))
        for call in sorted(calls)
    }
    for (name, device), call in zip(ROUNDABOUT.items(), (TOTAL, FIELDS), strict=True):
        faults = (Fault(call, **fault),)
        found[name] = Trial("work", seconds, devices=(device,), faults=faults)
    return found


@trials(each(CALLS, SHORT_S, when="once"))
def test_a_call_that_fails_once_costs_nothing(done, off):
    require_unharmed(done)
    run = done.run()
    off(require_right(run))
    has_counter = done.trial.devices[0].has_counter
    assert gpu_of(run).source == ("counter" if has_counter else "sampled")


@trials(each(CALLS, SHORT_S, when="forever"))
def test_a_call_that_always_fails_is_replaced_or_told(done, off):
    require_unharmed(done)
    off(require_right_or_told(done.run()))


@trials(each(READING_CALLS, LONG_S, when="from:0.9"))
def test_a_call_that_fails_from_some_time_on_is_replaced_or_told(done, off):
    require_unharmed(done)
    run = done.run()
    off(require_right_or_told(run))
    is_energy = done.trial.faults[0].function == TOTAL
    assert not is_energy or any("gpu" in warning for warning in run.warnings)


@trials(each(READING_CALLS, LONG_S, when="from:0.9", hang_s=60.0))
def test_a_call_that_hangs_does_not_hang_the_work(done, off):
    require_unharmed(done)
    run = done.run()
    off(require_right_or_told(run))
    assert run.status == "complete"


@trials(each(set(CALLS) - READING_CALLS, SHORT_S, when="once", hang_s=0.7))
def test_a_call_that_answers_late_costs_time_and_nothing_else(done, off):
    require_unharmed(done)
    off(require_right(done.run()))


@trial("many_windows", faults=(Fault(FIELDS, "from:0.4", hang_s=60.0),))
def test_a_hanging_driver_is_waited_for_once_and_not_at_every_window(done):
    require_unharmed(done, work_s=1.5)
    assert any("did not answer" in warning for warning in done.run().warnings)


@pytest.mark.xfail(
    reason="edges are read in the thread of the work", raises=AssertionError
)
def test_a_driver_that_hangs_at_an_edge_does_not_hang_the_work():
    release = threading.Event()

    class HangingSensor:
        name, quantity = "hanging", "power_w"
        channels = (Channel("gpu0_power_w", "gpu", "power_w", "gpu0"),)
        n_reads = 0

        def read(self, quantities=None):
            self.n_reads += 1
            if self.n_reads > 1:
                release.wait(3.0)
            return (50.0,)

        def close(self):
            pass

    job = Meter("job", sensors=[HangingSensor()], hardware=Hardware("bench"), hz=1)
    with job:
        begin_s = time.monotonic()
        with job.window("train"):
            waited_s = time.monotonic() - begin_s
            release.set()
    assert waited_s < 2.0


# ---- devices that go away ----

LOST = FakeDevice(steady(POWER_W), lost_from_s=1.0)


@trial("work", LONG_S, devices=(LOST,))
def test_of_a_lost_device_it_is_told_when_and_what_it_had_drawn(done):
    require_unharmed(done)
    run = done.run()
    assert gpu_of(run).source == "absent"
    assert any("gpu0 gave no reading after" in warning for warning in run.warnings)


@trial("work", LONG_S, devices=(FakeDevice(steady(POWER_W)), LOST))
def test_a_sum_without_the_lost_one_of_two_devices_is_no_energy(done):
    require_unharmed(done)
    run = done.run()
    assert gpu_of(run).source == "absent"
    assert any("gpu1 gave no reading after" in warning for warning in run.warnings)


@trial("work", WORK_S, devices=(FakeDevice(steady(POWER_W), reset_at_s=0.8),))
def test_after_a_driver_reload_power_is_integrated_instead(done, off):
    require_unharmed(done)
    run = done.run()
    off(require_right(run))
    assert gpu_of(run).source == "sampled"
    assert any("started again" in warning for warning in run.warnings)


@trial(
    "work",
    LONG_S + 1,
    devices=(ROUNDABOUT["no counter"],),
    faults=tuple(Fault(FIELDS, f"call:{n}") for n in range(12, 36)),
)
def test_a_gap_in_power_alone_is_told(done):
    require_unharmed(done)
    assert any("no reading of gpu0" in w for w in done.run().warnings)


# ---- the program ends in its own way ----


@trial("raises_in_a_window")
def test_an_exception_ends_the_run_and_stays_the_one_of_the_work(done, off):
    assert done.exit_code == 1
    assert done.stderr.endswith("RuntimeError: boom\n")
    run = done.run()
    off(require_right(run))
    assert run.status == "failed"
    assert run.windows[0].duration_s >= 0.3


@trial("dies_of", signal.SIGTERM)
def test_a_terminated_program_dies_of_it_and_is_recovered(done, off):
    assert done.exit_code == -signal.SIGTERM
    off(require_right(run := done.run()))
    assert run.status == "recovered"


@trial("leaves_by_handler")
def test_a_handler_that_leaves_ends_the_run(done, off):
    assert done.exit_code == 128 + signal.SIGTERM
    off(require_right(run := done.run()))
    assert run.status == "failed"


@trial("stops_in_a_handler")
def test_a_handler_may_stop_the_meter_at_any_moment(done, off):
    assert done.exit_code == 3, done.stderr
    assert done.wall_s < SHORT_S + PATIENCE_S
    off(require_right_or_told(run := done.run()))
    assert run.status == "interrupted"


@trial("dies_of", signal.SIGINT)
def test_ctrl_c_ends_the_run_as_interrupted(done, off):
    assert done.exit_code == -signal.SIGINT
    off(require_right(run := done.run()))
    assert run.status == "interrupted"


@trial("vanishes_in_a_window")
def test_a_program_that_vanishes_is_recovered_with_its_window(done, off):
    assert done.exit_code == 7
    off(require_right(run := done.run()))
    assert run.status == "recovered"
    assert [w.name for w in run.windows] == ["train"]
    assert run.duration_s > 0.2


@trial("ends_without_stop")
def test_a_program_that_forgets_to_stop_is_recovered(done, off):
    assert (done.exit_code, done.stdout, done.stderr) == (0, "work done\n", "")
    off(require_right(run := done.run()))
    assert run.status == "recovered"


@trial("runs_a_cell_twice")
def test_a_meter_that_a_cell_replaces_is_recovered_while_the_notebook_lives(done, off):
    assert done.exit_code == 0, done.stderr
    first, second = done.runs()
    assert (first.status, second.status) == ("recovered", "complete")
    assert (done.folder / "recovered").read_text() == first.run_id
    off(require_right(first))
    off(require_right(second))


# ---- several processes ----


@trial("two_meters")
def test_two_meters_both_measure_and_say_not_to_be_added_up(done, off):
    assert done.exit_code == 0, done.stderr
    for run in done.runs():
        off(require_right(run))
    assert any("must not be added up" in w for run in done.runs() for w in run.warnings)


@trial("second_process")
def test_two_processes_share_a_store(done, off):
    require_unharmed(done)
    first, second = done.runs()
    assert first.status == second.status == "complete"
    off(require_right(first))
    off(require_right(second))
    assert first.run_id in second.warnings[0]


@trial("forks_in_a_window")
def test_a_fork_in_a_window_leaves_one_run_to_the_parent(done, off):
    assert (done.exit_code, done.stdout) == (0, "work done\n" * 2), done.stderr
    assert "Traceback" not in done.stderr
    off(require_right(run := done.run()))
    assert [w.name for w in run.windows] == ["train"]


@trials({method: Trial("has_workers", method) for method in ("fork", "spawn")})
def test_workers_in_a_window_leave_one_run(done, off):
    assert (done.exit_code, done.stdout) == (0, "work done 615\n"), done.stderr
    off(require_right(run := done.run()))
    assert run.status == "complete"


@trial("loads_data_with_torch")
def test_data_loaders_of_torch_leave_one_run(done, off):
    assert (done.exit_code, done.stdout) == (0, "work done 4032\n"), done.stderr
    off(require_right(run := done.run()))
    assert run.status == "complete"


# ---- time and machine ----


@trials({f"{h:+d} h": Trial("changes_the_clock", h) for h in (1, -1)})
def test_a_clock_that_jumps_changes_nothing(done, off):
    assert done.exit_code == 0, done.stderr
    for run in done.runs():
        off(require_right(run))
        assert 0.4 < run.duration_s < 1.1 + PATIENCE_S


@trial("sleeps_with_the_machine")
def test_a_machine_that_was_suspended_is_told(done):
    assert done.exit_code == 0, done.stderr
    run = done.run()
    assert run.duration_s < 1 + PATIENCE_S
    assert any("suspended for 1 h" in warning for warning in run.warnings)


@trial("holds_the_interpreter")
def test_a_starved_thread_leaves_the_energy_right(done, off):
    assert done.exit_code == 0, done.stderr
    run = done.run()
    off(require_right(run))
    held_s = float(done.stdout)
    assert held_s < 1 or any("no reading for" in w for w in run.warnings)


@trial("stands_still")
def test_a_stopped_program_has_a_gap_that_is_told_and_its_energy(done, off):
    assert done.exit_code == 0, done.stderr
    run = done.run()
    off(require_right(run))
    assert any("no reading for" in warning for warning in run.warnings)


@trial("has_no_file_left")
def test_a_work_that_uses_up_all_files_is_not_hurt(done, off):
    require_unharmed(done)
    run = done.run()
    off(require_right(run))
    assert any("Too many open files" in warning for warning in run.warnings)


@trial("has_no_network")
def test_no_network_is_asked_for(done, off):
    require_unharmed(done)
    off(require_right(done.run()))


# ---- disks ----


@trial("writes_to_a_missing_folder")
def test_a_missing_folder_is_made(done):
    require_unharmed(done)
    with RunStore.open(done.folder / "store/not/there/store", create=False) as store:
        require_right(store.runs()[0])


@trials(
    {
        job: Trial(job, needs_mount=True)
        for job in ("disk_is_read_only", "disk_is_full_at_the_start")
    }
)
def test_a_disk_that_takes_nothing_is_told_before_the_work(done):
    assert (done.exit_code, done.stdout) == (1, "")
    assert "isojoule.errors.StoreError: " in done.stderr
    assert "choose another folder" in done.stderr or "free its disk" in done.stderr


@trial("disk_fills", "for a while", needs_mount=True)
def test_a_disk_that_is_full_for_a_while_costs_the_journal_only(done, off):
    assert (done.exit_code, done.stdout) == (5, "work done\n"), done.stderr
    assert done.stderr.count("UserWarning") == 1
    run = done.run()
    off(require_right(run))
    assert len(run.windows) == 2
    assert "the journal ended early: No space left on device" in run.warnings


@trials(
    {
        "in the middle": Trial("disk_fills", "in the middle", needs_mount=True),
        "at the end": Trial("disk_fills", "at the end", needs_mount=True),
    }
)
def test_a_disk_that_stays_full_costs_what_came_after(done, off):
    assert (done.exit_code, done.stdout) == (5, "work done\n"), done.stderr
    assert "Traceback" not in done.stderr
    assert "its journal stays" in done.stderr
    run = done.run()
    off(require_right(run))
    assert run.status == "recovered"
    assert run.duration_s > (1.3 if done.trial.argument == "at the end" else 0.2)


@trial("file_may_not_grow")
def test_a_write_that_goes_through_in_part_is_noticed(done, off):
    require_unharmed(done)
    run = done.run()
    off(require_right(run))
    assert "the journal ended early: File too large" in run.warnings


# ---- kills ----

STEPS = ("last tick", "insert", "commit", "removal of the journal")


@trials({step: Trial("killed_at", step) for step in (*STEPS, "end of the journal")})
def test_a_kill_at_any_step_of_the_end_leaves_the_run_once(done, off):
    assert done.exit_code == -signal.SIGKILL
    run = done.run()
    off(require_right(run))
    is_stored = done.trial.argument in {"removal of the journal", "end of the journal"}
    assert run.status == ("complete" if is_stored else "recovered")


@trial("killed_at", "new journal")
def test_a_kill_before_the_run_has_begun_leaves_nothing(done):
    assert done.exit_code == -signal.SIGKILL
    assert done.runs() == []


@trial("killed_at", "first reading")
def test_a_kill_before_the_first_reading_leaves_a_run_without_energy(done):
    assert done.exit_code == -signal.SIGKILL
    run = done.run()
    assert run.status == "recovered"
    assert gpu_of(run).source == "absent"
    assert "the run ended before a second reading" in run.warnings


@trials({f"{s:g} s": Trial("killed_after", s) for s in (0.1, 0.9, 1.3, 1.75, 2.2, 2.8)})
def test_a_kill_loses_at_most_the_last_second(done, off, record_property):
    assert done.exit_code == -signal.SIGKILL
    run = done.run()
    assert run.status == "recovered"
    origin_s, killed_s = (
        float((done.folder / name).read_text()) for name in ("origin", "killed")
    )
    lost_s = killed_s - origin_s - run.samples.time_s[-1]
    record_property("lost_s", lost_s)
    assert 0 <= lost_s <= 1
    off(require_right_or_told(run))


def leave_journal(root: Path, samples: Samples, *windows: Window) -> str:
    """A run whose program is gone: all its readings, then windows that opened."""
    with RunStore.open(root) as store:
        journal = store.start(make_run(), samples.channels)
        for time_s, values in zip(samples.time_s, samples.values.T, strict=True):
            journal.sample(float(time_s), values.tolist())
        for index, window in enumerate(windows):
            journal.open_window(index, window)
        journal.close()
    return make_run().run_id


def test_a_window_that_opened_just_before_a_kill_is_recovered(tmp_path, power_samples):
    run_id = leave_journal(
        tmp_path / "store", power_samples, Window("train", "train", 0, 2.0, 2.0)
    )
    with RunStore.open(tmp_path / "store") as store:
        (window,) = store.get(run_id).windows
    assert window.duration_s == 0


def test_a_journal_that_holds_nonsense_blocks_nobody(tmp_path, power_samples):
    run_id = leave_journal(tmp_path / "store", power_samples)
    journal = tmp_path / "store" / "journals" / f"{run_id}.jsonl"
    with journal.open("a") as file:
        file.write('{"t": 1.0, "v": [5100.0, 300.0]}\n')  # back in time
    with RunStore.open(tmp_path / "store") as store:
        assert store.runs() == []
    assert [path.name for path in journal.parent.iterdir()] == [f"{run_id}.damaged"]


def test_a_killed_measure_lets_its_command_end_and_is_recovered(tmp_path):
    mark = tmp_path / "mark"
    command = (
        f"import time, pathlib; time.sleep(1.2); pathlib.Path({str(mark)!r}).touch()"
    )
    store = ["--store", str(tmp_path / "store")]
    measure = subprocess.Popen(
        [
            *(sys.executable, "-m", "isojoule", "measure", *store, "--"),
            *(sys.executable, "-c", f"print('begun', flush=True); {command}"),
        ],
        stdout=subprocess.PIPE,
    )
    assert measure.stdout.readline() == b"begun\n"
    measure.kill()
    measure.communicate()
    deadline_s = time.monotonic() + 20
    while not mark.exists() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert mark.exists()
    listed = subprocess.run(
        [sys.executable, "-m", "isojoule", "runs", "list", *store, "--json"],
        capture_output=True,
        check=True,
    )
    (run,) = json.loads(listed.stdout)
    assert run["status"] == "recovered"


# ---- CUDA_VISIBLE_DEVICES ----

TWO = (
    FakeDevice(steady(100.0), uuid="GPU-aaaa0000-72d1-4106-812f-20bd9faed9f6"),
    FakeDevice(steady(400.0), uuid="GPU-bbbb0000-72d1-4106-812f-20bd9faed9f6"),
)


def visible(**values: str) -> dict[str, Trial]:
    return {
        name: Trial(
            "work",
            SHORT_S,
            devices=TWO,
            environment=(("CUDA_VISIBLE_DEVICES", value),),
        )
        for name, value in values.items()
    }


@trials(
    visible(
        index="1",
        uuid=TWO[1].uuid,
        prefix="GPU-bbbb",
        uuid_then_garbage=f"{TWO[1].uuid},nonsense",
    )
)
def test_the_visible_gpu_is_the_one_that_is_measured(done, off):
    require_unharmed(done)
    off(require_right(done.run(), 400.0))


@trials(visible(all_of_them="1,0"))
def test_both_visible_gpus_are_added_up(done, off):
    require_unharmed(done)
    off(require_right(done.run(), 500.0))


REFUSED = visible(
    mig="MIG-bbbb0000-72d1-4106-812f-20bd9faed9f6",
    old_mig="MIG-GPU-bbbb0000-72d1-4106-812f-20bd9faed9f6/1/0",
    garbage="nonsense",
    out_of_range="5",
    twice="0,0",
    several="GPU-",
)


@trials(REFUSED)
def test_what_shows_no_gpu_is_refused_with_the_reason(done):
    require_unharmed(done)
    run = done.run()
    assert gpu_of(run).energy_j is None
    assert any("CUDA_VISIBLE_DEVICES" in warning for warning in run.warnings)


@trials(visible(empty=""))
def test_hidden_gpus_are_not_measured(done):
    require_unharmed(done)
    assert gpu_of(done.run()).energy_j is None


if __name__ == "__main__":
    fork_all(Path(sys.argv[1]))
