"""Priors learned from tables, and what a table is judged with."""

from dataclasses import replace

import numpy as np
import pytest

from benchmark_runs import on_a_line
from isojoule.errors import InsufficientDataError
from isojoule.normalizers.joint.frame import make_frame
from isojoule.normalizers.joint.planning import as_new_networks, plan_order
from isojoule.normalizers.joint.prior import PriorFile, bundled
from isojoule.records import Calibration
from isojoule.studies.benchmark.learned import methods_of, selectors_of
from isojoule.studies.benchmark.priors import _t_regression, learn_priors
from isojoule.studies.benchmark.sources import gather_sources

pytest.importorskip("scipy")

OWN = replace(bundled().prior, sources=("other",))
FILE = PriorFile(bundled().prior, {"mine": OWN})


def tables(*names: str):
    runs = {
        name: on_a_line(slope=1.0 + i, offset_j=5.0 * i + 1.0, prefix=name)
        for i, name in enumerate(names)
    }
    return gather_sources(runs, max_workloads=200, seed=0)[0]


@pytest.mark.slow
def test_each_table_has_a_prior_that_it_had_no_part_in():
    told = []
    learned = learn_priors(
        tables("a", "b", "c"), on_progress=lambda done, of: told.append((done, of))
    )
    assert learned.prior.sources == ("a", "b", "c")
    assert {name: p.sources for name, p in learned.without.items()} == {
        "a": ("b", "c"),
        "b": ("a", "c"),
        "c": ("a", "b"),
    }
    # All, each one left out, and each two.
    assert told == [(i, 7) for i in range(1, 8)]
    assert learn_priors(tables("a", "b", "c")) == learned
    # Another table changes nothing in the prior without it.
    other = learn_priors(
        [*tables("a", "b"), *(replace(s, name="c") for s in tables("d"))]
    )
    assert other.without["c"].alone == learned.without["c"].alone
    assert other.prior.alone != learned.prior.alone


def test_two_tables_are_too_few():
    with pytest.raises(InsufficientDataError, match=r"three tables .* 2 were given"):
        learn_priors(tables("a", "b"))


def test_specifications_are_weighed_by_what_most_pairs_say():
    x = np.array([-0.4, -0.2, 0.1, 0.3, 0.5, 0.2])
    y = 0.8 * x
    y[-1] = 3.0  # a board that spills
    slope, scale = _t_regression(x, y, 3.0)
    # One pseudo-pair of slope 1 and mean size is among them.
    assert 0.75 < slope < 1.0
    assert scale < 0.5


def test_a_known_file_is_judged_with_the_prior_without_it():
    learn = methods_of(FILE)["joint"]
    assert learn([], "mine").keywords["prior"] is OWN
    assert learn([], "another").keywords["prior"] is FILE.prior
    assert selectors_of(FILE, "mine")["plan"].prior is OWN


def test_a_plan_is_made_of_the_source_alone():
    (source,) = tables("a")
    candidates = list(source.calibrations["A"].observations.values())
    plan = selectors_of(FILE, "mine")["plan"]
    chosen = plan(candidates, 3, 0)
    assert len(set(chosen)) == 3
    assert plan(candidates, 2, 9) == chosen[:2]  # fewer are among more
    inputs = make_frame(Calibration("A", {o.workload: o for o in candidates})).inputs(
        candidates
    )
    steps = plan_order(OWN.planning, inputs, as_new_networks(inputs), k=3)
    assert chosen == [candidates[step.place].workload for step in steps]
