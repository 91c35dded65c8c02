"""Which reference models to run here, so that estimates get narrower most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final

import numpy as np

from isojoule.errors import InsufficientDataError
from isojoule.normalizers.advice import expected_factor
from isojoule.normalizers.joint.frame import make_frame
from isojoule.normalizers.joint.hyperparameters import Hyperparameters
from isojoule.normalizers.joint.planning import Planner, Step, as_new_networks
from isojoule.normalizers.joint.prior import Prior
from isojoule.normalizers.pairs import Floats
from isojoule.records import Calibration
from isojoule.suite.candidates import Question
from isojoule.suite.forecast import Forecast
from isojoule.suite.rules import Rules
from isojoule.tables import Cell, Table
from isojoule.units import format_duration, format_energy

SCHEMA_VERSION: Final = 1

LEAST_GAIN: Final = 0.01
"""Share by which runs have to lower an interval's factor, or each run the standard
deviation, to be worth their energy."""

LEVEL: Final = 0.9
"""Coverage of the intervals that a plan speaks of."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run takes.

    Parameters
    ----------
    duration_s : float
        With its rests [s].
    energy_j : float or None
        Without them [J]; `None` where no sensor tells.
    """

    duration_s: float
    energy_j: float | None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a plan may take: a number of runs, time, or energy.

    Parameters
    ----------
    n_runs : int or None
        Runs.
    duration_s : float or None
        Time [s].
    energy_j : float or None
        Energy [J].

    Raises
    ------
    ValueError
        Unless exactly one is given, and positive.
    """

    n_runs: int | None = None
    duration_s: float | None = None
    energy_j: float | None = None

    def __post_init__(self) -> None:
        given = [
            v for v in (self.n_runs, self.duration_s, self.energy_j) if v is not None
        ]
        if len(given) != 1 or not 0 < given[0] < inf:
            raise ValueError(
                "a plan needs one of a number of runs, a time or an energy, positive"
            )

    def price_of(self, cost: Cost) -> float | None:
        """Return what a run takes of a budget of time [s] or energy [J]."""
        return cost.duration_s if self.duration_s is not None else cost.energy_j

    def describe(self, amount: float) -> str:
        """Return an amount of time or energy for people to read."""
        is_time = self.duration_s is not None
        return format_duration(amount) if is_time else format_energy(amount)


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One step of a plan.

    Parameters
    ----------
    model : str
        To run.
    factor : float
        Typical factor of an interval once it has run.
    cost : Cost or None
        `None` where this machine was not probed.
    """

    model: str
    factor: float
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Which reference models to run, in their order.

    Parameters
    ----------
    have : tuple of str
        Models that have run here.
    factor_before : float
        Typical factor of an interval with these alone; where there are none, for two
        machines of which nothing is known.
    steps : tuple of PlannedRun
        Each the best after those before.
    notes : tuple of str
        What the user should know.
    """

    have: tuple[str, ...]
    factor_before: float
    steps: tuple[PlannedRun, ...]
    notes: tuple[str, ...] = ()


def costs_of(expected: Forecast, rules: Rules) -> dict[str, Cost]:
    """Return what each model takes.

    Parameters
    ----------
    expected : Forecast
        Of one run for each model.
    rules : Rules
        Under which they run.

    Notes
    -----
    All models are taken to draw the power of the probe.
    """
    rests_s = 2 * rules.idle_s + rules.rest_s
    busy_s = {job: d - rests_s for job, d in expected.duration_s.items()}
    total_s = sum(busy_s.values())
    power_w = None if expected.energy_j is None else expected.energy_j / total_s
    return {
        job.model.name: Cost(
            duration_s=duration_s,
            energy_j=None if power_w is None else power_w * busy_s[job],
        )
        for job, duration_s in expected.duration_s.items()
    }


def choose(
    prior: Prior,
    question: Question,
    budget: Budget,
    *,
    costs: Mapping[str, Cost] | None = None,
) -> Plan:
    """Return the reference models to run.

    Parameters
    ----------
    prior : Prior
        What was learned from other machines.
    question : Question
        What could be run, and what is asked for.
    budget : Budget
        What it may take.
    costs : mapping of str to Cost or None
        By model; a budget of time or energy needs them.

    Raises
    ------
    InsufficientDataError
        If all candidates have run, none is affordable, or nothing is known of what
        they take.

    Notes
    -----
    Every workload asked for counts as one of a network never seen. A number of runs is
    filled with the best run after those before. Of a budget the better of two plans is
    taken, one by gain and one by gain per cost [1]_, in the order of gain; runs at its
    end that together narrow the interval by less than `LEAST_GAIN` are left out.

    References
    ----------
    .. [1] Leskovec et al. (2007), Cost-effective Outbreak Detection in Networks, KDD,
       section 3.3, doi:10.1145/1281192.1281239.
    """
    names = [o.workload for o in question.candidates]
    if len(question.have) == len(names):
        raise InsufficientDataError(
            f"all {len(names)} reference models that could be planned have run already"
        )
    planner = _planner(prior.planning, question)
    if budget.n_runs is not None:
        steps = [
            planner.take(best)
            for _ in range(min(budget.n_runs, len(names) - len(question.have)))
            if (best := planner.best()) is not None
        ]
    else:
        prices = _prices(names, budget, costs or {})
        limit = float(budget.duration_s or budget.energy_j or 0.0)
        _require_affordable(question, prices, budget, limit)
        both = [
            _fill(
                _planner(prior.planning, question),
                prices,
                limit,
                is_per_price=is_per_price,
            )
            for is_per_price in (False, True)
        ]
        found = min(both, key=lambda steps: steps[-1].mean_sd if steps else inf)
        steps = _best_first(planner, [s.place for s in found])
    # Chosen by all that was learned, told as wide as the intervals will be.
    told = _planner(prior.alone, question)
    factor_before = expected_factor(
        prior, len(question.have), told.mean_sd, level=LEVEL
    )
    steps = [told.take(step.place) for step in steps]
    runs = [
        PlannedRun(
            model=names[step.place],
            factor=expected_factor(
                prior, len(question.have) + i, step.mean_sd, level=LEVEL
            ),
            cost=(costs or {}).get(names[step.place]),
        )
        for i, step in enumerate(steps, start=1)
    ]
    return _plan(question, budget, factor_before, runs)


