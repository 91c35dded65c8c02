"""What the benchmark found as one document that JSON can hold, under keys that stay."""

from collections.abc import Mapping
from dataclasses import asdict
from math import exp, isfinite
from typing import Any, Final

from isojoule.studies.benchmark.bars import SPLIT, Judged
from isojoule.studies.benchmark.comparison import Comparison
from isojoule.studies.benchmark.contenders import word_of
from isojoule.studies.benchmark.results import (
    BenchmarkResult,
    Best,
    Standing,
)

SCHEMA_VERSION: Final = 1


def benchmark_document(result: BenchmarkResult) -> dict[str, Any]:
    """Return the result without the scores of single pairs, of which there are many.

    Parameters
    ----------
    result : BenchmarkResult
        What the benchmark found.

    Returns
    -------
    dict
        ``schema_version``, ``study``, ``settings``, ``sources``; ``contenders``, one
        entry per contender and split; ``best``, one per split and number of references;
        ``bars``, ``skipped`` and ``notes``. A number of references is an integer or
        ``all``. `None` stands for what is not known or infinite.
    """
    labels = [contender.label for contender in result.contenders]
    return {
        "schema_version": SCHEMA_VERSION,
        "study": "benchmark",
        "settings": dict(result.settings),
        "sources": [asdict(source) for source in result.sources],
        "contenders": [_standing(standing, labels) for standing in result.standings],
        "best": [_best(best, labels) for best in result.best],
        "bars": [_bar(judged) for judged in result.bars],
        "skipped": [
            {"source": label, "machine": one, "target": other, "reason": reason}
            for label, one, other, reason in result.skipped
        ],
        "notes": list(result.notes),
    }


def scores_of(means: Mapping[str, float]) -> dict[str, float | None]:
    """Return means of scores by the names of the document.

    Parameters
    ----------
    means : mapping of str to float
        By `isojoule.studies.benchmark.judging.METRICS`.

    Returns
    -------
    dict of str to float or None
        ``log_width`` becomes ``width_factor``, high / low, the geometric mean over
        files, pairs and folds of the median of each fold.
    """
    named = {name: value for name, value in means.items() if name != "log_width"}
    with_width = {**named, "width_factor": _exp(means["log_width"])}
    return {name: _finite(value) for name, value in with_width.items()}


def _exp(value: float) -> float:
    try:
        return exp(value)
    except OverflowError:
        return float("inf")


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _k(k: int | None) -> int | str:
    return word_of(k) if k is None else k


def _standing(standing: Standing, labels: list[str]) -> dict[str, Any]:
    contender = standing.contender
    return {
        "contender": contender.label,
        "split": standing.split,
        "method": contender.method,
        "features": list(contender.features),
        "selector": contender.selector,
        "n_offered": _k(contender.n_offered),
        "k": _k(standing.k),
        "is_published": contender.is_published,
        **scores_of(standing.means),
        "sources": {file: scores_of(own) for file, own in standing.sources.items()},
        "against_published": _comparison(standing.comparison, labels),
        "n_pairs": standing.n_pairs,
        "n_folds": standing.n_folds,
        "n_refused": standing.n_refused,
        "refused_because": standing.reason or None,
        "same_as": list(standing.same_as),
    }


def _comparison(found: Comparison | None, labels: list[str]) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "published": labels[found.published],
        "ratio": _finite(found.ratio),
        "ratio_low": _finite(found.low),
        "ratio_high": _finite(found.high),
        "beats_fraction": _finite(found.beats),
        "beats_in_hindsight_fraction": _finite(found.beats_hindsight),
    }


def _best(best: Best, labels: list[str]) -> dict[str, Any]:
    return {
        "split": best.split,
        "k": _k(best.k),
        "published": best.published or None,
        "published_male": _finite(best.published_male),
        "contender": best.contender or None,
        "male": _finite(best.male),
        "against_published": _comparison(best.comparison, labels),
    }


def _bar(judged: Judged) -> dict[str, Any]:
    bar = judged.bar
    return {
        "bar": bar.text,
        "quantity": bar.quantity,
        "split": SPLIT,
        "k": _k(judged.k),
        "at_least": _finite(bar.low),
        "at_most": _finite(bar.high),
        "contender": judged.contender or None,
        "value": _finite(judged.value),
        "is_met": judged.is_met,
    }
