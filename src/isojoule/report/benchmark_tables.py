"""What the benchmark found, row by row: one table per question."""

from collections.abc import Mapping
from math import inf, isfinite
from typing import Final

from isojoule.studies.benchmark.comparison import Comparison
from isojoule.studies.benchmark.contenders import word_of
from isojoule.studies.benchmark.document import scores_of
from isojoule.studies.benchmark.results import BenchmarkResult, Standing
from isojoule.tables import Cell, Table

N_TOP: Final = 8
"""Contenders that are shown for each number of references, beside the published."""

ENDLESS: Final = 1000.0
"""Errors and widths above are shown as endless to people."""

_SCORES: Final = {
    "male": "MALE",
    "mdape_fraction": "MdAPE",
    "coverage_fraction": "covered",
    "interval_fraction": "with interval",
    "width_factor": "high / low",
    "nonpositive_fraction": "not positive",
}
_AGAINST: Final = {
    "ratio": "to published",
    "ratio_low": "low",
    "ratio_high": "high",
    "beats_fraction": "better on",
    "beats_in_hindsight_fraction": "in hindsight",
}
_OF_CONTENDER: Final = {
    "split": "split",
    "k": "k",
    "contender": "contender",
    "is_published": "published",
}


def standings_table(result: BenchmarkResult) -> Table:
    """Return every contender in every split."""
    rows = [_row(result, standing) for standing in result.standings]
    labels = {
        **_OF_CONTENDER,
        **_SCORES,
        **_AGAINST,
        "against": "against",
        "n_pairs": "pairs",
        "n_folds": "folds",
        "n_refused": "refused",
        "reason": "mostly because",
        "same_as": "same as",
    }
    return Table.from_rows("Every contender", rows, labels=labels)


def top_table(result: BenchmarkResult, split: str, *, n_top: int = N_TOP) -> Table:
    """Return the best of one split by number of references, and all published.

    Parameters
    ----------
    result : BenchmarkResult
        What was found.
    split : str
        Name of the split.
    n_top : int, default 8
        Contenders for each number of references.
    """
    labels = {
        "k": "k",
        "contender": "contender",
        "is_published": "published",
        **{name: _SCORES[name] for name in _SHOWN},
        **{name: label for name, label in _AGAINST.items() if name != _HINDSIGHT},
        "n_refused": "refused",
    }
    rows = [_short(_row(result, standing)) for standing in _top(result, split, n_top)]
    files = dict.fromkeys(name for s in result.standings for name in s.sources)
    over = f"mean over {len(files)} files" if len(files) > 1 else "one file"
    title = f"{split} split: {over}, the best {n_top} for each k"
    return Table.from_rows(title, rows, labels=labels)


_HINDSIGHT: Final = "beats_in_hindsight_fraction"
_SHOWN: Final = (
    *("male", "mdape_fraction", "coverage_fraction", "interval_fraction"),
    "width_factor",
)


def _short(row: dict[str, Cell]) -> dict[str, Cell]:
    """Return a row of which nobody needs to read thirty digits."""
    return {
        name: inf if isinstance(cell, float) and cell > ENDLESS else cell
        for name, cell in row.items()
    }


def _top(result: BenchmarkResult, split: str, n_top: int) -> list[Standing]:
    shown: dict[int | None, int] = {}
    chosen = []
    for standing in result.standings:  # by k, then by MALE
        if standing.split != split or standing.n_folds == 0:
            continue
        shown[standing.k] = shown.get(standing.k, 0) + 1
        if shown[standing.k] <= n_top or standing.contender.is_published:
            chosen.append(standing)
    return chosen


def sources_table(result: BenchmarkResult) -> Table:
    """Return every contender on every file."""
    labels = {**_OF_CONTENDER, "source": "file", **_SCORES}
    rows = [
        {**_names(standing), "source": file, **_cells(means)}
        for standing in result.standings
        for file, means in standing.sources.items()
    ]
    return Table.from_rows("Each file: means over pairs", rows, labels=labels)


def pairs_table(result: BenchmarkResult) -> Table:
    """Return every contender on every pair of machines."""
    labels = {
        "source": "file",
        "phase": "phase",
        "machine": "from",
        "target": "to",
        "split": "split",
        "k": "k",
        "contender": "contender",
        **_SCORES,
    }
    rows: list[dict[str, Cell]] = [
        {
            "source": score.source,
            "phase": score.phase,
            "machine": score.machine,
            "target": score.target,
            "split": score.split,
            "k": word_of(score.k),
            "contender": score.contender,
            **_cells(score.scores),
        }
        for score in result.pair_scores
    ]
    return Table.from_rows("Each pair: means over folds", rows, labels=labels)


