import pytest

from group_runs import make_training
from isojoule.formats import read_runs
from isojoule.records import Window
from isojoule.studies.groups.quantities import (
    QUANTITIES,
    Basis,
    energy_is,
    energy_j,
    n_epochs,
    samples_are,
    samples_seen,
    score_of,
    score_quantity,
)

GPU = Basis()


def window(epoch, **scores):
    return Window(f"e{epoch}", "train", epoch, epoch, epoch + 1.0, scores=scores)


def test_figures_of_a_training():
    run = make_training(100.0, duration_s=20.0)  # 50 epochs of 1000 samples
    assert QUANTITIES["energy"].of(run, GPU) == 100.0
    assert QUANTITIES["energy_per_sample"].of(run, GPU) == pytest.approx(100 / 50_000)
    assert QUANTITIES["power"].of(run, GPU) == 5.0
    assert QUANTITIES["duration"].of(run, GPU) == 20.0
    assert QUANTITIES["gpu_utilization"].of(run, GPU) == 0.5


def test_units_end_the_names():
    assert [q.unit for q in QUANTITIES.values()] == [
        "_j",
        "_j_per_sample",
        "_w",
        "_s",
        "_fraction",
    ]
    assert score_quantity("f1").unit == ""


def test_validation_counts_as_seen_where_it_is_known():
    assert samples_seen(make_training()) == 50_000
    run = make_training(n_validation_samples_per_epoch=200)
    assert samples_seen(run) == 50 * 1200
    assert samples_are(run) == "training and validation samples"
    assert samples_are(make_training()) == "training samples"


def test_whole_batches_leave_the_rest_of_each_part_out():
    run = make_training(batch_size=64, n_validation_samples_per_epoch=100)
    # 1000 = 15 * 64 + 40 and 100 = 64 + 36.
    assert samples_seen(run, whole_batches=True) == 50 * (960 + 64)
    assert QUANTITIES["energy_per_sample"].of(run, Basis(None, True)) == pytest.approx(
        100 / 51_200
    )


def test_epochs_are_counted_by_windows_where_they_are_not_stated():
    run = make_training(n_epochs=None, fields={"windows": (window(0), window(1))})
    assert n_epochs(run) == 2
    assert samples_seen(run) == 2000
    bare = make_training(n_epochs=None)
    assert (n_epochs(bare), samples_seen(bare)) == (None, None)
    stated = make_training(n_epochs=None, n_samples=77, n_samples_per_epoch=None)
    assert samples_seen(stated) == 77
    assert samples_are(stated) == "samples as stated"


def test_what_is_not_known_is_none_and_not_zero():
    run = make_training(0.0, duration_s=None, n_epochs=None)
    for name in ("energy", "energy_per_sample", "power", "duration"):
        assert QUANTITIES[name].of(run, GPU) is None


def test_the_scope_of_a_sum_names_its_parts():
    run = make_training(100.0, dram_j=10.0)
    assert energy_j(run) == 100.0
    assert energy_j(run, "node") == 110.0
    assert energy_is(run) == ("gpu", "measured")
    assert energy_is(run, "node") == ("node (gpu + dram)", "modelled")


def test_a_score_is_that_of_the_run_else_of_its_last_window():
    assert score_of(make_training(measures={"f1": 0.9}), "f1") == 0.9
    run = make_training(fields={"windows": (window(1, acc=0.8), window(0, acc=0.5))})
    assert score_of(run, "acc") == 0.8
    assert score_of(run, "f1") is None
    broken = make_training(measures={"f1": float("nan")})
    assert score_of(broken, "f1") is None


def test_energy_per_sample_differs_from_the_published_by_their_count_of_epochs(
    delrey_table,
):
    seen = 0
    for run in read_runs(delrey_table):
        published = run.measures.get("published_energy_j_per_sample")
        index = run.measures.get("epoch_index_max")
        if published is None or index is None:
            continue
        ours = QUANTITIES["energy_per_sample"].of(run, Basis("node", True))
        # They divide by the zero-based index of the last epoch.
        expected = ours * run.workload.n_epochs / index
        assert published == pytest.approx(expected, rel=2e-5)
        seen += 1
    assert seen == 897
