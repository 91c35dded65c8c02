"""The free text in which people state a training: how long, on how many of what."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from isojoule.formats.submissions.declared import shortened
from isojoule.formats.submissions.devices import read_devices
from isojoule.formats.submissions.numbers import Number, parse_number

_UNITS: Final = (
    (re.compile(r"w(?:eeks?)?"), timedelta(weeks=1)),
    (re.compile(r"d(?:ays?)?"), timedelta(days=1)),
    (re.compile(r"h(?:(?:ou)?rs?)?"), timedelta(hours=1)),
    (re.compile(r"m(?:in(?:ute)?s?)?"), timedelta(minutes=1)),
    (re.compile(r"s(?:ec(?:ond)?s?)?"), timedelta(seconds=1)),
)
_AMOUNT: Final = re.compile(
    r"(?:\s*,|\s+and\b)?\s*(\d[\d.,]*)\s*([a-z]+)\.?", re.IGNORECASE | re.ASCII
)
_CLOCK: Final = re.compile(r"(\d{1,4}):([0-5]?\d):([0-5]?\d)", re.ASCII)
_REPEATED: Final = (
    re.compile(r"(?P<each>.*?)\s*[*\u00d7xX]\s*(?P<times>\d{1,5})", re.ASCII),
    re.compile(r"(?P<times>\d{1,5})\s*[*\u00d7xX]\s*(?P<each>.*)", re.ASCII),
)
_IN_PARENTHESES: Final = re.compile(r"([^()]*)\((.*)\)", re.DOTALL)
_BEHIND: Final = re.compile(
    r"([^()]*?)(?:\s+(?:on|with|using)\s+|,\s+|\s*[;@/]\s*)([^()]+)", re.IGNORECASE
)
_MAX_CHARACTERS: Final = 200
_OF_EACH: Final = re.compile(
    r"\b(?:per|each|every|folds?|epochs?|models?|runs?|members?|steps?|total)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TrainingTime:
    """What a text says of a training.

    Parameters
    ----------
    duration_s : float or None
        How long the stated devices were busy [s]; `None` where that is not certain.
    step_s : float or None
        One unit of the last digit of it [s].
    n_devices : int or None
        Accelerators at a time.
    device : str or None
        As it was written.
    problem : str, default ""
        Why the duration could not be read, or how it was understood.
    """

    duration_s: float | None = None
    step_s: float | None = None
    n_devices: int | None = None
    device: str | None = None
    problem: str = ""


def read_training_time(text: str) -> TrainingTime:
    """Return what `text` says of a training.

    Parameters
    ----------
    text : str
        ``18h (2 GTX 3090)``, ``10h 52m 16s``, ``1d 7h * 20 (1 Tesla V100)``,
        ``(1 NVIDIA A100-SXM4-80GB)``.

    Returns
    -------
    TrainingTime
        ``1d 7h * 20`` are 20 trainings of 31 h, taken one after another on the stated
        devices: 620 h. Were they on 20 devices at a time, the time of all devices
        together would be the same. Two trainings on different devices have no one
        number of devices: neither they nor their duration are read.
    """
    bare = " ".join(text.split())
    if len(bare) > _MAX_CHARACTERS:
        return TrainingTime(problem=f"{shortened(text)!r} is not read: too long")
    if re.search(r"\)\s*\S", bare) or "+" in _outside(bare):
        return TrainingTime(
            problem=f"{shortened(text)!r} is not read: it holds several trainings, "
            "which no one duration and number of devices describes"
        )
    time, aside = _split(bare)
    if _OF_EACH.search(bare):
        return TrainingTime(
            problem=f"{shortened(text)!r} is not read: what its duration is of is not "
            "certain"
        )
    n_devices, device = read_devices(aside) if aside else (None, None)
    if not time:
        why = f"{shortened(text)!r} states no duration"
        return TrainingTime(n_devices=n_devices, device=device, problem=why)
    try:
        number, remark = _duration(time)
    except ValueError as error:
        why = f"{shortened(text)!r} is not read: {error}"
        return TrainingTime(n_devices=n_devices, device=device, problem=why)
    return TrainingTime(number.value, number.step, n_devices, device, remark)


def _outside(text: str) -> str:
    return re.sub(r"\([^()]*\)", " ", text)


def _split(text: str) -> tuple[str, str]:
    """Return what is said of time, and of devices."""
    found = _IN_PARENTHESES.fullmatch(text)
    if found is None and not _amounts(text):
        found = _BEHIND.fullmatch(text)
    if found is None:
        return text, ""
    return found[1].strip(" ,:;-"), found[2].strip()


def _duration(text: str) -> tuple[Number, str]:
    """Return a duration [s] and how it was understood.

    Raises
    ------
    ValueError
        If it is none for certain.
    """
    for pattern in _REPEATED:
        repeated = pattern.fullmatch(text)
        if repeated:
            each, n_times = _one_duration(repeated["each"]), int(repeated["times"])
            total = Number(each.value * n_times, each.step and each.step * n_times)
            remark = f"{n_times} trainings of {each.value:g} s taken one after another"
            return _positive(total), remark
    return _one_duration(text), ""


def _one_duration(text: str) -> Number:
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds = (int(part) for part in clock.groups())
        whole = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return _positive(Number(whole.total_seconds(), 1.0))
    amounts = _amounts(text)
    if not amounts:
        raise ValueError("a duration is a number with days, hours, minutes or seconds")
    return _positive(_sum(amounts))


def _amounts(text: str) -> list[tuple[str, str]]:
    """Return the amounts that `text` is made of, each with its unit; none of other."""
    amounts, place = [], 0
    while place < len(text):
        found = _AMOUNT.match(text, place)
        if found is None:
            return []
        amounts.append((found[1].rstrip(".,"), found[2]))
        place = found.end()
    return amounts


def _sum(parts: Sequence[tuple[str, str]]) -> Number:
    """Return the sum of amounts, each with its unit, from the largest unit down.

    Raises
    ------
    ValueError
        If a unit is not known or out of order.
    """
    total_s, step_s, last = 0.0, None, -1
    for amount, unit in parts:
        place = next(
            (n for n, (names, _) in enumerate(_UNITS) if names.fullmatch(unit.lower())),
            None,
        )
        if place is None:
            raise ValueError(f"{unit!r} is no unit of time")
        if place <= last:
            raise ValueError(f"{unit!r} stands behind a smaller or the same unit")
        number = parse_number(amount)
        unit_s = _UNITS[place][1].total_seconds()
        total_s += number.value * unit_s
        step_s = number.step and number.step * unit_s
        last = place
    return Number(total_s, step_s)


def _positive(number: Number) -> Number:
    if not number.value > 0:
        raise ValueError("a training takes more than no time")
    return number
