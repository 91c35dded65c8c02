"""From the scores of all folds to standings, the best of them, and bars."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isnan, nan

import numpy as np

from isojoule.studies.benchmark.bars import COVERAGE_LEVEL, SPLIT, Judged, asked
from isojoule.studies.benchmark.comparison import Comparer, best_of
from isojoule.studies.benchmark.contenders import Contender, is_within
from isojoule.studies.benchmark.judging import METRICS, Refusal, Scores
from isojoule.studies.benchmark.means import (
    Ints,
    SplitMeans,
    first_alike,
    split_means,
    used_references,
)
from isojoule.studies.benchmark.results import (
    BenchmarkResult,
    Best,
    PairScore,
    SourceSummary,
    Standing,
)
from isojoule.studies.benchmark.settings import Settings
from isojoule.studies.benchmark.sources import MachinePair, Source
from isojoule.studies.normalization.splits import unusable_models


@dataclass(frozen=True, slots=True)
class _Split:
    """What is known of one split."""

    name: str
    means: SplitMeans
    comparer: Comparer
    n_answered: Ints
    refusals: Sequence[Refusal]


@dataclass(frozen=True, slots=True)
class _Field:
    """All contenders with the references they count as having."""

    contenders: tuple[Contender, ...]
    counted: tuple[int | None, ...]
    first: tuple[int, ...]

    @property
    def published(self) -> list[int]:
        return [p for p, c in enumerate(self.contenders) if c.is_published]

    def same_as(self, place: int) -> tuple[str, ...]:
        """Return labels of those whose scores are those of `place`."""
        return tuple(
            self.contenders[p].label
            for p, first in enumerate(self.first)
            if first == place != p
        )

    def within(self, k: int | None, method: str = "") -> list[int]:
        """Return those with at most `k` references, of this name where one is given."""
        return [
            place
            for place, contender in enumerate(self.contenders)
            if is_within(self.counted[place], k) and contender.is_named(method)
        ]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was tried and what came of it.

    Parameters
    ----------
    sources : tuple of Source
        What it was tried on.
    pairs : tuple of MachinePair
        What was judged.
    contenders : tuple of Contender
        Who was.
    scores : ndarray of SCORE_TYPE
        Of all folds; its places are those of pairs, splits and contenders.
    refusals : tuple of Refusal
        The folds without a score.
    skipped : tuple of tuple of str
        Source, both machines, and why the pair was left out.
    notes : tuple of str
        What was left out or reduced.
    """

    sources: tuple[Source, ...]
    pairs: tuple[MachinePair, ...]
    contenders: tuple[Contender, ...]
    scores: Scores
    refusals: tuple[Refusal, ...]
    skipped: tuple[tuple[str, str, str, str], ...]
    notes: tuple[str, ...]


def make_result(evidence: Evidence, settings: Settings) -> BenchmarkResult:
    """Return what the scores of all folds say.

    Parameters
    ----------
    evidence : Evidence
        What was tried.
    settings : Settings
        What was asked.
    """
    contenders, scores = evidence.contenders, evidence.scores
    counted = used_references(scores, [c.n_offered for c in contenders])
    field = _Field(contenders, tuple(counted), tuple(first_alike(scores, counted)))
    found = [
        _split(place, evidence, field, settings)
        for place in range(len(settings.splits))
    ]
    return BenchmarkResult(
        settings=settings.document,
        sources=tuple(_summaries(evidence)),
        contenders=contenders,
        standings=tuple(s for split in found for s in _standings(split, field)),
        best=tuple(_best(split, field, k) for split in found for k in settings.ks),
        bars=tuple(_bars(found, field, settings)),
        pair_scores=tuple(
            score for split in found for score in _pair_scores(split, field, evidence)
        ),
        skipped=evidence.skipped,
        notes=(*evidence.notes, *_notes(field, scores)),
    )