def _plan(
    question: Question, budget: Budget, factor_before: float, runs: list[PlannedRun]
) -> Plan:
    """Return the plan; of a budget of time or energy only what narrows something."""
    factors = np.array([factor_before, *(run.factor for run in runs)])
    n_useful = int((factors <= (1 + LEAST_GAIN) * factors.min()).argmax())
    notes = list(question.notes)
    least = f"{LEAST_GAIN:.0%}"
    if budget.n_runs is not None and n_useful < len(runs):
        notes.append(
            f"after {n_useful} of these runs intervals narrow by less than {least}"
        )
    if budget.n_runs is None:
        runs = runs[:n_useful]
        if len(runs) + len(question.have) < len(question.candidates):
            notes.append(
                f"the rest of the budget affords no run that narrows them by {least}"
            )
    return Plan(question.have, factor_before, tuple(runs), tuple(notes))


def _planner(h: Hyperparameters, question: Question) -> Planner:
    """Return a planner that knows what has run."""
    candidates = {o.workload: o for o in question.candidates}
    known = {**{o.workload: o for o in question.wanted}, **candidates}
    frame = make_frame(Calibration(question.candidates[0].hardware, known))
    planner = Planner(
        h,
        frame.inputs(question.candidates),
        as_new_networks(frame.inputs(question.wanted)),
    )
    for place, name in enumerate(candidates):
        if name in question.have:
            planner.take(place)
    return planner


def _prices(names: Sequence[str], budget: Budget, costs: Mapping[str, Cost]) -> Floats:
    """Return what each run takes of the budget.

    Raises
    ------
    InsufficientDataError
        If that is not known.
    """
    found = [budget.price_of(costs[name]) if name in costs else None for name in names]
    known = [price for price in found if price is not None]
    if len(known) < len(found):
        what = "time" if budget.duration_s is not None else "energy"
        raise InsufficientDataError(
            f"the {what} of {len(found) - len(known)} of {len(found)} models is not "
            "known here (isojoule doctor tells which sensors are missing): plan by a "
            "number of runs"
        )
    return np.array(known)


def _require_affordable(
    question: Question, prices: Floats, budget: Budget, limit: float
) -> None:
    """Raise unless a run that is still to be made fits into the budget.

    Raises
    ------
    InsufficientDataError
        If the cheapest takes more.
    """
    still = [
        (float(price), o.workload)
        for price, o in zip(prices, question.candidates, strict=True)
        if o.workload not in question.have
    ]
    price, name = min(still)
    if price > limit:
        raise InsufficientDataError(
            f"{budget.describe(limit)} affords no reference model: the cheapest, "
            f"{name}, takes about {budget.describe(price)}"
        )


def _fill(
    planner: Planner, prices: Floats, limit: float, *, is_per_price: bool
) -> list[Step]:
    """Return runs until the budget is spent or nothing affordable is worth it."""
    steps: list[Step] = []
    left = limit
    while True:
        gain = planner.mean_sd - planner.mean_sd_after()
        is_open = (prices <= left) & (gain >= LEAST_GAIN * planner.mean_sd)
        is_open[planner.taken] = False
        if not is_open.any():
            return steps
        worth = gain / prices if is_per_price else gain
        best = int(np.where(is_open, worth, -np.inf).argmax())
        steps.append(planner.take(best))
        left -= prices[best]


def _best_first(planner: Planner, places: Sequence[int]) -> list[Step]:
    """Return these runs, each the best after those before."""
    left = list(places)
    steps = []
    while left:
        best = left[int(planner.mean_sd_after()[left].argmin())]
        left.remove(best)
        steps.append(planner.take(best))
    return steps


def plan_table(plan: Plan) -> Table:
    """Return one row per run, those that were made first."""
    rows: list[dict[str, Cell]] = [
        {"step": "has run", "model": name} for name in plan.have
    ] or [{"step": "before", "model": "none has run"}]
    rows[-1]["interval"] = _factor(plan.factor_before)
    rows += [
        {
            "step": f"run {i}",
            "model": run.model,
            "duration_s": run.cost.duration_s if run.cost else None,
            "energy_j": run.cost.energy_j if run.cost else None,
            "interval": _factor(run.factor),
        }
        for i, run in enumerate(plan.steps, start=1)
    ]
    return Table.from_rows(
        "Reference models to run here",
        rows,
        labels={
            "step": "step",
            "model": "model",
            "duration_s": "time",
            "energy_j": "energy",
            "interval": "typical interval",
        },
    )


def _factor(value: float) -> str:
    return f"x {value:.2f}"


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain data, with the keys that ``--json`` documents."""
    return {
        "schema_version": SCHEMA_VERSION,
        "level": LEVEL,
        "already_run": list(plan.have),
        "factor_before": plan.factor_before,
        "steps": [
            {
                "model": run.model,
                "duration_s": run.cost.duration_s if run.cost else None,
                "energy_j": run.cost.energy_j if run.cost else None,
                "factor": run.factor,
            }
            for run in plan.steps
        ],
        "notes": list(plan.notes),
    }
