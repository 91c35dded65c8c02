"""One job of the suite under the run rules: rest, warm up, measure, rest."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from statistics import fmean
from typing import Final

import psutil

from isojoule.meter import Meter, RunKeeper
from isojoule.observations import energy_in_scope
from isojoule.records import Hardware, Run
from isojoule.sensors import Sensor
from isojoule.suite.clips import Clips
from isojoule.suite.plan import OUT_OF_MEMORY, Job, Session
from isojoule.suite.rules import broken_rules, count_readings
from isojoule.suite.settings import applied
from isojoule.suite.work import Work, is_out_of_memory, memory_bytes
from isojoule.units import BYTES_PER_GIB

_N_COMPARED: Final = 3
_MIN_WINDOW_S: Final = 1.0  # epochs that are shorter share a window: tighter bounds
_TELL_EVERY_S: Final = 2.0


@dataclass(slots=True)
class _Progress:
    """What a job knows of itself while it goes on."""

    n_steps: int = 0
    n_clips: int = 0
    n_windows: int = 0
    warm_up_s: float = 0.0
    step_s: float = 0.0
    loader_s: float = 0.0
    is_steady: bool = True
    failure: str = ""
    blocks: list[tuple[float, float | None]] = field(default_factory=list)


class _Measurement:
    """One job on its way."""

    def __init__(
        self,
        job: Job,
        session: Session,
        *,
        clips: Clips,
        on_stage: Callable[[str], None],
    ) -> None:
        self._job, self._rules, self._settings = job, session.rules, session.settings
        self._device = session.configuration.device
        self._clips, self._on_stage = clips, on_stage
        self._so_far = _Progress()

    def run(self, meter: Meter) -> None:
        """Do all that happens while `meter` is running.

        Raises
        ------
        MemoryError
            Never: that is a failed run.
        RuntimeError
            If the model fails for another reason than memory.
        """
        try:
            self._require_memory()
            work = self._build()
            if self._rules.idle_s:
                self._on_stage("idle before")
                meter.idle_before(self._rest)
            with meter.window("warm-up", phase="warm-up"):
                self._warm_up(work, meter)
            work.restart()
            meter.begin()
            self._measure(work, meter)
            meter.end()
            self._so_far.loader_s = work.loader_s
            if self._rules.idle_s:
                self._on_stage("idle after")
                meter.idle_after(self._rest)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            (reason, *_) = str(error).splitlines() or [""]
            self._so_far.failure = f"{OUT_OF_MEMORY}: {reason}"
            meter.stop("failed")

    def _build(self) -> Work:
        work = Work(
            self._job.model,
            self._job.phase,
            settings=self._settings,
            clips=self._clips,
            device=self._device,
        )
        work.step()  # the first step allocates, and is no idle
        return work

    def _require_memory(self) -> None:
        """Raise where trying would make the machine swap or kill something.

        Raises
        ------
        MemoryError
            If the model needs more than is free.
        """
        if self._device != "cpu":
            return
        needed = memory_bytes(self._job.model, self._job.phase)
        free = psutil.virtual_memory().available
        if needed > free:
            raise MemoryError(
                f"needs {needed / BYTES_PER_GIB:.1f} GiB, "
                f"{free / BYTES_PER_GIB:.1f} GiB are free"
            )

    def _rest(self) -> None:
        time.sleep(self._rules.idle_s)

    def _warm_up(self, work: Work, meter: Meter) -> None:
        """Step until three blocks have the same pace and power, or patience ends."""
        self._on_stage("warming up")
        rules, so_far = self._rules, self._so_far
        start_s = time.monotonic()
        energy_j = _energy_so_far_j(meter)
        so_far.is_steady = False
        while not (so_far.is_steady or so_far.warm_up_s > rules.max_warm_up_s):
            n_steps, block_s = work.time_steps(at_least_s=rules.block_s)
            before_j, energy_j = energy_j, _energy_so_far_j(meter)
            power_w = None
            if before_j is not None and energy_j is not None:
                power_w = (energy_j - before_j) / block_s
            so_far.blocks.append((block_s / n_steps, power_w))
            so_far.step_s = block_s / n_steps
            so_far.is_steady = _is_steady(so_far.blocks, rules.max_drift_fraction)
            so_far.warm_up_s = time.monotonic() - start_s

    def _measure(self, work: Work, meter: Meter) -> None:
        """Step through windows until there are enough and the run is long enough."""
        rules, so_far = self._rules, self._so_far
        n_steps, n_windows = self._plan(work)
        start_s = told_s = time.monotonic()
        is_long = False
        while so_far.n_windows < n_windows or not (is_long or rules.n_steps):
            with meter.window("epochs", phase=self._job.phase):
                for _ in range(n_steps):
                    so_far.n_clips += work.step()
                    so_far.n_steps += 1
                    if time.monotonic() - told_s >= _TELL_EVERY_S:
                        told_s = time.monotonic()
                        self._on_stage(f"measuring, {so_far.n_steps} steps")
            so_far.n_windows += 1
            is_long = time.monotonic() - start_s >= rules.min_duration_s

    def _plan(self, work: Work) -> tuple[int, int]:
        """Return the steps in a window, and the fewest windows."""
        rules, step_s = self._rules, self._so_far.step_s
        if rules.n_steps is not None:
            return rules.n_steps, 1
        if not rules.whole_epochs:
            return ceil(rules.min_duration_s / _N_COMPARED / step_s), 1
        n_epochs = ceil(_MIN_WINDOW_S / (step_s * work.steps_per_epoch))
        return n_epochs * work.steps_per_epoch, ceil(rules.n_epochs / n_epochs)

    def review(self, run: Run) -> Run:
        """Return the finished run with what only the suite knows of it."""
        so_far = self._so_far
        if so_far.failure or not so_far.n_clips:
            reasons = (so_far.failure,) if so_far.failure else ()
            return replace(run, warnings=(*run.warnings, *reasons))
        duration_s = run.duration_s or 0.0
        measures = {
            "n_steps": float(so_far.n_steps),
            "n_readings": float(count_readings(run)),
            "n_clips_per_epoch": float(self._clips.n_clips),
            "step_s": duration_s / so_far.n_steps,
            "loader_fraction": min(1.0, so_far.loader_s / duration_s),
            "warm_up_s": so_far.warm_up_s,
            **_idle_power(run),
        }
        broken = broken_rules(run, self._rules, is_steady=so_far.is_steady)
        return replace(
            run,
            workload=replace(run.workload, n_samples=so_far.n_clips),
            measures=measures,
            warnings=(*run.warnings, *self._clips.notes, *broken),
        )


def _energy_so_far_j(meter: Meter) -> float | None:
    """Return the energy that the sensors have seen so far [J]."""
    known = [e.energy_j for e in meter.energies_so_far() if e.energy_j is not None]
    return sum(known) if known else None


def _is_steady(blocks: Sequence[tuple[float, float | None]], drift: float) -> bool:
    """Return whether pace and power of the last blocks lie within `drift` of a mean."""
    if len(blocks) < _N_COMPARED:
        return False
    paces, powers = zip(*blocks[-_N_COMPARED:], strict=True)
    series = [list(paces), [w for w in powers if w is not None]]
    return all(
        max(abs(value - fmean(values)) for value in values) <= drift * fmean(values)
        for values in series
        if values
    )


def _idle_power(run: Run) -> dict[str, float]:
    """Return the mean power of the idle windows [W]; nothing where it is not known."""
    idle = [w for w in run.windows if w.phase == "idle"]
    found = [energy_in_scope(w.energies, run.default_scope) for w in idle]
    energies_j = [known[0] for known in found if known is not None]
    if not idle or len(energies_j) < len(idle):
        return {}
    return {"idle_power_w": sum(energies_j) / sum(w.duration_s for w in idle)}


def run_job(
    job: Job,
    session: Session,
    *,
    clips: Clips,
    hardware: Hardware,
    sensors: Sequence[Sensor],
    store: RunKeeper | None,
    on_stage: Callable[[str], None],
) -> Run:
    """Return the measured run of one job; out of memory is a failed run, no error.

    Parameters
    ----------
    job : Job
        Model, phase and repeat.
    session : Session
        Where and how.
    clips : Clips
        Where batches come from.
    hardware : Hardware
        Record of the configuration.
    sensors : sequence of Sensor
        Open sensors.
    store : RunKeeper or None
        Keeps the run.
    on_stage : callable
        Called with what is being done.

    Raises
    ------
    MissingExtraError
        If PyTorch is not installed.
    """
    measurement = _Measurement(job, session, clips=clips, on_stage=on_stage)
    meter = Meter(
        str(job),
        workload=session.workload_of(job),
        hardware=hardware,
        sensors=sensors,
        store=store,
        tags=session.tags_of(job),
        review=measurement.review,
    )
    on_stage("building")
    with applied(session.settings, session.configuration), meter:
        measurement.run(meter)
    return meter.run
