"""Factors, their values and contexts in words."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Final

from isojoule.report.tables import format_cell
from isojoule.studies.groups.comparison import GroupComparison
from isojoule.studies.groups.contexts import Context, Kind
from isojoule.studies.groups.factors import Factor, Value
from isojoule.studies.intervals import Interval

_SPEAKING: Final = ("input_size", "memory", "power_limit", "flop")
"""Ordered factors whose unit says what they are."""

CORRECTION_NAMES: Final = {
    "holm": "Holm's correction",
    "bonferroni": "Bonferroni's correction",
    "fdr_bh": "the correction of Benjamini and Hochberg",
    "none": "no correction",
}


def value_text(factor: Factor, value: Value | None) -> str:
    """Return a value of a factor for people, with its unit where it is one of ours."""
    if value is None:
        return "not stated"
    if isinstance(value, str):
        return f"{value} px" if factor.name == "input_size" else value
    if factor.name == "memory":
        return format_cell("memory_bytes", value)
    if factor.name == "power_limit":
        return f"{value:g} W"
    if factor.name == "flop":
        return f"{value / 1e9:.3g} GFLOP"
    if factor.name == "input_size":
        return f"{value} px"
    return f"{value:g}" if isinstance(value, float) else str(value)


def labelled(factor: Factor, value: Value | None) -> str:
    """Return a value with what it is of, where it does not say that itself."""
    text = value_text(factor, value)
    if factor.name == "batch_size":
        return f"batch {text}"
    if factor.name == "memory" and value is not None:
        return f"{text} RAM"
    if value is None or (factor.is_ordered and factor.name not in _SPEAKING):
        return f"{factor.label} {text}"
    return text


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence."""
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def kind_text(kind: Kind) -> str:
    """Return of which sort figures are, in one line."""
    parts = (kind.phase, kind.scope, kind.provenance, kind.samples)
    return ", ".join(part for part in parts if part)


def context_texts(contexts: Sequence[Context]) -> tuple[list[str], str]:
    """Return what tells each context from the others, and what all have in common.

    Parameters
    ----------
    contexts : sequence of Context
        By one factor.

    Returns
    -------
    list of str, and str
        The shortest texts in the order of what is held that tell as many contexts apart
        as all of it does; and the rest.
    """
    told: list[tuple[str, ...]] = [() for _ in contexts]
    common: list[str] = []
    of_kinds = [astuple(context.kind) for context in contexts]
    of_held = [
        [_held_text(context, factor) for context in contexts]
        for factor in _held(contexts)
    ]
    for texts in (*map(list, zip(*of_kinds, strict=True)), *of_held):
        shown = [text or "" for text in texts]
        if len({*shown}) == 1:
            common += [shown[0]] if shown[0] else []
            continue
        longer = [(*old, new) for old, new in zip(told, shown, strict=True)]
        if len({*longer}) > len({*told}):
            told = longer
    labels = [", ".join(part for part in parts if part) or "all" for parts in told]
    return labels, ", ".join(common)


def _held(contexts: Sequence[Context]) -> list[Factor]:
    found = {f.name: f for context in contexts for f, _ in context.held}
    return list(found.values())


def _held_text(context: Context, factor: Factor) -> str:
    for other, value in context.held:
        if other.name == factor.name:
            return labelled(factor, value)
    return ""


def range_text(interval: Interval, digits: int = 3) -> str:
    """Return a value with its interval, or without where there is none."""
    value = significant(interval.value, digits)
    if interval.low is None or interval.high is None:
        return value
    low, high = significant(interval.low, digits), significant(interval.high, digits)
    return f"{value} ({low} to {high})"


def significant(value: float, digits: int = 3) -> str:
    """Return a number with that many digits, none of them cut off."""
    if value == 0:
        return "0"
    text = f"{value:#.{digits}g}".removesuffix(".")
    return f"{value:.0f}" if "e+" in text else text


def comparison_label(comparison: GroupComparison) -> str:
    """Return the context of one comparison, all of it."""
    context = comparison.context
    held = (labelled(factor, value) for factor, value in context.held)
    return ", ".join((*held, kind_text(context.kind)))
