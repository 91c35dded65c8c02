from dataclasses import replace

import numpy as np
import pytest

from isojoule.errors import InsufficientDataError
from isojoule.estimators.regression_models import PUBLISHED, Standardization
from isojoule.formats import read_runs
from isojoule.studies.estimators.published import CROSS_VALIDATION, PublishedScores
from isojoule.studies.estimators.tables89 import (
    cross_validate,
    published_folds,
    published_inputs,
    verdict_of,
)

pytest.importorskip("duckdb", reason="Parquet needs the parquet extra")
pytest.importorskip("sklearn", reason="the published folds need the study extra")


@pytest.fixture(scope="module")
def parts():
    from conftest import DATA

    folder = DATA / "delrey2024"
    if not folder.is_dir():
        from builders import skip_or_fail

        skip_or_fail(f"measurements not found at {folder}; set ISOJOULE_DATA")
    return tuple(
        read_runs(folder / f"regression_{part}.parquet") for part in ("train", "test")
    )


@pytest.fixture(scope="module")
def scored(parts):
    found = cross_validate(parts[0], published_inputs(*parts))
    return {(s.target, s.model): s for s in found}


KJ = 1e3


@pytest.mark.parametrize(
    ("target", "model", "r2", "rmse", "mae", "decimals"),
    [
        ("power_w", "ridge", 0.825221, 28.463241, 21.249573, 6),
        ("power_w", "kernel-ridge", 0.987881, 7.499771, 4.192662, 6),
        ("epoch_energy_j", "ridge", 0.829253, 1.647381 * KJ, 0.972884 * KJ, 3),
        ("epoch_energy_j", "kernel-ridge", 0.965214, 0.746654 * KJ, 0.317885 * KJ, 3),
        ("stable_epoch_energy_j", "ridge", 0.831242, 1.806665 * KJ, 1.042469 * KJ, 3),
        (
            "stable_epoch_energy_j",
            "kernel-ridge",
            0.966662,
            0.805757 * KJ,
            0.336947 * KJ,
            3,
        ),
    ],
)
def test_ridge_and_kernel_ridge_equal_every_published_digit(
    scored, target, model, r2, rmse, mae, decimals
):
    found = scored[target, model]
    assert round(found.r2, 6) == r2
    assert round(found.rmse, decimals) == round(rmse, decimals)
    assert round(found.mae, decimals) == round(mae, decimals)
    assert found.verdict == "every digit"


@pytest.mark.parametrize(
    ("target", "model", "rmse", "tolerance"),
    [
        ("power_w", "svm", 12.529052, 1e-4),
        ("epoch_energy_j", "svm", 0.904507 * KJ, 1e-4),
        ("stable_epoch_energy_j", "svm", 0.996908 * KJ, 1e-4),
        ("power_w", "linear", 28.531, 5e-3),
        ("epoch_energy_j", "linear", 1.6366 * KJ, 5e-3),
        ("stable_epoch_energy_j", "linear", 1.8005 * KJ, 5e-3),
    ],
)
def test_what_rounding_decides_is_within_its_tolerance(
    scored, target, model, rmse, tolerance
):
    found = scored[target, model]
    assert found.rmse == pytest.approx(rmse, rel=tolerance)
    assert found.verdict == "within tolerance"
    assert abs(found.difference_fraction) <= tolerance


def test_the_inputs_as_they_are_miss_the_sixth_digit_and_that_is_told(scored):
    found = scored["power_w", "kernel-ridge"]
    assert round(found.rmse_as_shipped, 6) == 7.499768
    assert found.rmse_as_shipped == pytest.approx(found.rmse, rel=1e-6)


def test_a_table_beats_the_published_regression_under_the_published_folds(scored):
    assert scored["power_w", "lookup"].rmse == pytest.approx(3.35, abs=0.005)
    of_epochs = scored["epoch_energy_j", "lookup"].rmse
    assert of_epochs == pytest.approx(171, abs=0.5)
    assert scored["stable_epoch_energy_j", "lookup"].rmse == pytest.approx(160, abs=0.5)
    assert scored["power_w", "lookup"].verdict == "unpublished"


def test_the_inferred_row_changes_one_input_by_half_a_millionth(parts):
    inputs = published_inputs(*parts)
    changed = inputs.scaling.deviation / inputs.as_shipped.deviation - 1
    assert changed[4] == pytest.approx(4.6e-7, abs=5e-9)
    assert np.delete(changed, 4).tolist() == [0.0] * 9
    whole = Standardization.of(np.vstack([inputs.train, inputs.test]))
    np.testing.assert_array_equal(whole.mean, inputs.as_shipped.mean)


def test_kernel_ridge_of_repeats_put_together_is_that_of_scikit_learn(parts):
    from sklearn.kernel_ridge import KernelRidge

    inputs = published_inputs(*parts)
    standardized = inputs.scaling.apply(inputs.train)
    power_w = np.array([r.measures["mean_gpu_power_w"] for r in parts[0]])
    ours = PUBLISHED["kernel-ridge"]["power_w"]
    theirs = KernelRidge(alpha=ours.alpha, gamma=ours.gamma, kernel="rbf")
    rows, held = published_folds(parts[0])[0]
    expected = theirs.fit(standardized[rows], power_w[rows]).predict(standardized[held])
    found = ours(standardized[rows], power_w[rows])(standardized[held])
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_without_the_test_part_no_digits_are_claimed(parts):
    train = parts[0]
    found = cross_validate(train, published_inputs(train, []))
    printed = [s for s in found if s.published]
    assert {s.verdict for s in printed} == {"test part missing"}


def test_rows_without_folds_or_targets_are_refused(parts):
    train = parts[0][:20]
    bare = [replace(run, tags={}) for run in train]
    with pytest.raises(InsufficientDataError, match=r"20 of 20 rows .* have no fold"):
        published_folds(bare)
    untold = [replace(run, measures={}, energies=()) for run in train]
    with pytest.raises(InsufficientDataError, match=r"20 rows .* have no power_w"):
        cross_validate(untold, published_inputs(untold, []))


def test_rows_that_lack_an_input_are_refused(parts):
    machine = replace(parts[0][0].hardware, memory_bytes=None)
    broken = [replace(parts[0][0], hardware=machine), *parts[0][1:5]]
    with pytest.raises(InsufficientDataError, match=r"1 rows .* main memory"):
        published_inputs(broken, [])


@pytest.mark.parametrize(
    ("scores", "printed", "verdict"),
    [
        ((0.5, 1.0000004, 2.0), PublishedScores(1.0, 0.5, 2.0), "every digit"),
        ((0.5, 1.0000006, 2.0), PublishedScores(1.0, 0.5, 2.0), "differs"),
        ((0.5000006, 1.0, 2.0), PublishedScores(1.0, 0.5, 2.0), "differs"),
        ((0.5, 1.0, 2.1), PublishedScores(1.0, 0.5, 2.0), "differs"),
        ((0.4, 1.009, 9.0), PublishedScores(1.0, tolerance=0.01), "within tolerance"),
        ((0.4, 1.011, 9.0), PublishedScores(1.0, tolerance=0.01), "differs"),
        ((0.4, 1.0, 9.0), None, "unpublished"),
    ],
)
def test_a_verdict_is_about_digits_or_about_a_tolerance(scores, printed, verdict):
    assert verdict_of("power_w", scores, printed) == verdict


def test_every_published_regression_has_a_model():
    for target, models in CROSS_VALIDATION.items():
        assert set(models) == set(PUBLISHED)
        assert all(target in of for of in PUBLISHED.values())
