"""From runs by file to the result of the benchmark."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.normalizers import NORMALIZERS, FitNormalizer
from isojoule.normalizers.joint.prior import PriorFile, bundled
from isojoule.records import Run
from isojoule.studies.benchmark.contenders import Learn, make_contenders
from isojoule.studies.benchmark.judging import (
    SCORE_TYPE,
    Judge,
    Refusal,
    Scores,
    Task,
)
from isojoule.studies.benchmark.learned import methods_of, selectors_of
from isojoule.studies.benchmark.results import BenchmarkResult
from isojoule.studies.benchmark.selectors import SELECTORS, Selector
from isojoule.studies.benchmark.settings import Settings
from isojoule.studies.benchmark.sources import (
    MachinePair,
    Source,
    gather_sources,
    pair_machines,
)
from isojoule.studies.benchmark.standings import Evidence, make_result
from isojoule.studies.normalization.backends import map_jobs
from isojoule.studies.normalization.splits import unusable_models

_TASKS_PER_JOB: Final = 4  # between two signs of progress

Entry = TypeVar("Entry")


def study_benchmark(
    runs: Mapping[str, Sequence[Run]],
    settings: Settings | None = None,
    *,
    normalizers: Mapping[str, FitNormalizer] = NORMALIZERS,
    priors: PriorFile | None = None,
    learned: Mapping[str, Learn] | None = None,
    selectors: Mapping[str, Selector] = SELECTORS,
    on_progress: Callable[[int, int], None] | None = None,
) -> BenchmarkResult:
    """Return how every method does by every way to references, on every file.

    Parameters
    ----------
    runs : mapping of str to sequence of Run
        By file.
    settings : Settings, optional
        How it is run.
    normalizers : mapping of str to FitNormalizer
        Methods by name.
    priors : PriorFile, optional
        What ``joint`` and the selector ``plan`` know: for each file what was learned
        without it. What ships with the package by default.
    learned : mapping of str to callable, optional
        Methods that learn from other files, by name. Each is made once per file, from
        the sources of all other files. ``joint`` with `priors` by default.
    selectors : mapping of str to callable
        Ways to choose references by name, beside ``plan``.
    on_progress : callable, optional
        Is told how many pairs are judged, of how many.

    Raises
    ------
    InsufficientDataError
        If no two machines of a file share enough workloads, or no networks can be held
        out where that alone is asked for.
    MissingExtraError
        If a method or several jobs need a package that is not installed.
    UnknownNameError
        If there is no such method or selector.
    """
    asked = settings or Settings()
    priors = bundled() if priors is None else priors
    learned = methods_of(priors) if learned is None else learned
    methods: dict[str, FitNormalizer | Learn] = {**normalizers, **learned}
    tried = _chosen("method", asked.methods, methods)
    known_ways = {**selectors, **selectors_of(priors, "")}
    ways = _chosen("way to choose references", asked.selectors, known_ways)
    if asked.judged:
        _chosen("method", (re.split(r"[+/]", asked.judged)[0],), methods)
    sources, notes = gather_sources(
        runs, max_workloads=asked.max_workloads, seed=asked.seed
    )
    pairs, skipped = pair_machines(sources, min_shared=asked.min_shared)
    _require_some(pairs, skipped, asked, list(runs))
    contenders = make_contenders(tried, ways, asked.ks, available=methods)
    judge = Judge(
        contenders=contenders,
        normalizers={n: f for n, f in normalizers.items() if n not in learned},
        selectors=selectors,
        splits=asked.splits,
        n_seeds=asked.n_seeds,
        third_machines=asked.third_machines,
        level=asked.level,
    )
    needed = {contender.method for contender in contenders}
    made = learn({n: t for n, t in learned.items() if n in needed}, sources)
    tasks = _tasks(pairs, sources, made, priors)
    scores, refusals = _judge_all(judge, tasks, asked.n_jobs, on_progress)
    evidence = Evidence(
        sources=tuple(sources),
        pairs=tuple(pairs),
        contenders=contenders,
        scores=scores,
        refusals=tuple(refusals),
        skipped=tuple(skipped),
        notes=(*notes, *_notes(made, pairs, asked, priors)),
    )
    return make_result(evidence, asked)


def _chosen(
    kind: str, names: Sequence[str], known: Mapping[str, Entry]
) -> dict[str, Entry]:
    """Return those of these names, or all.

    Raises
    ------
    UnknownNameError
        If there is none of a name.
    """
    for name in names:
        if name not in known:
            raise UnknownNameError(kind, name, known)
    return {name: known[name] for name in (names or known)}


def _require_some(
    pairs: Sequence[MachinePair],
    skipped: Sequence[tuple[str, str, str, str]],
    settings: Settings,
    files: Sequence[str],
) -> None:
    """Raise unless some pair can be split in one of the ways that are asked for.

    Raises
    ------
    InsufficientDataError
        The message tells of the first pair.
    """
    if not pairs:
        why = "no file has two machines"
        if skipped:
            label, one, other, reason = skipped[0]
            why = f"{label}, {one} to {other}: {reason}"
        raise InsufficientDataError(
            f"no pair of machines can be judged in {', '.join(files) or 'no file'}: "
            f"{why}; add runs of the same workloads on another machine"
        )
    reasons = [unusable_models(pair.shared) for pair in pairs]
    if settings.splits == ("by-model",) and all(reasons):
        raise InsufficientDataError(
            f"none of {len(pairs)} ordered pairs can be split by model: {reasons[0]}"
        )


def learn(
    learned: Mapping[str, Learn], sources: Sequence[Source]
) -> dict[str, dict[str, FitNormalizer]]:
    """Return what fits the pairs of each file, learned from the other files.

    Parameters
    ----------
    learned : mapping of str to callable
        By name of the method.
    sources : sequence of Source
        Of all files.
    """
    return {
        file: {
            name: teach([s for s in sources if s.name != file], file)
            for name, teach in learned.items()
        }
        for file in dict.fromkeys(source.name for source in sources)
    }


def _tasks(
    pairs: Sequence[MachinePair],
    sources: Sequence[Source],
    made: Mapping[str, Mapping[str, FitNormalizer]],
    priors: PriorFile,
) -> list[Task]:
    of_source = {(s.name, s.phase): s.calibrations for s in sources}
    return [
        Task(
            place,
            pair,
            of_source[pair.name, pair.phase],
            made[pair.name],
            selectors_of(priors, pair.name),
        )
        for place, pair in enumerate(pairs)
    ]


def _judge_all(
    judge: Judge,
    tasks: Sequence[Task],
    n_jobs: int,
    on_progress: Callable[[int, int], None] | None,
) -> tuple[Scores, list[Refusal]]:
    found: list[tuple[Scores, list[Refusal]]] = []
    for some in _batches(tasks, 1 if n_jobs == 1 else _TASKS_PER_JOB * n_jobs):
        found += map_jobs(judge, some, n_jobs=n_jobs, backend="loky")
        if on_progress is not None:
            on_progress(len(found), len(tasks))
    scores = np.concatenate([np.empty(0, SCORE_TYPE), *(s for s, _ in found)])
    return scores, [refusal for _, refused in found for refusal in refused]


def _batches(tasks: Sequence[Task], size: int) -> Iterator[Sequence[Task]]:
    for start in range(0, len(tasks), size):
        yield tasks[start : start + size]


def _notes(
    made: Mapping[str, Mapping[str, FitNormalizer]],
    pairs: Sequence[MachinePair],
    settings: Settings,
    priors: PriorFile,
) -> Iterator[str]:
    names = [name for name in next(iter(made.values()), {}) if name != "joint"]
    if names and len(made) == 1:
        yield f"{', '.join(names)}: one file alone, so nothing was learned from others"
    elif names:
        yield f"{', '.join(names)}: learned for each file from the other files alone"
    own = sorted(set(made) & priors.without.keys())
    yield (
        f"joint, plan: what they know beforehand is from {len(priors.prior.sources)} "
        "tables" + (f", for {', '.join(own)} from the others" if own else "")
    )
    n_without = sum(bool(unusable_models(pair.shared)) for pair in pairs)
    if n_without and "by-model" in settings.splits:
        yield (
            f"by-model split: {n_without} of {len(pairs)} ordered pairs have no "
            "networks to hold out"
        )
