"""What a conversion between machines gave: a table, a figure, a page section."""

from dataclasses import asdict
from math import sqrt
from typing import Final

from isojoule.errors import InsufficientDataError, MissingExtraError
from isojoule.normalizers.advice import NextReference
from isojoule.normalizers.conversion import Conversion, Converted
from isojoule.report.conversion_figure import ConversionPoint, conversion_scatter
from isojoule.report.figures import Figure
from isojoule.report.page import Section
from isojoule.tables import Table

_LEAST_SHARE: Final = 0.01
"""Share of a variance below which it is not told."""

_MUCH: Final = 0.1
"""Share from which on it is worth to look up what is unknown."""


def conversion_table(conversion: Conversion) -> Table:
    """Return every estimate beside what was measured, by rising source energy."""
    rows = [
        {
            "workload": c.observation.workload,
            "source_energy_j": c.observation.energy_j,
            "energy_j": c.estimate.energy_j,
            "energy_low_j": c.estimate.energy_low_j,
            "energy_high_j": c.estimate.energy_high_j,
            "target_energy_j": c.target_energy_j,
            "ratio": _ratio(c),
            "in_range": c.estimate.in_range,
            "is_reference": c.is_reference,
            "provenance": c.estimate.provenance,
            "scope": c.estimate.scope,
        }
        for c in conversion.converted
    ]
    return Table.from_rows(
        f"Energy on {conversion.target}, estimated from {conversion.source}",
        rows,
        labels={
            "workload": "workload",
            "source_energy_j": "source",
            "energy_j": "estimate",
            "energy_low_j": f"low {100 * conversion.level:g}%",
            "energy_high_j": f"high {100 * conversion.level:g}%",
            "target_energy_j": "seen on target",
            "ratio": "estimate / seen",
            "in_range": "in range",
            "is_reference": "reference",
            "provenance": "provenance",
            "scope": "scope",
        },
    )


def _ratio(converted: Converted) -> float | None:
    if not converted.target_energy_j:
        return None
    return converted.estimate.energy_j / converted.target_energy_j


def summarize(conversion: Conversion) -> tuple[str, ...]:
    """Return what was done and how it turned out, a sentence each."""
    n_references = len(conversion.references)
    named = ", ".join(conversion.references[:4])
    more = f" and {n_references - 4} more" if n_references > 4 else ""
    features = f" with {', '.join(conversion.features)}" if conversion.features else ""
    unseen = [
        c
        for c in conversion.converted
        if c.target_energy_j is not None and not c.is_reference
    ]
    plural = "" if n_references == 1 else "s"
    told = f"reference{plural}: {named or 'none'}{more}"
    sentences = [f"Method {conversion.method}{features}, {told}."]
    if conversion.reason:
        sentences.append(f"{conversion.reason[0].upper()}{conversion.reason[1:]}.")
    sentences += _shares(conversion)
    bounded = [
        (c.estimate.energy_low_j, c.target_energy_j, c.estimate.energy_high_j)
        for c in unseen
        if c.target_energy_j is not None
    ]
    known = [
        low <= true <= high
        for low, true, high in bounded
        if low is not None and high is not None
    ]
    if known:
        sentences.append(
            f"Of {len(known)} workloads that the fit had not seen, {sum(known)} lie "
            f"inside their {100 * conversion.level:g}% interval."
        )
    reasons = {
        c.estimate.uncertainty[0]
        for c in conversion.converted
        if c.estimate.energy_low_j is None
    }
    sentences += [f"Interval {reason}." for reason in sorted(reasons)]
    outside = sum(not c.estimate.in_range for c in conversion.converted)
    if outside:
        sentences.append(
            f"{outside} of {len(conversion.converted)} estimates are extrapolated: "
            "outside the range of the references."
        )
    for name, reason in list(conversion.skipped.items())[:1]:
        n_more = len(conversion.skipped) - 1
        others = f" and {n_more} more" if n_more else ""
        sentences.append(f"Without an estimate: {name}{others}. {reason}.")
    notes = {n for c in conversion.converted for n in c.estimate.notes}
    sentences += [f"Doubt: {note}." for note in sorted(notes)]
    if conversion.next_reference is not None:
        sentences.append(_advice(conversion.next_reference, conversion.target))
    return tuple(sentences)


