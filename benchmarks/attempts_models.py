"""What was tried: the joint process and its variants, and formulas from physics."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from zlib import crc32

import numpy as np
from attempts_data import Case
from scipy.optimize import nnls

from isojoule.normalizers.joint.covariance import Inputs
from isojoule.normalizers.joint.hyperparameters import INPUTS, START, Hyperparameters
from isojoule.normalizers.joint.learning import (
    SHRINKAGE,
    KnownPair,
    learn,
    shrink,
)
from isojoule.normalizers.joint.planning import as_new_networks, plan_order
from isojoule.normalizers.joint.process import condition
from isojoule.normalizers.pairs import Floats
from isojoule.stats import student_half_width
from isojoule.studies.benchmark.selectors import SELECTORS

KS = (1, 2, 3, 4, 6, None)
"""Numbers of references; `None` for the whole training part."""
MOST = max(k for k in KS if k is not None)
LEVEL = 0.9
GAUSSIAN = replace(START, freedom=1e6)
"""Learning stays within a factor of exp(6) of its start: a normal distribution."""

half_width = cache(student_half_width)


def as_built(case: Case) -> Inputs:
    return case.alone


def with_further_machines(case: Case) -> Inputs:
    return case.elsewhere


def without(*names: str) -> Callable[[Case], Inputs]:
    """Return a view of a case in which these inputs are unknown."""

    def view(case: Case) -> Inputs:
        values = case.alone.values.copy()
        values[:, [INPUTS.index(name) for name in names]] = np.nan
        return replace(case.alone, values=values)

    return view


def without_networks(case: Case) -> Inputs:
    # Above zero: below are the networks of `as_new_networks`, which must differ.
    return replace(case.alone, network=1 + np.arange(len(case.seen)))


def energy(case: Case) -> Floats:
    return case.log_ratio


def time(case: Case) -> Floats:
    return case.log_time_ratio


def power(case: Case) -> Floats:
    return case.log_power_ratio


View = Callable[[Case], Inputs]
Quantity = Callable[[Case], Floats]


@dataclass
class Priors:
    """Hyperparameters learned from all tables but one, each set once."""

    cases: Sequence[Case]
    known: dict[tuple, Hyperparameters] = field(default_factory=dict)

    def without(
        self,
        table: str,
        view: View,
        quantity: Quantity,
        *,
        start: Hyperparameters = START,
        seed: int = 0,
    ) -> Hyperparameters:
        """Return what all tables but this one teach; all of them for no name."""
        key = table, view, quantity, start, seed
        if key not in self.known:
            kept = [case for case in self.cases if case.table != table]
            if view is with_further_machines:
                kept = [case for case in kept if case.is_told.any()]
            pairs = [KnownPair(c.table, view(c), quantity(c)) for c in kept]
            self.known[key] = learn(pairs, start=start, seed=seed)
        return self.known[key]


@dataclass(frozen=True)
class Answer:
    """Log ratios of the test part, with half of the interval where there is one."""

    log_ratio: Floats
    half_width: Floats | None = None


@dataclass(frozen=True)
class Joint:
    """The joint process, as built but for what is named."""

    name: str
    what: str
    view: View = as_built
    quantities: tuple[Quantity, ...] = (energy,)
    selector: str = "planned"
    start: Hyperparameters = START
    share: float = SHRINKAGE
    is_learned: bool = True
    is_told_of_table: bool = False
    seed: int = 0

    def prior(self, priors: Priors, table: str, quantity: Quantity) -> Hyperparameters:
        """Return what intervals come from: between what is learned and the start."""
        h = shrink(self.learned(priors, table, quantity), self.share)
        return replace(h, freedom=1e6) if self.start is GAUSSIAN else h

    def learned(
        self, priors: Priors, table: str, quantity: Quantity
    ) -> Hyperparameters:
        """Return what plans come from: all that is learned."""
        if not self.is_learned:
            return self.start
        left_out = "" if self.is_told_of_table else table
        return priors.without(
            left_out, self.view, quantity, start=self.start, seed=self.seed
        )

    def answers(
        self, case: Case, fold: int, priors: Priors
    ) -> dict[int | None, Answer]:
        """Return the answers of one fold by number of references."""
        train, test = list(case.folds())[fold]
        inputs = self.view(case)
        # Two processes are given the references that one for energy would ask for.
        order = self._order(case, fold, priors)
        found = {}
        for k in KS:
            taken = train if k is None or k >= len(train) else order(k)
            parts = [
                condition(
                    self.prior(priors, case.table, quantity),
                    inputs.of(taken),
                    quantity(case)[taken],
                    extra_variance=case.own_variance[taken],
                ).predict(inputs.of(test))
                for quantity in self.quantities
            ]
            log_ratio = np.sum([part.log_ratio for part in parts], axis=0)
            half = None
            if len(parts) == 1:
                half = half_width(LEVEL, parts[0].freedom) * parts[0].scale
            found[k] = Answer(log_ratio, half)
        return found

    def _order(
        self, case: Case, fold: int, priors: Priors
    ) -> Callable[[int], np.ndarray]:
        """Return what gives the places of `k` references."""
        train, _ = list(case.folds())[fold]
        if self.selector == "planned":
            # A plan does not ask further machines.
            view = as_built if self.view is with_further_machines else self.view
            asking = replace(self, view=view)
            return planned(
                view(case), train, asking.learned(priors, case.table, energy)
            )
        return selected(case, fold, train, self.selector)


def planned(
    inputs: Inputs, train: np.ndarray, h: Hyperparameters
) -> Callable[[int], np.ndarray]:
    """Return what gives the `k` references that a plan asks for."""
    candidates = inputs.of(train)
    steps = plan_order(h, candidates, as_new_networks(candidates), k=MOST)
    places = train[[step.place for step in steps]]
    return lambda k: places[:k]


def selected(
    case: Case, fold: int, train: np.ndarray, selector: str
) -> Callable[[int], np.ndarray]:
    """Return what gives `k` references chosen as the benchmark study does."""
    candidates = [case.seen[i] for i in train]
    place = {case.seen[i].workload: i for i in train}
    seed = fold + 2**20 * crc32(f"{case.source}\n{case.target}".encode())

    def places(k: int) -> np.ndarray:
        names = SELECTORS[selector](candidates, k, seed)
        return np.array(sorted(place[name] for name in names))

    return places


@dataclass(frozen=True)
class Elsewhere:
    """The joint process that asks further machines, where they know the workload."""

    name: str
    what: str

    def answers(
        self, case: Case, fold: int, priors: Priors
    ) -> dict[int | None, Answer]:
        """Return the answers of one fold by number of references."""
        _, test = list(case.folds())[fold]
        asking = Joint(self.name, self.what, view=with_further_machines)
        told = asking.answers(case, fold, priors)
        if case.is_told[test].all():
            return told
        alone = Joint(self.name, self.what).answers(case, fold, priors)
        is_told = case.is_told[test]
        return {
            k: Answer(
                np.where(is_told, told[k].log_ratio, alone[k].log_ratio),
                np.where(is_told, told[k].half_width, alone[k].half_width),
            )
            for k in KS
        }


@dataclass(frozen=True)
class Physics:
    """A formula in duration and energy on the source, fitted to references."""

    name: str
    what: str
    fit: Callable[[Floats, Floats, Floats], Callable[[Floats, Floats], Floats]]
    selector: str = "planned"

    def answers(
        self, case: Case, fold: int, priors: Priors
    ) -> dict[int | None, Answer]:
        """Return the answers of one fold by number of references, from two on."""
        train, test = list(case.folds())[fold]
        if self.selector == "planned":
            h = priors.without(case.table, as_built, energy)
            order = planned(case.alone, train, h)
        else:
            order = selected(case, fold, train, self.selector)
        found = {}
        for k in KS:
            if k == 1:
                continue
            taken = train if k is None or k >= len(train) else order(k)
            predict = self.fit(
                case.source_s[taken], case.source_j[taken], case.target_j[taken]
            )
            said_j = predict(case.source_s[test], case.source_j[test])
            found[k] = Answer(np.log(said_j / case.source_j[test]))
        return found


def static_power_and_work(duration_s: Floats, source_j: Floats, target_j: Floats):
    r"""Return :math:`E_B = a t_A + b E_A`, both not negative, in relative error."""
    inputs = np.column_stack([duration_s, source_j]) / target_j[:, np.newaxis]
    size = inputs.max(axis=0)  # seconds and joules differ by decades
    weights, _ = nnls(inputs / size, np.ones(len(target_j)))
    a, b = weights / size
    return lambda t_s, e_j: a * t_s + b * e_j


def roofline(duration_s: Floats, source_j: Floats, target_j: Floats):
    r"""Return :math:`E_B = \max(a t_A, b E_A)`, least in the mean of log errors.

    Below some mean power on the source a workload follows its duration, above it its
    energy: every place of that border between two references is tried.
    """
    order = np.argsort(source_j / duration_s)
    t, e, true = (np.log(v[order]) for v in (duration_s, source_j, target_j))
    best, least = (-np.inf, -np.inf), np.inf
    for n_slow in range(len(t) + 1):
        a = np.median((true - t)[:n_slow]) if n_slow else -np.inf
        b = np.median((true - e)[n_slow:]) if n_slow < len(t) else -np.inf
        error = float(np.abs(np.maximum(a + t, b + e) - true).mean())
        if error < least:
            best, least = (float(a), float(b)), error
    a, b = best
    return lambda t_s, e_j: np.exp(np.maximum(a + np.log(t_s), b + np.log(e_j)))


ATTEMPTS = (
    Joint("joint", "as built: all inputs, prior half learned, planned references"),
    Joint("joint, other draws 1", "prior learned from other subsets", seed=1),
    Joint("joint, other draws 2", "prior learned from other subsets", seed=2),
    Joint("medoid references", "the most central", selector="medoid"),
    Joint("min-max references", "half lowest, half highest", selector="min-max"),
    Joint("random references", "drawn", selector="random"),
    Joint("without mean power", "power unknown", view=without("power")),
    Joint(
        "without counts",
        "FLOP, parameters and batch size unknown",
        view=without("efficiency", "params", "batch"),
    ),
    Joint(
        "energy alone",
        "all but energy and network unknown",
        view=without("power", "efficiency", "params", "batch"),
    ),
    Joint("without networks", "every network counts as another", view=without_networks),
    Joint("normal", "normal instead of Student's t", start=GAUSSIAN),
    Joint(
        "time and power apart",
        "a process for each log ratio, added",
        quantities=(time, power),
    ),
    Joint("prior learned in full", "not shrunk to what is set by meaning", share=0.0),
    Joint("prior not learned", "widths set by meaning", is_learned=False),
    Joint(
        "neither prior nor networks",
        "widths set by meaning, every network another",
        view=without_networks,
        is_learned=False,
    ),
    Physics(
        "static power and work", "E_B = a t_A + b E_A, a, b >= 0", static_power_and_work
    ),
    Physics(
        "the same, min-max references",
        "E_B = a t_A + b E_A, a, b >= 0",
        static_power_and_work,
        "min-max",
    ),
    Physics("roofline", "E_B = max(a t_A, b E_A)", roofline),
    Elsewhere("further machines", "the workload is known on them, too"),
)
