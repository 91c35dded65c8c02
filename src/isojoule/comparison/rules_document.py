"""From the document of a rules file, as TOML reads it, to `Rules`.

A name that is not known is refused: a slip must not silently change a ranking. Numbers
may be decimals with their digits (`decimal.Decimal`), so that what was rounded is known
as rounded.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from math import inf
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
from isojoule.comparison.rules_sense import NO_METHOD, require_sense
from isojoule.comparison.rules_table import RulesTable
from isojoule.errors import FormatError
from isojoule.records import Calibration, Scope
from isojoule.units import kwh_to_j

MAX_EXPONENT: Final = 10.0
"""With more, a score is a power of the energy and nothing else."""

MAX_DRAWS: Final = 1_000_000
"""More add nothing to an interval, and take hours."""

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
    with RulesTable(document, "the rules") as top:
        top.skip("calibration")
        phases = {n: _phase(n, t) for n, t in top.tables("phases")}
        metrics = {n: _metric(n, t) for n, t in top.tables("metrics")}
        cohorts = {n: _cohort(n, t) for n, t in top.tables("cohorts")}
        rules = Rules(
            edition=top.text("edition"),
            hardware=top.text("hardware"),
            phases=phases,
            metrics=metrics,
            baseline=top.text_or_none("baseline"),
            fields=_fields(top.table("fields")),
            cohorts=cohorts,
            exponent=top.number("exponent", 1.0, high=MAX_EXPONENT),
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
            n_draws=top.whole("n_draws", 10_000, at_least=100, at_most=MAX_DRAWS),
            seed=top.whole("seed", 0, at_least=0),
        )
    require_sense(rules)
    return rules


def _phase(name: str, table: RulesTable) -> PhaseRules:
    with table:
        baseline_kwh = table.number_or_none("baseline_energy_kwh")
        own_cap_kwh = table.number_or_none("max_energy_kwh")
        return PhaseRules(
            name=name,
            method=table.text_or_none("method") or NO_METHOD,
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


def _reference(table: RulesTable, phase: str) -> Reference:
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


def _metric(name: str, table: RulesTable) -> Metric:
    with table:
        has_level = table.written("interval_level") is not None
        return Metric(
            name=name,
            higher_is_better=table.flag("higher_is_better", default=True),
            point=table.number_or_none("point") or 0.01,
            interval_level=table.level("interval_level", 0.95) if has_level else None,
            baseline_score=table.number_or_none("baseline_score"),
        )


def _cohort(name: str, table: RulesTable) -> Cohort:
    with table:
        where = {n: str(value) for n, value in table.table("where").items()}
        return Cohort(
            name=name,
            where=where,
            drop_duplicates=table.texts("drop_duplicates"),
            duplicate_digits=table.whole("duplicate_digits", 3, at_least=0),
        )


def _waiver(table: RulesTable) -> Waiver:
    with table:
        return Waiver(
            check=table.text("check"),
            label=table.text("label"),
            reason=table.text("reason"),
        )


def _amendment(table: RulesTable) -> Amendment:
    with table:
        return Amendment(
            label=table.text("label"),
            field=table.text("field"),
            value=table.number("value", None, low=-inf),
            reason=table.text("reason"),
        )


def _carbon(entries: Mapping[str, object] | None) -> Carbon | None:
    if entries is None:
        return None
    with RulesTable(entries, "[carbon]") as table:
        return Carbon(
            country=table.text("country"), pue=table.number("pue", 1.0, low=1.0)
        )


def _settings(
    kind: Callable[..., Settings], entries: Mapping[str, object], where: str
) -> Settings:
    with RulesTable(entries, where) as table:
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
    with RulesTable(
        entries, f"[fields{'.' * bool(above)}{above.rstrip('.')}]"
    ) as table:
        for name, value in entries.items():
            if isinstance(value, Mapping):
                table.skip(name)
                flat |= _fields(value, f"{above}{name}.")
            else:
                flat[f"{above}{name}"] = table.texts(name)
    return flat
