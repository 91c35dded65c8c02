"""From runs to the result of a study: the way that all three have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.observations import calibrate, select
from isojoule.records import Calibration, Observation, Run
from isojoule.studies.normalization.backends import (
    BACKENDS,
    map_jobs,
    require_backend,
)
from isojoule.studies.normalization.claims import judge_claims
from isojoule.studies.normalization.design import Design
from isojoule.studies.normalization.pairs import (
    Measurements,
    SharedPair,
    Skipped,
    wanted_pairs,
)
from isojoule.studies.normalization.panels import make_panels
from isojoule.studies.normalization.results import StudyResult
from isojoule.studies.normalization.scores import METRICS
from isojoule.studies.normalization.scoring import Tally, score_pairs, to_scored
from isojoule.studies.normalization.splits import SPLITS, unusable_models

MIN_SHARED: Final = 8
LEAST_SHARED: Final = 5
"""With fewer, fits of three coefficients and a test of them are no study."""

_CHUNK: Final = 256  # pairs at a time
_CHUNKS_PER_JOB: Final = 4


@dataclass(frozen=True, slots=True)
class Settings:
    """How the studies are run, the same for all three.

    Parameters
    ----------
    pairs : tuple of str, default ("all",)
        ``all``, or ``A:B`` for source and target, any number of them.
    n_seeds : int, default 5
        Splits of each pair and kind.
    splits : tuple of str, default ("random", "by-model")
        Names of `SPLITS`.
    metrics : tuple of str, default ("mse_kwh2", "mdape")
        Names of `METRICS` on which claims are judged. Of two methods on the same
        workloads, the one of lower MSE has the higher R2.
    phase : str or None
        As for `isojoule.observations.select`.
    power_limit_w : float or None
        As for `isojoule.observations.select` [W].
    min_shared : int, default 8
        Fewest workloads of a pair.
    allow_mixed : bool, default False
        Accept energies of different phase, settings, scope or provenance.
    n_jobs : int, default 1
        Processes at a time.
    backend : {"loky", "ray", "dask"}
        Where they are.
    with_panels : bool, default True
        Whether to give what figures of single fits need.
    source_name : str, default "runs"
        What was read.

    Raises
    ------
    UnknownNameError
        If there is no such split, metric or backend.
    ValueError
        If there are too few seeds, shared workloads or jobs, also for a cluster.
    """

    pairs: tuple[str, ...] = ("all",)
    n_seeds: int = 5
    splits: tuple[str, ...] = tuple(SPLITS)
    metrics: tuple[str, ...] = ("mse_kwh2", "mdape")
    phase: str | None = None
    power_limit_w: float | None = None
    min_shared: int = MIN_SHARED
    allow_mixed: bool = False
    n_jobs: int = 1
    backend: str = "loky"
    with_panels: bool = True
    source_name: str = "runs"

    def __post_init__(self) -> None:
        for kind, names, known in (
            ("split", self.splits, SPLITS),
            ("metric", self.metrics, METRICS),
        ):
            for name in names:
                if name not in known:
                    raise UnknownNameError(kind, name, known)
        require_backend(self.backend)
        for what, value, least in (
            ("number of seeds", self.n_seeds, 1),
            ("fewest shared workloads", self.min_shared, LEAST_SHARED),
            ("number of jobs", self.n_jobs, 1),
        ):
            if value < least:
                raise ValueError(f"the {what} must be at least {least}, got {value}")
        if self.backend != BACKENDS[0] and self.n_jobs == 1:
            raise ValueError(
                f"the backend {self.backend} is for two jobs or more: give their number"
            )


@dataclass(frozen=True, slots=True)
class Gathered:
    """Calibrations of all machines, and what was done to get there.

    Parameters
    ----------
    calibrations : mapping of str to Calibration
        By machine.
    notes : tuple of str
        What was left out or reduced.
    """

    calibrations: Mapping[str, Calibration]
    notes: tuple[str, ...]


def gather(runs: Sequence[Run], settings: Settings) -> Gathered:
    """Return the calibrations of `runs`, repeats reduced to their median.

    Parameters
    ----------
    runs : sequence of Run
        Of any machines.
    settings : Settings
        Which of them.

    Raises
    ------
    InsufficientDataError
        If there are fewer than two machines.
    IncomparableError
        If phases or kinds of energies are mixed and that was not accepted.
    UnknownNameError
        If no run is of the phase or at the power limit.
    """
    different = list({run.run_id: run for run in runs}.values())
    selection = select(
        different, phase=settings.phase, power_limit_w=settings.power_limit_w
    )
    by_machine: dict[str, list[Observation]] = {}
    for seen in selection.observations:
        by_machine.setdefault(seen.hardware, []).append(seen)
    if len(by_machine) < 2:
        found = ", ".join(by_machine) or "none"
        raise InsufficientDataError(
            f"a study needs two machines or more, the runs are of {found}: add runs of "
            "the same workloads on another one"
        )
    calibrations = {
        machine: calibrate(machine, seen, allow_mixed=settings.allow_mixed)
        for machine, seen in sorted(by_machine.items())
    }
    notes = list(selection.notes)
    if len(different) < len(runs):
        notes.append(f"{len(runs) - len(different)} runs were given twice")
    n_medians = sum(len(c.observations) for c in calibrations.values())
    if n_medians < len(selection.observations):
        notes.append(
            f"repeats reduced to their median: {len(selection.observations)} runs to "
            f"{n_medians} energies of a workload on a machine"
        )
    return Gathered(calibrations, tuple(notes))


def run_study(
    gathered: Gathered, design: Design, settings: Settings, *, level: float
) -> StudyResult:
    """Return what a study finds.

    Parameters
    ----------
    gathered : Gathered
        What it is about.
    design : Design
        What it asks.
    settings : Settings
        How it is run.
    level : float
        Coverage of the intervals of claims, in (0, 1).

    Raises
    ------
    InsufficientDataError
        If no pair can be studied.
    IncomparableError
        If source and target of a pair are the same.
    MissingExtraError
        If scipy, or what fits or the backend need, is not installed.
    UnknownNameError
        If a machine or feature is not there.
    ValueError
        If the level is outside (0, 1), or a pair is not written as one.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie in (0, 1), got {level}")
    pairs, skipped = _shared(gathered, design, settings)
    without_models = [
        (pair.source, pair.target, f"by-model: {reason}")
        for pair in (pairs if "by-model" in settings.splits else ())
        if (reason := unusable_models(pair))
    ]
    _require_some(pairs, skipped, without_models, settings)
    tally = _score_all(pairs, design, settings)
    return StudyResult(
        study=design.study,
        source_name=settings.source_name,
        scores=to_scored(tally.scores, pairs, design.variants, settings.splits),
        panels=make_panels(pairs, design) if settings.with_panels else (),
        claims=judge_claims(
            design,
            tally.scores,
            pairs,
            splits=settings.splits,
            metrics=settings.metrics,
            level=level,
        ),
        skipped=(*skipped, *without_models),
        notes=(*gathered.notes, *_notes(pairs, design, settings, tally)),
    )