def _advice(advice: NextReference, target: str) -> str:
    """Return what to run next; an interval is half as wide in logarithms."""
    verb = "halve" if advice.factor_after <= sqrt(advice.factor_before) else "narrow"
    n = advice.n_workloads
    whose = (
        f"intervals of the other {n} workloads" if n > 1 else "interval of the other"
    )
    return (
        f"A run of {advice.workload} on {target} would {verb} the {whose}, from a "
        f"factor of {advice.factor_before:.3g} to {advice.factor_after:.3g}"
        + (" (geometric mean)." if n > 1 else ".")
    )


def _shares(conversion: Conversion) -> list[str]:
    """Return what the intervals are made of in the mean, where the method tells."""
    known = [c.estimate.sources for c in conversion.converted if c.estimate.sources]
    if not known:
        return []
    names = {name for sources in known for name in sources}
    mean = {n: sum(s.get(n, 0.0) for s in known) / len(known) for n in names}
    parts = [
        f"{name} {mean[name]:.0%}"
        for name in sorted(names, key=lambda n: (-mean[n], n))
        if mean[name] >= _LEAST_SHARE
    ]
    told = [f"The intervals are made of: {', '.join(parts)}."]
    unknown = [
        name.removeprefix("unknown ")
        for name in sorted(names, key=lambda n: (-mean[n], n))
        if name.startswith("unknown ") and mean[name] >= _MUCH
    ]
    if unknown:
        told.append(
            f"What is unknown counts as doubt: stating {' and '.join(unknown)} of the "
            "workloads would narrow them."
        )
    return told


def describe_conversion(conversion: Conversion) -> Section:
    """Return the section of a page that shows a conversion.

    Where nothing is known on the target, or matplotlib is not installed, it says why
    there is no figure.
    """
    text = summarize(conversion)
    figure = None
    try:
        figure = _draw(conversion)
    except (InsufficientDataError, MissingExtraError) as error:
        text = (*text, f"Not drawn: {error}.")
    return Section("Predicted and seen", text, figure, conversion_table(conversion))


def _draw(conversion: Conversion) -> Figure:
    points = [
        ConversionPoint(
            workload=c.observation.workload,
            measured_j=c.target_energy_j,
            predicted_j=c.estimate.energy_j,
            low_j=c.estimate.energy_low_j,
            high_j=c.estimate.energy_high_j,
            is_reference=c.is_reference,
            in_range=c.estimate.in_range,
        )
        for c in conversion.converted
    ]
    return conversion_scatter(
        points,
        provenance=conversion.converted[0].estimate.provenance,
        source_name=conversion.source,
        target_name=conversion.target,
        level=conversion.level,
    )


def conversion_records(conversion: Conversion) -> dict[str, object]:
    """Return a conversion as plain data, with the keys that ``--json`` documents."""
    return {
        "source": conversion.source,
        "target": conversion.target,
        "method": conversion.method,
        "reason": conversion.reason,
        "next_reference": conversion.next_reference
        and asdict(conversion.next_reference),
        "features": list(conversion.features),
        "references": list(conversion.references),
        "fit": dict(conversion.fit),
        "level": conversion.level,
        "estimates": [
            {
                "workload": c.observation.workload,
                "source_energy_j": c.observation.energy_j,
                "energy_j": c.estimate.energy_j,
                "energy_low_j": c.estimate.energy_low_j,
                "energy_high_j": c.estimate.energy_high_j,
                "target_energy_j": c.target_energy_j,
                "in_range": c.estimate.in_range,
                "is_reference": c.is_reference,
                "provenance": c.estimate.provenance,
                "scope": c.estimate.scope,
                "uncertainty": list(c.estimate.uncertainty),
                "notes": list(c.estimate.notes),
                "sources": dict(c.estimate.sources),
            }
            for c in conversion.converted
        ],
        "skipped": [
            {"workload": name, "reason": reason}
            for name, reason in conversion.skipped.items()
        ],
    }
