"""What the benchmark finds, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass

from isojoule.studies.benchmark.bars import Judged
from isojoule.studies.benchmark.comparison import Comparison
from isojoule.studies.benchmark.contenders import Contender


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """One phase of one file.

    Parameters
    ----------
    name, phase : str
        Which.
    n_machines, n_workloads, n_models : int
        What there is.
    n_pairs : int
        Ordered pairs that are judged.
    n_pairs_by_model : int
        Those of which networks can be held out.
    """

    name: str
    phase: str
    n_machines: int
    n_workloads: int
    n_models: int
    n_pairs: int
    n_pairs_by_model: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How one contender did in one split.

    Parameters
    ----------
    contender : Contender
        Who.
    split : str
        Name of the split.
    k : int or None
        References that it counts as having, those it uses; `None` for all.
    means : mapping of str to float
        By `isojoule.studies.benchmark.judging.METRICS`, over all files; NaN where it
        did not answer everything.
    sources : mapping of str to mapping
        The same by file.
    comparison : Comparison or None
        Beside the published best with `k` references; `None` where there is none.
    n_pairs, n_folds : int
        Pairs with a score, folds that were answered.
    n_refused : int
        Folds that were refused.
    reason : str
        Why most of them were.
    same_as : tuple of str
        Labels of other contenders that gave the very same scores; they have no
        standing of their own.
    """

    contender: Contender
    split: str
    k: int | None
    means: Mapping[str, float]
    sources: Mapping[str, Mapping[str, float]]
    comparison: Comparison | None
    n_pairs: int
    n_folds: int
    n_refused: int
    reason: str
    same_as: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Best:
    """The best with at most so many references in one split.

    Parameters
    ----------
    split : str
        Name of the split.
    k : int or None
        Most references; `None` for any number.
    published, contender : str
        Labels of the best published one, and of the best of all; empty where none has
        a score on every file.
    published_male, male : float
        Their MALE; NaN where there is none.
    comparison : Comparison or None
        The best of all beside the published one.
    """

    split: str
    k: int | None
    published: str
    published_male: float
    contender: str
    male: float
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class PairScore:
    """Means over the folds of one contender on one pair.

    Parameters
    ----------
    source, phase : str
        File and phase.
    machine, target : str
        From which to which machine.
    split, contender : str
        Name of the split, label of the contender.
    k : int or None
        References that it counts as having.
    scores : mapping of str to float
        By `isojoule.studies.benchmark.judging.METRICS`.
    """

    source: str
    phase: str
    machine: str
    target: str
    split: str
    contender: str
    k: int | None
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """All that the benchmark found.

    Parameters
    ----------
    settings : mapping of str to object
        What it was asked, as JSON can hold it.
    sources : tuple of SourceSummary
        What it was judged on.
    contenders : tuple of Contender
        All that were tried, in order; comparisons point to their places.
    standings : tuple of Standing
        By split, then number of references, then MALE.
    best : tuple of Best
        By split and number of references.
    bars : tuple of Judged
        The demands.
    pair_scores : tuple of PairScore
        Of those with a standing.
    skipped : tuple of tuple of str
        Source, both machines, and why the pair was left out.
    notes : tuple of str
        What was left out, reduced or assumed.
    """

    settings: Mapping[str, object]
    sources: tuple[SourceSummary, ...]
    contenders: tuple[Contender, ...]
    standings: tuple[Standing, ...]
    best: tuple[Best, ...]
    bars: tuple[Judged, ...]
    pair_scores: tuple[PairScore, ...]
    skipped: tuple[tuple[str, str, str, str], ...]
    notes: tuple[str, ...]
