"""From the document of a rules file, as TOML reads it, to `Rules`.

A name that is not known is refused: a slip must not silently change a ranking. Numbers
may be decimals with their digits (`decimal.Decimal`), so that what was rounded is known
as rounded.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from difflib import get_close_matches
from math import isfinite
from typing import Final, TypeVar, cast

from isojoule.comparison.rules import (
    Amendment,
    Carbon,
    CheckLimits,
    Cohort,
    Errors,
    Metric,
    PhaseRules,
    Reference,
    Rules,
    Waiver,
)
from isojoule.errors import FormatError
from isojoule.normalizers import NORMALIZERS
from isojoule.records import Calibration, Scope
from isojoule.units import kwh_to_j

NO_METHOD: Final = "none"
"""Method that leaves energies as they were stated."""

_COUNTS: Final = ("params", "macs")
"""Quantities beside the energies of the phases; no phase can have these names."""

_ALL_METRICS: Final = "ranking"
"""Name of the score that all metrics are in; no metric can have it."""

Settings = TypeVar("Settings", Errors, CheckLimits)


def rules_from(
    document: Mapping[str, object], *, calibration: Calibration | None = None
) -> Rules:
    """Return the rules that `document` states.

    Parameters
    ----------
    document : mapping
        As TOML reads it; energies in kWh, as their names say.
    calibration : Calibration or None
        Reference suite on the organizers' hardware, where the document names one.

    Raises
    ------
    FormatError
        If a name is not known or missing, or a value is of the wrong kind; the message
        has the place.
    """
    with _Table(document, "the rules") as top:
        top.skip("calibration")
        phases = {n: _phase(n, t) for n, t in top.tables("phases")}
        metrics = {n: _metric(n, t) for n, t in top.tables("metrics")}
        _require_names("phases", phases, taken=_COUNTS)
        _require_names("metrics", metrics, taken=(_ALL_METRICS,))
        cohorts = {n: _cohort(n, t, phases) for n, t in top.tables("cohorts")}
        return Rules(
            edition=top.text("edition"),
            hardware=top.text("hardware"),
            phases=phases,
            metrics=metrics,
            baseline=top.text_or_none("baseline"),
            fields=_fields(top.table("fields")),
            cohorts=cohorts,
            exponent=top.number("exponent", 1.0),
            price_kwh_per_point=top.number_or_none("price_kwh_per_point"),
            scope=cast("Scope | None", top.one_of("scope", ("gpu", "node", "wall"))),
            stated_decimals_kwh=top.whole_or_none("stated_decimals_kwh", at_least=0),
            max_params=top.number_or_none("max_params"),
            max_macs=top.number_or_none("max_macs"),
            errors=_settings(Errors, top.table("errors"), "[errors]"),
            limits=_settings(CheckLimits, top.table("limits"), "[limits]"),
            waivers=tuple(_waiver(t) for t in top.list_of_tables("waivers")),
            amendments=tuple(_amendment(t) for t in top.list_of_tables("amendments")),
            calibration=calibration,
            carbon=_carbon(top.table_or_none("carbon")),
            level=top.level("level", 0.9),
            n_draws=top.whole("n_draws", 10_000, at_least=100),
            seed=top.whole("seed", 0, at_least=0),
        )


def _require_names(
    kind: str, found: Collection[str], *, taken: tuple[str, ...]
) -> None:
    if not found:
        raise FormatError(f"the rules name no {kind}: add [{kind}.<name>]")
    for name in found:
        if name in taken or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise FormatError(
                f"[{kind}.{name}]: the name is taken or has other signs than letters, "
                "digits, - and _; choose another"
            )


class _Table:
    """One table of the document: every value is taken once, the rest is refused."""

    def __init__(self, entries: Mapping[str, object], where: str) -> None:
        self.where = where
        self._entries = dict(entries)
        self._asked: list[str] = []

    def __enter__(self) -> "_Table":
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        unknown = [name for name in self._entries if name not in self._asked]
        if kind is None and unknown:
            near = get_close_matches(unknown[0], self._asked, n=1)
            hint = near[0] if near else ", ".join(sorted(self._asked))
            raise FormatError(f"{self.where}: no {unknown[0]!r}; did you mean {hint}?")

    def skip(self, name: str) -> None:
        """Accept `name`, which somebody else reads."""
        self._asked.append(name)

    def _take(self, name: str) -> object:
        self._asked.append(name)
        return self._entries.get(name)

    def _fail(self, name: str, expected: str, found: object) -> FormatError:
        asked = f"{self.where}: {name} must be {expected}"
        shown = "missing" if found is None else f"{found!r}"
        return FormatError(f"{asked}; it is {shown}")

    def text(self, name: str) -> str:
        found = self.text_or_none(name)
        if not found:
            raise self._fail(name, "a text", found)
        return found

    def text_or_none(self, name: str) -> str | None:
        found = self._take(name)
        if found is not None and not isinstance(found, str):
            raise self._fail(name, "a text", found)
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        found = self._take(name)
        if isinstance(found, str):
            return (found,)
        if not isinstance(found, list | tuple | None):
            raise self._fail(name, "a list of texts", found)
        if not all(isinstance(text, str) for text in found or ()):
            raise self._fail(name, "a list of texts", found)
        return tuple(found or ())

    def one_of(self, name: str, known: tuple[str, ...]) -> str | None:
        found = self.text_or_none(name)
        if found is not None and found not in known:
            raise self._fail(name, f"one of {', '.join(known)}", found)
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        found = self._take(name)
        if found is None:
            return default
        if not isinstance(found, bool):
            raise self._fail(name, "true or false", found)
        return found

    def written(self, name: str) -> int | float | Decimal | None:
        """Return a number as it was written, with its digits."""
        found = self._take(name)
        if found is None:
            return None
        if (
            isinstance(found, bool)
            or not isinstance(found, int | float | Decimal)
            or not isfinite(found)
        ):
            raise self._fail(name, "a number", found)
        return found

    def number_or_none(self, name: str) -> float | None:
        """Return a number above 0, or `None` where there is none."""
        found = self.written(name)
        if found is not None and found <= 0:
            raise self._fail(name, "above 0", float(found))
        return None if found is None else float(found)

    def number(self, name: str, default: float | None, *, low: float = 0.0) -> float:
        """Return a number from `low` on; one must be there without a default."""
        found = self.written(name)
        if found is None and default is not None:
            return default
        if found is None or found < low:
            raise self._fail(name, f"a number from {low:g} on", found)
        return float(found)

    def level(self, name: str, default: float) -> float:
        found = self.number(name, default)
        if not 0 < found < 1:
            raise self._fail(name, "a coverage between 0 and 1, such as 0.9", found)
        return found

    def whole(self, name: str, default: int, *, at_least: int) -> int:
        found = self.whole_or_none(name, at_least=at_least)
        return default if found is None else found

    def whole_or_none(self, name: str, *, at_least: int) -> int | None:
        found = self.written(name)
        if found is None:
            return None
        if not isinstance(found, int) or found < at_least:
            raise self._fail(name, f"a whole number from {at_least} on", found)
        return found

    def table(self, name: str) -> Mapping[str, object]:
        return self.table_or_none(name) or {}

    def table_or_none(self, name: str) -> Mapping[str, object] | None:
        found = self._take(name)
        if found is not None and not isinstance(found, Mapping):
            raise self._fail(name, "a table", found)
        return found

    def tables(self, name: str) -> "Iterator[tuple[str, _Table]]":
        for key, entries in self.table(name).items():
            if not isinstance(entries, Mapping):
                raise self._fail(f"{name}.{key}", "a table", entries)
            yield key, _Table(entries, f"[{name}.{key}]")

    def list_of_tables(self, name: str) -> "Iterator[_Table]":
        found = self._take(name)
        if found is not None and not isinstance(found, list | tuple):
            raise self._fail(name, f"written as [[{name}]]", found)
        for number, entries in enumerate(found or (), start=1):
            if not isinstance(entries, Mapping):
                raise self._fail(name, f"written as [[{name}]]", entries)
            yield _Table(entries, f"[[{name}]] number {number}")


def _phase(name: str, table: _Table) -> PhaseRules:
    with table:
        baseline_kwh = table.number_or_none("baseline_energy_kwh")
        own_cap_kwh = table.number_or_none("max_energy_kwh")
        return PhaseRules(
            name=name,
            method=_method(table),
            references=tuple(
                _reference(t, name) for t in table.list_of_tables("references")
            ),
            features=table.texts("features"),
            baseline_energy_j=_joules(baseline_kwh),
            accepts_other_phase=table.flag("accepts_other_phase", default=False),
            max_extrapolation_factor=table.number("max_extrapolation_factor", 10.0),
            max_energy_j=_joules(own_cap_kwh),
            decimals_kwh=table.whole_or_none("decimals_kwh", at_least=0),
        )


def _method(table: _Table) -> str:
    name = table.text_or_none("method") or NO_METHOD
    known = (NO_METHOD, *NORMALIZERS)
    if name not in known:
        raise FormatError(
            f"{table.where}: no method {name!r}; there are {', '.join(known)}"
        )
    return name


def _reference(table: _Table, phase: str) -> Reference:
    with table:
        written = table.written("energy_kwh")
        if written is None or written <= 0:
            raise FormatError(f"{table.where} of [phases.{phase}] needs energy_kwh > 0")
        return Reference(
            name=table.text("name"),
            phase=table.text_or_none("phase") or phase,
            energy_j=kwh_to_j(float(written)),
            energy_std_j=_joules(table.number_or_none("energy_std_kwh")),
            step_j=_step_j(written),
            work_flop=table.number_or_none("work_flop"),
            n_params=table.number_or_none("n_params"),
        )


def _step_j(written: int | float | Decimal) -> float | None:
    """Return one unit of the last digit that was written [J]."""
    if not isinstance(written, Decimal):
        return None
    return kwh_to_j(float(Decimal(1).scaleb(int(written.as_tuple().exponent))))


def _joules(energy_kwh: float | None) -> float | None:
    return None if energy_kwh is None else kwh_to_j(energy_kwh)


def _metric(name: str, table: _Table) -> Metric:
    with table:
        has_level = table.written("interval_level") is not None
        return Metric(
            name=name,
            higher_is_better=table.flag("higher_is_better", default=True),
            point=table.number_or_none("point") or 0.01,
            interval_level=table.level("interval_level", 0.95) if has_level else None,
            baseline_score=table.number_or_none("baseline_score"),
        )


def _cohort(name: str, table: _Table, phases: Iterable[str]) -> Cohort:
    known = {*phases, *_COUNTS}
    with table:
        where = {n: str(value) for n, value in table.table("where").items()}
        compared = table.texts("drop_duplicates")
        if not known >= set(compared):
            raise FormatError(
                f"{table.where}: drop_duplicates can hold {', '.join(sorted(known))}"
            )
        return Cohort(
            name=name,
            where=where,
            drop_duplicates=compared,
            duplicate_digits=table.whole("duplicate_digits", 3, at_least=0),
        )


def _waiver(table: _Table) -> Waiver:
    with table:
        return Waiver(
            check=table.text("check"),
            label=table.text("label"),
            reason=table.text("reason"),
        )


def _amendment(table: _Table) -> Amendment:
    with table:
        return Amendment(
            label=table.text("label"),
            field=table.text("field"),
            value=table.number("value", None),
            reason=table.text("reason"),
        )


def _carbon(entries: Mapping[str, object] | None) -> Carbon | None:
    if entries is None:
        return None
    with _Table(entries, "[carbon]") as table:
        return Carbon(
            country=table.text("country"), pue=table.number("pue", 1.0, low=1.0)
        )


def _settings(
    kind: Callable[..., Settings], entries: Mapping[str, object], where: str
) -> Settings:
    with _Table(entries, where) as table:
        defaults = kind()
        return kind(
            **{
                f.name: table.whole(f.name, default, at_least=1)
                if isinstance(default := getattr(defaults, f.name), int)
                else table.number(f.name, default)
                for f in fields(defaults)
            }
        )


def _fields(
    entries: Mapping[str, object], above: str = ""
) -> dict[str, tuple[str, ...]]:
    """Return where submissions say each quantity, its nested names joined by dots."""
    flat: dict[str, tuple[str, ...]] = {}
    with _Table(entries, f"[fields{'.' * bool(above)}{above.rstrip('.')}]") as table:
        for name, value in entries.items():
            if isinstance(value, Mapping):
                table.skip(name)
                flat |= _fields(value, f"{above}{name}.")
            else:
                flat[f"{above}{name}"] = table.texts(name)
    return flat