def _shared(
    gathered: Gathered, design: Design, settings: Settings
) -> tuple[list[SharedPair], list[Skipped]]:
    """Return the pairs that share enough, and those that do not."""
    measured = Measurements(
        gathered.calibrations, design.features, allow_mixed=settings.allow_mixed
    )
    pairs: list[SharedPair] = []
    skipped: list[Skipped] = []
    for source, target in wanted_pairs(settings.pairs, gathered.calibrations):
        found = measured.share(source, target, min_shared=settings.min_shared)
        if isinstance(found, SharedPair):
            pairs.append(found)
        else:
            skipped.append(found)
    return pairs, skipped


def _require_some(
    pairs: Sequence[SharedPair],
    skipped: Sequence[Skipped],
    without_models: Sequence[Skipped],
    settings: Settings,
) -> None:
    """Raise unless some pair can be split in one of the ways that are asked for.

    Raises
    ------
    InsufficientDataError
        The message tells of the first pair.
    """
    lost = list(skipped)
    if settings.splits == ("by-model",):
        lost += without_models
    n_pairs = len(pairs) + len(skipped)
    if len(lost) == n_pairs:
        source, target, reason = lost[0]
        raise InsufficientDataError(
            f"none of {n_pairs} ordered pairs can be studied; {source} to {target}: "
            f"{reason}"
        )


def _score_all(
    pairs: Sequence[SharedPair], design: Design, settings: Settings
) -> Tally:
    size = min(_CHUNK, -(-len(pairs) // (_CHUNKS_PER_JOB * settings.n_jobs)))
    if settings.n_jobs == 1:
        size = _CHUNK
    work = _ScoreChunk(design, settings.splits, settings.n_seeds)
    chunks = [
        (start, pairs[start : start + size]) for start in range(0, len(pairs), size)
    ]
    tallies = map_jobs(work, chunks, n_jobs=settings.n_jobs, backend=settings.backend)
    return Tally(
        np.concatenate([tally.scores for tally in tallies]),
        tuple(np.sum([tally.n_folds for tally in tallies], axis=0).tolist()),
    )


@dataclass(frozen=True, slots=True)
class _ScoreChunk:
    """Scores some of the pairs; can be sent to another process."""

    design: Design
    splits: tuple[str, ...]
    n_seeds: int

    def __call__(self, chunk: tuple[int, Sequence[SharedPair]]) -> Tally:
        first, pairs = chunk
        return score_pairs(pairs, self.design, self.splits, self.n_seeds, first)


def _notes(
    pairs: Sequence[SharedPair], design: Design, settings: Settings, tally: Tally
) -> list[str]:
    notes = []
    by_model = [pair for pair in pairs if not unusable_models(pair)]
    n_unstated = max((pair.n_unstated for pair in by_model), default=0)
    if n_unstated and "by-model" in settings.splits:
        notes.append(
            f"up to {n_unstated} workloads of a pair state no network: each is held "
            "out as a network of its own"
        )
    for place, split in enumerate(settings.splits):
        n_folds = tally.n_folds[place]
        of_split = tally.scores[tally.scores["split"] == place]
        n_seeds = int(of_split["seed"].max(initial=-1)) + 1
        if 0 < n_seeds < settings.n_seeds:
            notes.append(
                f"{split} split: {n_seeds} splits of a pair instead of "
                f"{settings.n_seeds}, whole rounds that hold out each network once"
            )
        counts = np.bincount(of_split["variant"], minlength=len(design.variants))
        fewer = [
            f"{variant.label} {n_folds - n}"
            for variant, n in zip(design.variants, counts.tolist(), strict=True)
            if n < n_folds
        ]
        if fewer:
            notes.append(
                f"{split} split: fits left out of {n_folds}, for they need more "
                f"references of different energy: {', '.join(fewer)}"
            )
    return notes
