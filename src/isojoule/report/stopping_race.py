"""A race of trainings: table, sentences, and plain data for JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from isojoule.estimators.race import Contender, Race
from isojoule.tables import Cell, Table
from isojoule.units import j_to_kwh

_LABELS: Final = {
    "name": "training",
    "n_seen": "epochs seen",
    "n_epochs": "planned",
    "spent_kwh": "spent [kWh]",
    "energy_kwh": "energy in all [kWh]",
    "energy_low_kwh": "low",
    "energy_high_kwh": "high",
    "probability_cheapest": "probability of the least energy",
    "score": "best score by the end",
    "score_low": "low",
    "score_high": "high",
    "probability_best": "probability of the best score",
    "probability_front": "probability of the front",
    "alike": "energy not told apart from",
}
_OF_SCORES: Final = (
    "score",
    "score_low",
    "score_high",
    "probability_best",
    "probability_front",
)

_MAX_LISTED: Final = 6


def race_table(race: Race) -> Table:
    """Return one row per training, cheapest first.

    Parameters
    ----------
    race : Race
        What is predicted.
    """
    rows = [_row(contender) for contender in race.contenders]
    labels = {
        name: label
        for name, label in _LABELS.items()
        if race.has_scores or name not in _OF_SCORES
    }
    return Table.from_rows("Predicted of the whole trainings", rows, labels=labels)


def _row(contender: Contender) -> dict[str, Cell]:
    return {
        "name": contender.name,
        "n_seen": contender.n_seen,
        "n_epochs": contender.n_epochs,
        "spent_kwh": j_to_kwh(contender.spent_j),
        "energy_kwh": j_to_kwh(contender.energy_j),
        "energy_low_kwh": j_to_kwh(contender.energy_low_j),
        "energy_high_kwh": j_to_kwh(contender.energy_high_j),
        "probability_cheapest": contender.probability_cheapest,
        "score": contender.score,
        "score_low": contender.score_low,
        "score_high": contender.score_high,
        "probability_best": contender.probability_best,
        "probability_front": contender.probability_front,
        "alike": ", ".join(contender.alike) or None,
    }


def race_document(race: Race, *, score: str | None) -> dict[str, object]:
    """Return a race as plain data, with the keys that ``--json`` documents.

    Parameters
    ----------
    race : Race
        What is predicted.
    score : str or None
        Name of the score, where there is one.
    """
    return {
        "score": score,
        "mode": race.mode if score else None,
        "level": race.level,
        "contenders": [
            {**asdict(c), "alike": list(c.alike), "notes": list(c.notes)}
            for c in race.contenders
        ],
        "front": [c.name for c in front_of(race)] if race.has_scores else None,
    }


def front_of(race: Race) -> tuple[Contender, ...]:
    """Return those that no other is predicted to beat in energy and in score.

    Parameters
    ----------
    race : Race
        What is predicted; those without a score are on no front.
    """
    sign = 1.0 if race.mode == "max" else -1.0
    front: list[Contender] = []
    best = -float("inf")
    for contender in race.contenders:  # cheapest first
        if contender.score is not None and sign * contender.score > best:
            best = sign * contender.score
            front.append(contender)
    return tuple(front)


def summarize_race(race: Race) -> tuple[str, ...]:
    """Return what is predicted, a sentence each."""
    first, last = race.contenders[0], race.contenders[-1]
    low, high = j_to_kwh(first.energy_low_j), j_to_kwh(first.energy_high_j)
    takes = f"{j_to_kwh(first.energy_j):.3g} kWh ({low:.3g} to {high:.3g})"
    likely = f"{100 * first.probability_cheapest:.3g} %"
    times = f"{last.energy_j / first.energy_j:.3g} times" if first.energy_j else "as"
    return (
        f"{first.name} takes the least energy, {takes}; probability {likely}.",
        f"{last.name} takes {times} as much.",
        *_said_of_alike(race.contenders),
        *_said_of_scores(race),
        *(f"{c.name}: {note}." for c in race.contenders for note in c.notes),
    )


def _said_of_alike(contenders: Sequence[Contender]) -> list[str]:
    pairs = [
        f"{one.name} and {other}"
        for place, one in enumerate(contenders)
        for other in one.alike
        if other in {c.name for c in contenders[place + 1 :]}
    ]
    n_pairs = len(contenders) * (len(contenders) - 1) // 2
    if not pairs:
        return ["All energies can be told apart."]
    if len(pairs) == n_pairs:
        return ["No energy can be told apart from another."]
    if len(pairs) > _MAX_LISTED:
        return [f"{len(pairs)} of {n_pairs} pairs of energies cannot be told apart."]
    return [f"Energies that cannot be told apart: {'; '.join(pairs)}."]


def _said_of_scores(race: Race) -> list[str]:
    if not race.has_scores:
        return []
    best = max(race.contenders, key=lambda c: c.probability_best or 0.0)
    likely = f"{100 * (best.probability_best or 0.0):.3g} %"
    front = ", ".join(c.name for c in front_of(race))
    n_told = sum(c.score is not None for c in race.contenders)
    among = "" if n_told == len(race.contenders) else f" of the {n_told} with a score"
    said = [
        f"{best.name} reaches the best score{among} with a probability of {likely}.",
        f"No other is predicted to need less for a better score than: {front}.",
    ]
    highest = max(c.score_high for c in race.contenders if c.score_high is not None)
    seen_as_share = all(0 <= c.score <= 1 for c in race.contenders if c.score)
    if race.mode == "max" and highest > 1 and seen_as_share:
        said.append("Intervals pass 1: if no score can, say --bounds 0 1.")
    return said
