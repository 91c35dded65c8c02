import numpy as np
import pytest

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.studies.normalization.features import design_features, study_features
from isojoule.studies.normalization.running import Settings
from many_machines import make_many, make_measured

pytest.importorskip("scipy")


def test_every_combination_is_fitted_and_every_statement_asked():
    design = design_features(("params", "flop"))
    assert design.features == ("flop", "params")
    combined = [(), ("flop",), ("params",), ("flop", "params")]
    assert [v.features for v in design.variants] == combined
    assert [q.id for q in design.questions] == [
        "flop-help",
        "flop-and-params-help",
        "params-alone-hurt",
    ]
    hurt = design.questions[-1]
    assert (hurt.better.features, hurt.worse.features) == ((), ("params",))


def test_one_feature_leaves_what_can_be_asked_of_it():
    design = design_features(("flop",))
    assert [v.features for v in design.variants] == [(), ("flop",)]
    assert [q.id for q in design.questions] == ["flop-help"]


def test_flop_help_where_they_make_the_energy():
    # Energy on B is a line in the energy on A and the FLOP, within a joule.
    rng = np.random.default_rng(1)
    runs = []
    for i in range(24):
        flop, energy_j = 1e9 * (1 + (i * 7) % 11), 100.0 + 3 * i
        fields = {
            "model": f"net{i % 6}",
            "n_params": 1e6 + i % 5,
            "forward_flop_per_sample": flop,
            "n_samples": 1.0,
        }
        runs.append(make_measured(f"w{i}", "A", energy_j, **fields))
        for machine, j_per_flop in (("B", 2e-8), ("C", 3e-8)):
            there_j = energy_j + j_per_flop * flop + rng.uniform(-1.0, 1.0)
            runs.append(make_measured(f"w{i}", machine, there_j, **fields))
    result = study_features(runs, settings=Settings(pairs=("A:B", "A:C")))
    errors = {s.features: s.mdape for s in result.scores if s.split == "random"}
    assert errors["flop",] < 0.01
    assert errors["flop", "params"] < 0.01
    assert errors[()] > 0.1
    verdicts = {(c.id, c.split): c.verdict for c in result.claims}
    assert verdicts["flop-help", "random"] == "holds"
    panel = next(p for p in result.panels if (p.target, *p.features) == ("B", "flop"))
    assert panel.coefficients["flop [J/FLOP]"] == pytest.approx(2e-8, rel=0.01)
    assert panel.coefficients["source energy [J/J]"] == pytest.approx(1.0, rel=0.02)
    assert panel.coefficients["intercept [J]"] == pytest.approx(0.0, abs=3.0)


def test_workloads_without_a_feature_are_left_out():
    runs = make_many(with_features=True)
    runs += [make_measured(f"x{i}", m, 5.0 + i) for m in "AB" for i in range(5)]
    result = study_features(runs, settings=Settings(splits=("random",)))
    assert {s.n_tested for s in result.scores} == {4}  # of the 20 that have both


def test_a_pair_with_too_few_features_is_skipped_with_the_reason():
    runs = make_many("AB", with_features=True) + make_many("C")
    result = study_features(runs, settings=Settings(splits=("random",)))
    assert ("A", "C") in {(s.source, s.target) for s in result.scores}
    reason = (
        "of 20 shared workloads 0 have flop, 0 have params: 8 with all of these are "
        "needed"
    )
    assert ("C", "A", reason) in result.skipped


def test_without_any_feature_there_is_nothing_to_ask():
    with pytest.raises(
        InsufficientDataError, match=r"\(flop of 0, params of 0\), 8 are needed: add"
    ):
        study_features(make_many())


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        (("flops",), UnknownNameError, "no feature 'flops': did you mean flop"),
        (("power",), ValueError, "this study does not take power, only flop, params"),
    ],
)
def test_features_that_there_are_not_are_refused(features, error, message):
    with pytest.raises(error, match=message):
        study_features(make_many(with_features=True), features=features)
