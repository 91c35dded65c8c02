"""The columns of the main table of a comparison."""

from dataclasses import dataclass

from isojoule.comparison.compare import Comparison
from isojoule.comparison.rules import Rules
from isojoule.comparison.scores import RANKING
from isojoule.report.comparison.methods import is_normalized
from isojoule.report.comparison.words import TIMES, level_text, named, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """One column of the table.

    Parameters
    ----------
    key : str
        Unique among the columns.
    text : str
        Heading.
    unseen : str, default ""
        What goes on after it, where one cannot see the columns beside it.
    explained : str
        What it means.
    phase, metric, cohort : int or None
        The column is about this one alone; `None` where about all.
    """

    key: str
    text: str
    explained: str
    unseen: str = ""
    phase: int | None = None
    metric: int | None = None
    cohort: int | None = None


def headings(comparison: Comparison) -> tuple[Heading, ...]:
    """Return the columns, those of all phases and metrics beside each other."""
    return (
        Heading(key="system", text="System", explained="Label and team."),
        *(
            h
            for m, _ in enumerate(comparison.rules.metrics)
            for h in _of_metric(comparison, m)
        ),
        *(
            h
            for p, _ in enumerate(comparison.rules.phases)
            for h in _of_phase(comparison, p)
        ),
        Heading(
            key="reference",
            text="reference [kWh]",
            explained="What the reference models took on the hardware of the team.",
        ),
        Heading(key="params", text="params", explained="Parameters."),
        Heading(key="macs", text="MACs", explained="Multiply-accumulates, not FLOP."),
        Heading(key="findings", text="findings", explained="What the checks found."),
    )


def _of_metric(comparison: Comparison, m: int) -> tuple[Heading, ...]:
    metric = list(comparison.rules.metrics)[m]
    level = level_text(comparison.rules.level)
    return (
        Heading(
            key=f"score.{metric}",
            text=shown(metric),
            explained="Score as stated, with the interval stated with it.",
            metric=m,
        ),
        Heading(
            key=f"rank.score.{metric}",
            text="rank",
            unseen=f"in {shown(metric)}",
            explained=f"Rank and its {level} interval; = is a tie.",
            metric=m,
        ),
    )


def _of_phase(comparison: Comparison, p: int) -> tuple[Heading, ...]:
    rules = comparison.rules
    phase, metrics = list(rules.phases)[p], list(rules.metrics)
    level, name = level_text(rules.level), shown(list(rules.phases)[p])
    machine = (
        f"On {shown(rules.hardware)}"
        if is_normalized(rules, phase)
        else "As stated, on the hardware of the team"
    )
    return (
        Heading(
            key=f"energy.{phase}",
            text=f"{name} [kWh]",
            explained=f"{machine}, with its {level} interval.",
            phase=p,
        ),
        Heading(
            key=f"rank.energy.{phase}",
            text="rank",
            unseen=f"in {name} energy",
            explained=f"Lowest first, with the {level} interval of the rank; = is a "
            "tie.",
            phase=p,
        ),
        Heading(
            key=f"first.{phase}",
            text="P(lowest)",
            unseen=f"{name} energy",
            explained="Probability of the lowest energy of all.",
            phase=p,
        ),
        *(
            Heading(
                key=f"front.{cohort}.{phase}.{metric}",
                text="P(front)",
                unseen=f"{name}, {shown(metric)}",
                explained=f"Probability that none of {shown(cohort)} has a better "
                f"{shown(metric)} for less energy; ● is on the front.",
                phase=p,
                metric=m,
                cohort=c,
            )
            for c, cohort in enumerate(comparison.cohorts)
            for m, metric in enumerate(metrics)
        ),
        Heading(
            key=f"stated.{phase}",
            text="as stated [kWh]",
            unseen=f"for {name}",
            explained="On the hardware of the team.",
            phase=p,
        ),
        *(
            Heading(
                key=f"weighted.{metric}.{phase}",
                text="energy-weighted",
                unseen=shown(metric),
                explained=_weighting(rules, metric),
                phase=p,
                metric=m,
            )
            for m, metric in enumerate(metrics)
        ),
        Heading(
            key=f"weighted.{RANKING}.{phase}",
            text="weighted ranking score",
            explained=_ranking_score(rules),
            phase=p,
        ),
    )


def _weighting(rules: Rules, metric: str) -> str:
    ratio = (
        "energy of the baseline / energy"
        if rules.metrics[metric].higher_is_better
        else "energy / energy of the baseline"
    )
    return f"{shown(metric)} {TIMES} ({ratio})^{rules.exponent:g}, and its rank."


def _ranking_score(rules: Rules) -> str:
    lower = [m.name for m in rules.metrics.values() if not m.higher_is_better]
    inverse = f" (for {named(lower)} its inverse)" if lower else ""
    return (
        f"Mean over metrics of score / score of the baseline{inverse}, {TIMES} (energy "
        f"of the baseline / energy)^{rules.exponent:g}, and its rank."
    )