def _split(place: int, evidence: Evidence, field: _Field, settings: Settings) -> _Split:
    n_pairs, n = len(evidence.pairs), len(field.contenders)
    own = evidence.scores[evidence.scores["split"] == place]
    refused = [refusal for refusal in evidence.refusals if refusal.split == place]
    # Every fold has every contender, as a score or as a refusal.
    n_asked = np.bincount(own["pair"], minlength=n_pairs) + np.bincount(
        np.array([r.pair for r in refused], dtype=np.intp), minlength=n_pairs
    )
    means = split_means(own, n_asked // n, n, [pair.name for pair in evidence.pairs])
    return _Split(
        name=settings.splits[place],
        means=means,
        comparer=Comparer(
            means, field.counted, field.published, evidence.pairs, seed=settings.seed
        ),
        n_answered=np.bincount(own["contender"], minlength=n),
        refusals=refused,
    )


def _standings(split: _Split, field: _Field) -> list[Standing]:
    if not split.means.files:
        return []
    found = [
        _standing(place, split, field)
        for place, first in enumerate(field.first)
        if first == place
    ]
    return sorted(found, key=_order)


def _order(standing: Standing) -> tuple[float, float]:
    male = standing.means["male"]
    return inf if standing.k is None else standing.k, inf if isnan(male) else male


def _standing(place: int, split: _Split, field: _Field) -> Standing:
    means, k = split.means, field.counted[place]
    reasons = Counter(r.reason for r in split.refusals if r.contender == place)
    return Standing(
        contender=field.contenders[place],
        split=split.name,
        k=k,
        means={name: float(means.headline[name][place]) for name in METRICS},
        sources={
            file: {name: float(means.sources[name][row, place]) for name in METRICS}
            for row, file in enumerate(means.files)
        },
        comparison=split.comparer.compare(place, k),
        n_pairs=int((~np.isnan(means.pairs["male"][:, place])).sum()),
        n_folds=int(split.n_answered[place]),
        n_refused=reasons.total(),
        reason=reasons.most_common(1)[0][0] if reasons else "",
        same_as=field.same_as(place),
    )


def _best(split: _Split, field: _Field, k: int | None) -> Best:
    means = split.means
    male = means.headline["male"]
    known = bool(means.files)
    published = best_of(split.comparer.rivals(k), means) if known else None
    best = best_of(field.within(k), means) if known else None
    return Best(
        split=split.name,
        k=k,
        published="" if published is None else field.contenders[published].label,
        published_male=nan if published is None else float(male[published]),
        contender="" if best is None else field.contenders[best].label,
        male=nan if best is None else float(male[best]),
        comparison=None if best is None else split.comparer.compare(best, k),
    )


def _bars(
    splits: Sequence[_Split], field: _Field, settings: Settings
) -> Iterator[Judged]:
    split = next((s for s in splits if s.name == SPLIT and s.means.files), None)
    for bar, k in asked(settings.ks):
        place = None
        if split is not None:
            place = best_of(field.within(k, settings.judged), split.means)
        if split is None or place is None:
            yield Judged(bar, k, "", nan)
            continue
        found = split.comparer.compare(place, k)
        values = {
            "ratio": nan if found is None else found.ratio,
            "beats": nan if found is None else found.beats,
            # Demanded of 90 % intervals: of others it says nothing.
            "coverage": float(split.means.headline["coverage"][place])
            if settings.level == COVERAGE_LEVEL
            else nan,
        }
        label = field.contenders[place].label
        yield Judged(bar, k, label, values[bar.quantity])


def _pair_scores(
    split: _Split, field: _Field, evidence: Evidence
) -> Iterator[PairScore]:
    of_pairs = split.means.pairs
    for row, pair in enumerate(evidence.pairs):
        for place, contender in enumerate(field.contenders):
            if field.first[place] != place or isnan(of_pairs["male"][row, place]):
                continue
            yield PairScore(
                source=pair.name,
                phase=pair.phase,
                machine=pair.shared.source,
                target=pair.shared.target,
                split=split.name,
                contender=contender.label,
                k=field.counted[place],
                scores={name: float(of_pairs[name][row, place]) for name in METRICS},
            )


def _summaries(evidence: Evidence) -> Iterator[SourceSummary]:
    for source in evidence.sources:
        key = source.name, source.phase
        own = [p for p in evidence.pairs if (p.name, p.phase) == key]
        seen = [
            o for c in source.calibrations.values() for o in c.observations.values()
        ]
        yield SourceSummary(
            name=source.name,
            phase=source.phase,
            n_machines=len(source.calibrations),
            n_workloads=len(source.workloads),
            n_models=len({o.model for o in seen if o.model is not None}),
            n_pairs=len(own),
            n_pairs_by_model=sum(not unusable_models(p.shared) for p in own),
        )


def _notes(field: _Field, scores: Scores) -> Iterator[str]:
    yield (
        "k is how many references a method uses, not how many it is offered: dual "
        "counts at 2; the best published one may use fewer than k"
    )
    n_failed = int((scores["nonpositive_fraction"] * scores["n_tested"]).round().sum())
    if n_failed:
        yield (
            f"{n_failed} of {int(scores['n_tested'].sum())} estimates of all "
            "contenders were not positive: each counts as a tenth of the lowest energy "
            "of the references on the target"
        )
    fewer = {
        field.contenders[place].n_offered
        for place in np.unique(scores["contender"]).tolist()
        if (own := scores[scores["contender"] == place]).size
        and field.contenders[place].n_offered is not None
        and (own["n_offered"] < field.contenders[place].n_offered).any()
    }
    if fewer:
        asked_for = ", ".join(str(k) for k in sorted(k for k in fewer if k is not None))
        yield (
            f"where a training part has fewer than the {asked_for} references that "
            "were asked for, all of it is offered"
        )
