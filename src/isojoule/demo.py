"""The whole way once: measure reference models twice, normalize, compare, report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Final

from isojoule.errors import InsufficientDataError
from isojoule.normalizers.conversion import Conversion, convert_all
from isojoule.observations import select
from isojoule.probe import probe_hardware
from isojoule.records import Run
from isojoule.report.conversion import describe_conversion
from isojoule.report.page import Page
from isojoule.report.runs import describe_runs
from isojoule.store import RunStore
from isojoule.suite import (
    FAST,
    Configuration,
    Job,
    Session,
    Settings,
    available_devices,
    open_clips,
    run_jobs,
)
from isojoule.workloads import SUBSETS, resolve

_TAG: Final = "demo"
_WARM_UP_S: Final = 1.0  # the demo is to take two minutes
_UNIT: Final = (
    "Energies here are per epoch of 1,578 clips, scaled up from the steps that ran; "
    "those of the runs below are of the few seconds that each one took."
)
LEVEL: Final = 0.8
"""Five models are neither predicted nor references: their errors support 5/6."""


@dataclass(frozen=True, slots=True)
class Step:
    """One of the runs that a demo makes.

    Parameters
    ----------
    position : int
        Counted from 1.
    n_runs : int
        How many the demo makes in all.
    model : str
        Reference model.
    configuration : Configuration
        What it runs on.
    """

    position: int
    n_runs: int
    model: str
    configuration: Configuration

    @property
    def description(self) -> str:
        """What is being done, for people."""
        where = self.configuration
        threads = "thread" if where.n_threads == 1 else "threads"
        on = f"{where.n_threads} {threads}" if where.device == "cpu" else where.device
        return f"{self.model} on {on}"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What a demo measured and predicted.

    Parameters
    ----------
    runs : tuple of Run
        All runs, those kept from an interrupted demo first.
    conversion : Conversion
        From the first configuration to the second.
    n_kept : int
        Runs kept from a demo that was interrupted.
    """

    runs: tuple[Run, ...]
    conversion: Conversion
    n_kept: int


def configurations() -> tuple[Configuration, Configuration]:
    """Return two configurations of this machine: CPU and GPU, else one thread and all.

    Raises
    ------
    MissingExtraError
        If PyTorch is not installed.
    """
    n_cpus = probe_hardware().n_cpus or 1
    devices = available_devices()
    if len(devices) > 1:
        return Configuration("cpu", n_cpus), Configuration(devices[1], n_cpus)
    # On a single CPU a second thread is still another configuration.
    return Configuration("cpu", 1), Configuration("cpu", max(2, n_cpus))


def run_demo(
    store: RunStore,
    *,
    duration_s: float = 4.0,
    on_step: Callable[[Step], None],
) -> DemoResult:
    """Return the quick models measured on two configurations, and one predicted.

    Runs of a demo in the same store that was interrupted are kept.

    Parameters
    ----------
    store : RunStore
        Keeps the runs.
    duration_s : float, default 4
        Time per run [s].
    on_step : callable
        Called before each run.

    Raises
    ------
    MissingExtraError
        If PyTorch is not installed.
    InsufficientDataError
        If runs gave no energy.
    """
    models = resolve([*SUBSETS["quick"]])
    both = configurations()
    tag, kept = _unfinished(store.runs(), n_runs=len(models) * len(both))
    done = {(r.workload.name, _configuration_of(r)) for r in kept}
    clips = open_clips(Settings(), None)
    rules = replace(
        FAST,
        name="demo",
        min_duration_s=duration_s,
        idle_s=0.0,
        max_warm_up_s=min(_WARM_UP_S, duration_s),
        block_s=min(FAST.block_s, duration_s / 3),
    )
    runs = list(kept)
    positions = count(len(kept) + 1)
    n_runs = len(models) * len(both)

    def tell(configuration: Configuration, job: Job, stage: str) -> None:
        if stage == "building":
            on_step(Step(next(positions), n_runs, job.model.name, configuration))

    for configuration in both:
        session = Session(
            tuple(m for m in models if (m.name, configuration) not in done),
            configuration,
            rules=rules,
            phases=("train",),
            tags={_TAG: tag},
        )
        runs += run_jobs(
            session,
            session.jobs(),
            clips=clips,
            store=store,
            on_stage=partial(tell, configuration),
        )
    return DemoResult(tuple(runs), _convert(runs, both), n_kept=len(kept))


def _configuration_of(run: Run) -> Configuration:
    return Configuration(run.tags["device"], run.hardware.n_threads)


def _unfinished(runs: Sequence[Run], *, n_runs: int) -> tuple[str, list[Run]]:
    """Return the session to go on with and its runs, or a new one and none."""
    sessions: dict[str, list[Run]] = {}
    for run in runs:
        if _TAG in run.tags:
            sessions.setdefault(run.tags[_TAG], []).append(run)
    if sessions:
        latest = max(sessions)
        complete = [r for r in sessions[latest] if r.status == "complete"]
        if len(complete) < n_runs:
            return latest, complete
    return datetime.now(UTC).isoformat(timespec="seconds"), []


def _convert(runs: Sequence[Run], both: Sequence[Configuration]) -> Conversion:
    """Return the conversion by the lowest and the highest reference.

    Raises
    ------
    InsufficientDataError
        If runs gave no energy.
    """
    selection = select(runs, scope="node")
    source, target = (
        next(r.hardware.name for r in runs if _configuration_of(r) == configuration)
        for configuration in both
    )
    if not selection.observations:
        raise InsufficientDataError("no run gave an energy: see isojoule doctor")
    return convert_all(
        selection.observations,
        source=source,
        target=target,
        method="dual",
        references="min-max:2",
        level=LEVEL,
    )


def describe_demo(result: DemoResult, *, now: datetime) -> Page:
    """Return the page of a demo: the prediction, then the runs behind it.

    Parameters
    ----------
    result : DemoResult
        A finished demo.
    now : datetime
        Date of the page, aware.
    """
    conversion = result.conversion
    of_runs = describe_runs(result.runs, now=now)
    section = describe_conversion(conversion)
    return replace(
        of_runs,
        title="What would it have cost on other hardware?",
        lead=(
            f"{len(conversion.converted)} reference models were trained on "
            f"{conversion.source} and on {conversion.target}. Two of them calibrate "
            "the pair; the energy of the others on the second was predicted from the "
            "first, and then compared with what was seen there."
        ),
        sections=(replace(section, text=(*section.text, _UNIT)), *of_runs.sections),
    )
