import pytest

from isojoule.studies.normalization.references import study_references
from isojoule.studies.normalization.regressions import study_regressions
from isojoule.studies.normalization.running import Settings
from many_machines import make_many

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def result():
    return study_references(make_many("AB"))


def test_there_are_four_panels_per_pair(result):
    assert [(p.source, p.target, p.method) for p in result.panels] == [
        (*pair, method)
        for pair in ("AB", "BA")
        for method in ("none", "single-low", "single-high", "dual")
    ]


def test_a_panel_shows_its_references_and_what_it_is_scored_on(result):
    used = {"none": 0, "single-low": 1, "single-high": 1, "dual": 2}
    for panel in result.panels:
        assert sum(panel.is_reference) == used[panel.method]
        assert len(panel.workloads) == used[panel.method] + 4  # a fifth of 20
        assert list(panel.source_energy_j) == sorted(panel.source_energy_j)


def test_a_panel_has_the_scores_of_the_first_random_split(result):
    for panel in result.panels:
        (score,) = {
            s
            for s in result.scores
            if (s.source, s.target, s.split) == (panel.source, panel.target, "random")
            and (s.method, s.seed, s.sampling) == (panel.method, 0, "all")
        }
        assert panel.r2 == score.r2
        assert panel.mse_kwh2 == score.mse_kwh2
        assert panel.mdape == score.mdape


def test_coefficients_give_the_predictions():
    result = study_regressions(make_many("AB"), settings=Settings(splits=("random",)))
    for panel in result.panels:
        found = panel.coefficients
        for x, predicted in zip(
            panel.source_energy_j, panel.predicted_energy_j, strict=True
        ):
            if panel.method in {"linear", "theil-sen", "poly2"}:
                expected = found["intercept [J]"] + found["source energy [J/J]"] * x
                expected += found.get("source energy squared [J/J^2]", 0.0) * x**2
                near_j = 1e-9 * max(map(abs, panel.predicted_energy_j))
                assert predicted == pytest.approx(expected, rel=1e-9, abs=near_j)
    assert {p.method for p in result.panels} == {
        *("linear", "poly2", "svr", "svr-standardized", "log-linear", "theil-sen")
    }


def test_panels_can_be_left_out():
    settings = Settings(splits=("random",), with_panels=False)
    assert study_references(make_many("AB"), settings=settings).panels == ()
