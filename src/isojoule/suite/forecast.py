"""How long the suite will take and what it will cost, before it starts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.meter import Meter
from isojoule.records import Run
from isojoule.suite.clips import Clips
from isojoule.suite.plan import Job, Session
from isojoule.suite.settings import Phase, applied, open_sensors_of
from isojoule.suite.work import Work, is_out_of_memory
from isojoule.workloads import BATCH_SIZE, SUITE, ReferenceModel
from isojoule.workloads.cnn import n_pixels_after

_PROBED: Final = ("rnn-1x128", "mlp-1x1024", "cnn-2x128", "crnn-1x1-64x64")
_PROBE_S: Final = 0.5
_N_WARM_UP_BLOCKS: Final = 4


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected; within a factor of two or so.

    Parameters
    ----------
    duration_s : mapping of Job to float
        Time of each job with its rests [s].
    energy_j : float or None
        Energy of all jobs without their rests [J]; `None` where no sensor told the
        power of the probe.
    """

    duration_s: Mapping[Job, float]
    energy_j: float | None

    @property
    def total_s(self) -> float:
        """Time of all jobs [s]."""
        return sum(self.duration_s.values())


def forecast(
    session: Session, jobs: Sequence[Job], *, clips: Clips, past: Iterable[Run] = ()
) -> Forecast:
    """Return the time and energy that `jobs` will take, from a probe of seconds.

    Parameters
    ----------
    session : Session
        Where and how.
    jobs : sequence of Job
        What is still to be done.
    clips : Clips
        From `open_clips`.
    past : iterable of Run
        Runs on this hardware, whose pace is known better than any probe tells.

    Raises
    ------
    MissingExtraError
        If PyTorch is not installed.
    SensorUnavailableError
        If there is no sensor at all.

    Notes
    -----
    The time of a step is taken as a sum over what it costs to start one, to update a
    parameter, to do a FLOP, and to take a step of a sequence. The four prices come from
    four small models that step for half a second each.
    """
    steps_s, power_w = _probe(session, clips)
    prices = _prices(steps_s)
    known = {
        (run.workload.name, run.workload.phase, run.workload.variant): run.measures
        for run in past
        if "step_s" in run.measures
    }
    duration_s, busy_s = {}, 0.0
    for job in jobs:
        work = session.workload_of(job)
        measures = known.get((work.name, work.phase, work.variant), {})
        step_s = measures.get("step_s") or float(
            _amounts(job.model, job.phase) @ prices
        )
        job_busy_s = _busy_s(session, step_s, clips.n_clips)
        busy_s += job_busy_s
        duration_s[job] = job_busy_s + 2 * session.rules.idle_s + session.rules.rest_s
    return Forecast(duration_s, None if power_w is None else power_w * busy_s)


def _probe(session: Session, clips: Clips) -> tuple[dict[str, float], float | None]:
    """Return the time per step of the probed models [s], and the power meanwhile [W].

    Raises
    ------
    MemoryError
        Never: what does not fit is not probed.
    RuntimeError
        If a model fails for another reason than memory.
    """
    sensors = open_sensors_of(session.configuration.device)
    steps_s = {}
    meter = Meter("forecast", sensors=sensors)
    try:
        with applied(session.settings, session.configuration), meter:
            for name in _PROBED:
                work = Work(
                    SUITE[name],
                    "train",
                    settings=session.settings,
                    clips=clips,
                    device=session.configuration.device,
                )
                work.step()
                n_steps, duration_s = work.time_steps(at_least_s=_PROBE_S)
                steps_s[name] = duration_s / n_steps
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
    finally:
        for sensor in sensors:
            sensor.close()
    energies_j = [e.energy_j for e in meter.run.energies if e.energy_j is not None]
    if not energies_j or not meter.run.duration_s:
        return steps_s, None
    return steps_s, sum(energies_j) / meter.run.duration_s


def _amounts(model: ReferenceModel, phase: Phase) -> NDArray[np.float64]:
    """Return how much of what a step of `model` has to pay for."""
    n_sequence = 0
    if model.family == "crnn":
        n_conv, n_recurrent = model.num_layers
        n_sequence = n_pixels_after(n_conv) * n_recurrent
    if phase == "train":
        flop = BATCH_SIZE * model.training_flop_per_sample
        return np.array([1.0, model.n_params, flop, n_sequence])
    flop = BATCH_SIZE * model.forward_flop_per_sample
    return np.array([1.0, 0.0, flop, n_sequence / 3])


def _prices(steps_s: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the time [s] per step, parameter, FLOP and step of a sequence.

    Notes
    -----
    Non-negative least squares on relative errors: of all subsets of the four the one
    that fits best with prices that are not negative.
    """
    seen_s = np.array(list(steps_s.values()))
    amounts = np.array([_amounts(SUITE[name], "train") for name in steps_s])
    best, best_error = np.zeros(4), np.inf
    for n_priced in range(1, 5):
        for priced in combinations(range(4), n_priced):
            columns = amounts[:, priced] / seen_s[:, None]
            found = np.linalg.lstsq(columns, np.ones(len(seen_s)), rcond=None)[0]
            error = float(np.sum((columns @ found - 1.0) ** 2))
            if np.all(found >= 0) and error < best_error:
                best, best_error = np.zeros(4), error
                best[list(priced)] = found
    return best


def _busy_s(session: Session, step_s: float, n_clips: int) -> float:
    """Return the time of the warm-up and the measured steps of one job [s]."""
    rules = session.rules
    block_s = max(rules.block_s, step_s)
    warm_up_s = min(_N_WARM_UP_BLOCKS * block_s, max(rules.max_warm_up_s, block_s))
    if rules.n_steps is not None:
        return warm_up_s + rules.n_steps * step_s
    if not rules.whole_epochs:
        return warm_up_s + max(rules.min_duration_s, step_s)
    epoch_s = step_s * ceil(n_clips / BATCH_SIZE)
    n_epochs = max(rules.n_epochs, ceil(rules.min_duration_s / epoch_s))
    return warm_up_s + n_epochs * epoch_s
