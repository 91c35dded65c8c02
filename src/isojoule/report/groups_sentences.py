"""What a groups study says, in plain words: effects first, p values after."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.report.groups_rows import inverse
from isojoule.report.groups_tables import trade_labels
from isojoule.report.groups_words import (
    CORRECTION_NAMES,
    context_texts,
    labelled,
    listed,
    range_text,
    significant,
)
from isojoule.report.tables import format_cell
from isojoule.studies.groups.asking import FactorResult
from isojoule.studies.groups.comparison import GroupComparison, Pair
from isojoule.studies.groups.quantities import Quantity
from isojoule.studies.groups.study import GroupsStudy
from isojoule.studies.groups.tradeoff import TradeOff, TradePoint

_MOST_PAIRS: Final = 3
_MOST_NAMED: Final = 6
_CLOSE_POINTS: Final = 2.0


def summarize_groups(study: GroupsStudy) -> tuple[str, ...]:
    """Return what was found and what was left out, a line each."""
    said = [*say_cleaning(study)]
    for result in study.factors:
        said.append(f"By {result.factor.label}:")
        said += [f"  {sentence}" for sentence in say_factor(result, study)]
    for board in study.trade_offs:
        said.append(f"Energy and {board.score}, {board.task or 'data not stated'}:")
        said += [f"  {sentence}" for sentence in say_trade_off(board)]
    if study.score_factors:
        said.append(f"Does {study.score} differ:")
        said += [f"  {sentence}" for sentence in say_scores(study)]
    return (*said, *say_doubts(study))


def say_cleaning(study: GroupsStudy) -> list[str]:
    """Return how many runs were used and why the others were not."""
    left = len(study.cleaned.runs)
    taken = [
        f"{len(step.removed)} ({step.name})"
        for step in study.cleaned.steps
        if step.removed
    ]
    said = [
        f"{left} of {study.n_runs} runs are left"
        + (f"; left out: {listed(taken)}." if taken else ", none was taken out."),
    ]
    if study.n_without:
        said.append(
            f"{study.n_without} of them do not know their {study.quantity.label}."
        )
    spread = study.cleaned.seed_spread
    if spread is not None and len(spread.seeds) > 1:
        said.append(
            f"Another seed of the outlier search takes other runs: {len(spread.seeds)} "
            f"seeds agree on {spread.n_always} runs and differ on {spread.n_wavering}; "
            f"two of them differ in {spread.mean_fraction:.1%} of the runs that are "
            f"left ({spread.max_fraction:.1%} at most)."
        )
    return said


def say_factor(result: FactorResult, study: GroupsStudy) -> list[str]:
    """Return what one factor does to the quantity."""
    quantity = result.comparisons[0].quantity if result.comparisons else study.quantity
    return [
        *_head(result),
        *_effects(result, quantity),
        *_over_all(result, quantity),
        *_significance(result, study),
        *_trends(result),
        *_confounders(result),
        *_noted(result),
        *_uncompared(result),
    ]


def _head(result: FactorResult) -> Iterator[str]:
    compared = result.comparisons
    n = sum(len(c.context.cases) for c in compared)
    held = listed(factor.label for factor in result.held)
    if not compared:
        stated = "" if result.uncompared else ": no run states it"
        yield f"Nothing could be compared{stated}."
        return
    what = "1 comparison" if len(compared) == 1 else f"{len(compared)} comparisons"
    same = f"; the same within each: {held}" if held else "; nothing else is held"
    yield f"{what} of {n} runs{same}."


def _effects(result: FactorResult, quantity: Quantity) -> Iterator[str]:
    known = [c for c in result.comparisons if c.eta_squared is not None]
    if known:
        values = sorted(c.eta_squared for c in known if c.eta_squared is not None)
        bands = Counter(c.band for c in known)
        told = listed(f"{word} in {n}" for word, n in bands.most_common())
        ends = (significant(values[0], 2), significant(values[-1], 2))
        span = " to ".join(dict.fromkeys(ends))
        yield f"Eta squared is {span}: {told if len(known) > 1 else known[0].band}."
    widest = [c for c in result.comparisons if c.widest is not None]
    if widest and quantity.unit:
        found = max(widest, key=lambda c: _ratio_of(c.widest))
        place = result.comparisons.index(found)
        labels, _ = context_texts([c.context for c in result.comparisons])
        where = f" ({labels[place]})" if len(labels) > 1 else ""
        yield f"The widest ratio{where}: {_said_of_pair(found, quantity)}."


def _ratio_of(pair: Pair | None) -> float:
    ratio = pair.ratio.value if pair and pair.ratio else 1.0
    return max(ratio, 1 / ratio)


def _said_of_pair(comparison: GroupComparison, quantity: Quantity) -> str:
    pair = comparison.widest
    if pair is None or pair.ratio is None:
        return ""
    first, second, ratio = pair.first, pair.second, pair.ratio
    if ratio.value < 1:
        first, second, ratio = second, first, inverse(ratio)
    of = comparison.factor
    reason = f"; no interval: {ratio.reason}" if ratio.reason else ""
    return (
        f"{labelled(of, second)} has {range_text(ratio)} times the {quantity.label} "
        f"of {labelled(of, first)}{reason}"
    )


def _over_all(result: FactorResult, quantity: Quantity) -> Iterator[str]:
    """Yield the ratios of the values that meet most often."""
    if not quantity.unit:
        return
    ordered = sorted(result.recurring, key=lambda r: -r.n)
    for found in ordered[:_MOST_PAIRS]:
        first = labelled(result.factor, found.first)
        second = labelled(result.factor, found.second)
        low, high = significant(found.low_ratio), significant(found.high_ratio)
        yield (
            f"Over {found.n} comparisons {second} has {range_text(found.ratio)} times "
            f"the {quantity.label} of {first}, {low} to {high} in single ones."
        )
    if len(ordered) > _MOST_PAIRS:
        yield f"{len(ordered) - _MOST_PAIRS} further pairs are in the table."


def _significance(result: FactorResult, study: GroupsStudy) -> Iterator[str]:
    tested = [c for c in result.comparisons if c.kruskal.p is not None]
    if not tested:
        reasons = dict.fromkeys(c.kruskal.reason for c in result.comparisons)
        if reasons:
            yield f"No test could be made: {'; '.join(reasons)}."
        return
    alpha = 1 - study.level
    below = sum(c.p_adjusted is not None and c.p_adjusted < alpha for c in tested)
    correction = CORRECTION_NAMES[study.question.correction]
    yield (
        f"H of Kruskal and Wallis is significant at {alpha:.2g} in {below} of "
        f"{len(tested)} ({correction} over all comparisons)."
    )
    n_groups = sum(g.normality.p is not None for c in tested for g in c.groups)
    odd = sum((g.normality.p or 1) < alpha for c in tested for g in c.groups)
    spreads = [c.equal_spread.p for c in tested if c.equal_spread.p is not None]
    uneven = sum(p < alpha for p in spreads)
    if odd or uneven:
        yield (
            f"Normality is rejected in {odd} of {n_groups} groups and equal spread in "
            f"{uneven} of {len(spreads)} comparisons, which is why ranks are compared; "
            "where the spread differs, H answers to that too."
        )


def _trends(result: FactorResult) -> Iterator[str]:
    labels = dict.fromkeys(t.label for c in result.comparisons for t in c.trends)
    for label in labels:
        known = sorted(
            t.rho.value
            for c in result.comparisons
            for t in c.trends
            if t.label == label and t.rho is not None
        )
        if known:
            span = " to ".join(dict.fromkeys(f"{v:.2f}" for v in (known[0], known[-1])))
            if len(known) > 1:
                span = f"{span} in {len(known)} comparisons"
            yield f"Spearman's rank correlation with {label}: {span}."


def _confounders(result: FactorResult) -> Iterator[str]:
    complete: Counter[str] = Counter()
    mixed: Counter[str] = Counter()
    for comparison in result.comparisons:
        for c in comparison.context.confounders:
            (complete if c.is_complete else mixed)[c.factor.label] += 1
    n = len(result.comparisons)
    for counts, (one, several), so_that in (
        (
            complete,
            ("differs along with it", "differ along with it"),
            "they cannot be told apart",
        ),
        (
            mixed,
            ("is mixed differently in the groups", "are mixed differently"),
            "part of the difference may be theirs",
        ),
    ):
        if counts:
            names = listed(f"{label} (in {k} of {n})" for label, k in counts.items())
            verb = one if len(counts) == 1 else several
            yield f"Confounded: {names} {verb}, so that {so_that}."


def _noted(result: FactorResult) -> Iterator[str]:
    """Yield the doubts about single comparisons, with how many they are about."""
    notes = Counter(note for c in result.comparisons for note in c.notes)
    n = len(result.comparisons)
    for note, k in notes.items():
        where = f"In {k} of {n}: {note}" if n > 1 else f"{note[0].upper()}{note[1:]}"
        yield f"{where}."


def _uncompared(result: FactorResult) -> Iterator[str]:
    for found in result.uncompared:
        names = [labelled(result.factor, v) for v in found.values[:_MOST_NAMED]]
        if len(found.values) > _MOST_NAMED:
            names.append(f"{len(found.values) - _MOST_NAMED} more")
        values = listed(names)
        them = "it" if len(found.values) == 1 else "one of them"
        if found.own:
            own = listed(factor.label for factor in found.own)
            yield (
                f"Not compared: {values}. No other {result.factor.label} has the same "
                f"{own} as {them}, so that they cannot be told apart."
            )
        else:
            yield f"Not compared: {values}, which share all else with no other."
    if result.comparisons and result.n_alone:
        yield f"{result.n_alone} runs have no counterpart that differs in it alone."


def say_trade_off(board: TradeOff) -> list[str]:
    """Return what score costs how much energy."""
    named = list(zip(board.points, trade_labels(board), strict=True))
    best, best_label = next(pair for pair in named if pair[0] is board.best)
    reached = f"{significant(best.score.value)}, {best_label}"
    cost = format_cell("energy_j", best.energy_j.value)
    n_front, n_all = len(board.front), len(board.points)
    said = [
        f"Best median {board.score}: {reached}, for {cost}.",
        f"{n_front} of {n_all} configurations are on the front: no other is as good "
        f"for less energy."
        if n_front > 1
        else "No other configuration is as good, or takes less energy.",
    ]
    cheapest = named[0]
    close = [
        (point, label)
        for point, label in named
        if point.on_front and _points_lost(point, board) <= _CLOSE_POINTS
    ]
    for point, label in dict.fromkeys([cheapest, *close[:1]]):
        if point is not best:
            said.append(_said_of_saving(point, label, board))
    return said


def _points_lost(point: TradePoint, board: TradeOff) -> float:
    sign = -1 if board.lower_is_better else 1
    return sign * (board.best.score.value - point.score.value) / board.point


def _said_of_saving(point: TradePoint, label: str, board: TradeOff) -> str:
    saved = 1 - point.energy_j.value / board.best.energy_j.value
    lost = significant(_points_lost(point, board))
    return f"{label} takes {saved:.1%} less for {lost} points less."


def say_scores(study: GroupsStudy) -> list[str]:
    """Return whether the score differs between groups."""
    said = []
    for result in study.score_factors:
        said.append(f"By {result.factor.label}: {next(_head(result))}")
        said += [*_effects(result, result.comparisons[0].quantity)]
        said += [next(_significance(result, study), "")]
        widest = _widest_difference(result.comparisons)
        if widest is not None:
            said.append(widest)
    return [sentence for sentence in said if sentence]


def _widest_difference(comparisons: Sequence[GroupComparison]) -> str | None:
    pairs = [(c, pair) for c in comparisons for pair in c.pairs]
    if not pairs:
        return None
    c, pair = max(pairs, key=lambda found: abs(found[1].difference.value))
    first, second = (labelled(c.factor, v) for v in (pair.first, pair.second))
    return (
        f"The widest difference: {second} less {first} is "
        f"{range_text(pair.difference)}."
    )


def _chance(alpha: float, n: int) -> str:
    expected = alpha * n
    return f"about {expected:.0f}" if expected >= 1 else f"1 in {round(1 / alpha)}"


def say_doubts(study: GroupsStudy) -> list[str]:
    """Return how many tests were made, and what else there is to doubt."""
    compared = study.comparisons
    n_ranked = sum(c.kruskal.p is not None for c in compared)
    n_pairs = sum(p.p is not None for c in compared for p in c.pairs)
    alpha = 1 - study.level
    said = []
    if n_ranked:
        correction = CORRECTION_NAMES[study.question.correction]
        tests = "1 test" if n_ranked == 1 else f"{n_ranked} tests"
        said.append(
            f"{tests} of Kruskal and Wallis and {n_pairs} of Dunn were made; where "
            f"nothing differs, {_chance(alpha, n_ranked)} of the first would fall "
            f"below {alpha:.2g} by chance. The first are under {correction} "
            "all together, those of Dunn within each comparison; normality and spread "
            "are not corrected."
        )
    said += [f"{note[0].upper()}{note[1:]}." for note in study.notes]
    return said
