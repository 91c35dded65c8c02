import pytest

from isojoule.formats import read_runs
from isojoule.studies.estimators.held_out import find_leak, score_held_out
from isojoule.studies.estimators.tables89 import (
    published_inputs,
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


KJ = 1e3


def test_the_test_part_has_the_published_error(parts):
    found = score_held_out(*parts, published_inputs(*parts))
    scores = {(s.quantity, s.model): s.errors for s in found}
    power = scores["mean power", "kernel-ridge"]
    assert (power.n, round(power.rmse, 4)) == (368, 8.0576)
    total = scores["mean power x duration", "kernel-ridge"]
    assert (total.n, round(total.rmse / KJ, 2)) == (363, 27.84)
    epoch = scores["epoch energy", "kernel-ridge"]
    assert (epoch.n, round(epoch.rmse / KJ, 4)) == (363, 0.7118)
    index = scores["epoch energy x highest index", "kernel-ridge"]
    assert round(index.rmse / KJ, 2) == 49.99
    # A table of means, times the number of epochs, is five times better.
    assert round(scores["epoch energy x epochs", "lookup"].rmse / KJ, 2) == 9.29


def test_every_row_that_is_scored_was_seen_before(parts):
    leak = find_leak(*parts)
    assert (leak.n_rows, leak.n_configurations) == (857, 48)
    assert leak.validation_seen_fraction == leak.test_seen_fraction == 1.0
    assert leak.spread["power_w"] == pytest.approx(3.21, abs=0.005)
    assert leak.spread["epoch_energy_j"] == pytest.approx(164, abs=0.5)
