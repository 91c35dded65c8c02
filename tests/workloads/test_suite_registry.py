from collections import Counter

import pytest

from isojoule.errors import UnknownNameError
from isojoule.workloads import (
    BATCH_SIZE,
    N_SAMPLES_PER_EPOCH,
    STEPS_PER_EPOCH,
    SUBSETS,
    SUITE,
    resolve,
    suite_table,
    to_workload,
)


def test_the_suite_has_the_published_number_of_models_per_family():
    families = Counter(model.family for model in SUITE.values())
    assert families == {"mlp": 10, "cnn": 12, "rnn": 11, "crnn": 10}


def test_every_model_bears_the_name_it_is_listed_under():
    for name, model in SUITE.items():
        assert model.name == name


def test_models_are_compared_by_their_configuration():
    assert resolve(["mlp-1x512"]) == [SUITE["mlp-1x512"]]
    assert SUITE["mlp-1x512"] != SUITE["mlp-1x1024"]


def test_an_epoch_has_one_small_batch_at_its_end():
    assert (STEPS_PER_EPOCH - 1) * BATCH_SIZE + 2 == N_SAMPLES_PER_EPOCH == 1578


def test_subsets_name_only_models_there_are():
    assert len(SUBSETS["quick"]) == 8
    assert len(SUBSETS["full"]) == 43
    assert {SUITE[name].family for name in SUBSETS["quick"]} == {
        "mlp",
        "cnn",
        "rnn",
        "crnn",
    }


def test_resolve_keeps_the_order_of_asking_and_drops_repeats():
    models = resolve(["cnn-1x256", "quick", "cnn-1x256", "mlp-1x512"])
    assert [model.name for model in models] == ["cnn-1x256", *SUBSETS["quick"]]


def test_resolve_of_nothing_is_nothing():
    assert resolve([]) == []


def test_resolve_suggests_the_nearest_name():
    with pytest.raises(UnknownNameError, match="mlp-1x512") as caught:
        resolve(["mlp-1x51"])
    assert str(caught.value).startswith("no reference model or subset 'mlp-1x51'")


def test_resolve_suggests_the_nearest_subset():
    with pytest.raises(UnknownNameError, match="quick"):
        resolve(["quik"])


def test_the_table_shows_layers_and_widths_as_text():
    table = suite_table()
    rows = {row["name"]: row for row in table.rows()}
    assert [column.name for column in table.columns] == [
        "name",
        "family",
        "num_layers",
        "hidden_sizes",
        "n_params",
        "forward_mac_per_sample",
        "forward_flop_per_sample",
        "training_flop_per_sample",
        "deepspeed_flop_per_sample",
        "activation_bytes_per_sample",
    ]
    assert rows["crnn-2x1-64x64"]["num_layers"] == "2x1"
    assert rows["crnn-2x1-64x64"]["hidden_sizes"] == "64x64"
    assert rows["mlp-32x4096"]["num_layers"] == "32"
    # 8192 to 4096, 31 times 4096 to 4096, 4096 to 10; biases.
    assert rows["mlp-32x4096"]["n_params"] == (
        8192 * 4096 + 31 * 4096**2 + 4096 * 10 + 32 * 4096 + 10
    )


def test_the_workload_carries_the_counts_and_the_protocol():
    workload = to_workload(SUITE["mlp-1x512"], n_samples=16)
    assert (workload.name, workload.model) == ("mlp-1x512", "mlp-1x512")
    assert (workload.phase, workload.mode) == ("train", "device-only")
    assert workload.task == "reference-suite"
    assert (workload.batch_size, workload.n_samples_per_epoch) == (8, 1578)
    assert workload.n_params == 4_199_946
    assert workload.training_flop_per_sample == 16_807_936
    assert workload.work_flop == 16 * 8_398_848


def test_a_workload_of_unknown_length_has_no_work():
    assert to_workload(SUITE["mlp-1x512"], phase="test").work_flop is None


def test_a_workload_without_samples_is_refused():
    with pytest.raises(ValueError, match="n_samples"):
        to_workload(SUITE["mlp-1x512"], n_samples=0)