def best_table(result: BenchmarkResult) -> Table:
    """Return the best for each number of references beside the published best."""
    labels = {
        "split": "split",
        "k": "at most",
        "published": "published best",
        "published_male": "MALE",
        "contender": "best",
        "male": "MALE ",
        **_AGAINST,
    }
    rows: list[dict[str, Cell]] = [
        {
            "split": best.split,
            "k": word_of(best.k),
            "published": best.published or None,
            "published_male": best.published_male,
            "contender": best.contender or None,
            "male": best.male,
            **_against(best.comparison),
        }
        for best in result.best
    ]
    return Table.from_rows(
        "The best for each number of references", rows, labels=labels
    )


def bars_table(result: BenchmarkResult) -> Table:
    """Return what is demanded and whether it is met."""
    labels = {
        "bar": "demanded",
        "k": "k",
        "at_least": "at least",
        "at_most": "at most",
        "contender": "judged",
        "value": "found",
        "is_met": "met",
    }
    rows: list[dict[str, Cell]] = [
        {
            "bar": judged.bar.text,
            "k": word_of(judged.k),
            "at_least": _known(judged.bar.low),
            "at_most": _known(judged.bar.high),
            "contender": judged.contender or None,
            "value": judged.value,
            "is_met": judged.is_met,
        }
        for judged in result.bars
    ]
    return Table.from_rows("Bars, by-model split", rows, labels=labels)


def summary_table(result: BenchmarkResult) -> Table:
    """Return what was judged: one row per file and phase."""
    labels = {
        "name": "file",
        "phase": "phase",
        "n_machines": "machines",
        "n_workloads": "workloads",
        "n_models": "networks",
        "n_pairs": "ordered pairs",
        "n_pairs_by_model": "by model",
    }
    rows = [{name: getattr(own, name) for name in labels} for own in result.sources]
    return Table.from_rows("Files", rows, labels=labels)


def skipped_table(result: BenchmarkResult) -> Table:
    """Return the pairs that were not judged, and why."""
    labels = {"source": "file", "machine": "from", "target": "to", "reason": "because"}
    rows = [dict(zip(labels, cells, strict=True)) for cells in result.skipped]
    return Table.from_rows("Pairs left out", rows, labels=labels)


def short_tables(result: BenchmarkResult) -> dict[str, Table]:
    """Return the tables that people read, by name."""
    tops = {
        f"top-{split}": top_table(result, split)
        for split in dict.fromkeys(standing.split for standing in result.standings)
    }
    return {
        "files": summary_table(result),
        **tops,
        "best": best_table(result),
        "bars": bars_table(result),
    }


def long_tables(result: BenchmarkResult) -> dict[str, Table]:
    """Return the tables that are for machines, in full, by name."""
    return {
        "contenders": standings_table(result),
        "sources": sources_table(result),
        "pairs": pairs_table(result),
        "skipped": skipped_table(result),
    }


def _names(standing: Standing) -> dict[str, Cell]:
    return {
        "split": standing.split,
        "k": word_of(standing.k),
        "contender": standing.contender.label,
        "is_published": standing.contender.is_published,
    }


def _cells(means: Mapping[str, float]) -> dict[str, Cell]:
    found = scores_of(means)
    return {name: found[_KEYS.get(name, name)] for name in _SCORES}


_KEYS: Final = {"mdape_fraction": "mdape", "coverage_fraction": "coverage"}


def _against(comparison: Comparison | None) -> dict[str, Cell]:
    if comparison is None:
        return {}
    values = (
        *(comparison.ratio, comparison.low, comparison.high),
        *(comparison.beats, comparison.beats_hindsight),
    )
    return dict(zip(_AGAINST, values, strict=True))


def _row(result: BenchmarkResult, standing: Standing) -> dict[str, Cell]:
    found = standing.comparison
    return {
        **_names(standing),
        **_cells(standing.means),
        **_against(found),
        "against": result.contenders[found.published].label if found else None,
        "n_pairs": standing.n_pairs,
        "n_folds": standing.n_folds,
        "n_refused": standing.n_refused,
        "reason": standing.reason or None,
        "same_as": ", ".join(standing.same_as) or None,
    }


def _known(bound: float) -> float | None:
    return bound if isfinite(bound) else None
