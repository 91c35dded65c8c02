"""One line per method: means over splits, medians over ordered pairs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from statistics import fmean, median

from isojoule.studies.normalization.results import Scored, StudyResult
from isojoule.studies.normalization.scores import METRICS


@dataclass(frozen=True, slots=True)
class Summary:
    """How one method did on all pairs, in one kind of split.

    Parameters
    ----------
    split, method, features, sampling
        As in `Scored`.
    fraction : float or None
        As in `Scored`; `None` where a sampling was to give just as many references as
        the method needs.
    n_pairs : int
        Ordered pairs.
    n_references : float
        Median number of references.
    medians : mapping of str to float
        By metric: the median over pairs of the mean over splits; NaN where undefined.
    lows, highs : mapping of str to float
        The least and greatest median over pairs of a single split: how much the draw of
        the splits alone decides.
    """

    split: str
    method: str
    features: tuple[str, ...]
    sampling: str
    fraction: float | None
    n_pairs: int
    n_references: float
    medians: Mapping[str, float]
    lows: Mapping[str, float]
    highs: Mapping[str, float]


def summarize(result: StudyResult) -> tuple[Summary, ...]:
    """Return how every method did, in the order of the study.

    Parameters
    ----------
    result : StudyResult
        What a study found.
    """
    groups: dict[tuple[str, str, tuple[str, ...], str, float | None], list[Scored]] = {}
    for score in result.scores:
        key = (
            score.split,
            score.method,
            score.features,
            score.sampling,
            offered_fraction(score),
        )
        groups.setdefault(key, []).append(score)
    return tuple(_summary(scores, *key) for key, scores in groups.items())


def offered_fraction(score: Scored) -> float | None:
    """Return the share of references that was asked for; `None` for just enough."""
    is_just_enough = score.method == "dual" and score.sampling != "all"
    return None if is_just_enough else score.fraction


def pair_means(scores: Iterable[Scored], metric: str) -> dict[tuple[str, str], float]:
    """Return one score per ordered pair: the mean over its splits.

    Parameters
    ----------
    scores : iterable of Scored
        Of one method and one kind of split.
    metric : str
        A name of `METRICS`; splits where it is undefined are left out.
    """
    values: dict[tuple[str, str], list[float]] = {}
    for score in scores:
        value = getattr(score, metric)
        known = values.setdefault((score.source, score.target), [])
        if not isnan(value):
            known.append(value)
    return {pair: fmean(known) if known else nan for pair, known in values.items()}


def _summary(
    scores: Sequence[Scored],
    split: str,
    method: str,
    features: tuple[str, ...],
    sampling: str,
    fraction: float | None,
) -> Summary:
    by_seed: dict[int, list[Scored]] = {}
    for score in scores:
        by_seed.setdefault(score.seed, []).append(score)
    single = {
        metric: [
            _median(getattr(s, metric) for s in of_seed) for of_seed in by_seed.values()
        ]
        for metric in METRICS
    }
    return Summary(
        split=split,
        method=method,
        features=features,
        sampling=sampling,
        fraction=fraction,
        n_pairs=len({(s.source, s.target) for s in scores}),
        n_references=median(s.n_references for s in scores),
        medians={m: _median(pair_means(scores, m).values()) for m in METRICS},
        lows={m: min(values) for m, values in single.items()},
        highs={m: max(values) for m, values in single.items()},
    )


def _median(values: Iterable[float]) -> float:
    known = [value for value in values if not isnan(value)]
    return median(known) if known else nan
