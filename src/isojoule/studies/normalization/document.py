"""What a study found as one document that JSON can hold, under keys that stay."""

from dataclasses import asdict, fields
from math import isfinite
from typing import Any, Final

from isojoule.studies.normalization.results import Scored, StudyResult
from isojoule.studies.normalization.scores import METRICS
from isojoule.studies.normalization.summaries import Summary, summarize

_OF_SCORE: Final = tuple(field.name for field in fields(Scored))


def study_document(result: StudyResult) -> dict[str, Any]:
    """Return the whole result without what figures alone need.

    Parameters
    ----------
    result : StudyResult
        What a study found.

    Returns
    -------
    dict
        ``study``, ``source``; ``methods``, one entry per method and split with medians
        over pairs of means over splits, and under ``single_splits`` the least and
        greatest median over pairs of a single split; ``claims``, ``skipped``, ``notes``
        and ``scores`` with the fields of `results`. `None` stands for what is undefined
        (``r2``), infinite (``male`` where ``nonpositive_fraction`` is above zero) or
        not known (``low`` and ``high``), and for the fraction where a sampling was to
        give just as many references as the method needs.
    """
    return {
        "study": result.study,
        "source": result.source_name,
        "methods": [_finite(_method(summary)) for summary in summarize(result)],
        "claims": [_finite(asdict(claim)) for claim in result.claims],
        "skipped": [
            {"source": source, "target": target, "reason": reason}
            for source, target, reason in result.skipped
        ],
        "notes": list(result.notes),
        "scores": [
            _finite({name: getattr(score, name) for name in _OF_SCORE})
            for score in result.scores
        ],
    }


def _method(summary: Summary) -> dict[str, Any]:
    return {
        "split": summary.split,
        "method": summary.method,
        "features": list(summary.features),
        "sampling": summary.sampling,
        "fraction": summary.fraction,
        "n_pairs": summary.n_pairs,
        "n_references": summary.n_references,
        **summary.medians,
        "single_splits": {
            name: _finite({"low": summary.lows[name], "high": summary.highs[name]})
            for name in METRICS
        },
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in values.items()
    }
