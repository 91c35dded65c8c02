import pytest

from group_runs import make_training
from isojoule.errors import UnknownNameError
from isojoule.studies.groups.factors import CORE, find_factor, varying_factors


def names_of(runs):
    return [factor.name for factor in varying_factors(runs)]


def test_what_runs_differ_in_is_found():
    runs = [
        make_training(model="a", batch_size=8, memory_gib=16),
        make_training(model="b", batch_size=8, memory_gib=32, hardware="B"),
    ]
    assert names_of(runs) == ["hardware", "model", "memory"]
    assert names_of(runs[:1]) == []


def test_networks_are_told_apart_by_the_first_name_that_is_stated():
    families = [make_training(model=None, family=f, name="same") for f in "ab"]
    assert names_of(families) == ["family"]
    named = [make_training(model=None, name=n) for n in "ab"]
    assert names_of(named) == ["workload"]


def test_settings_count_but_not_those_that_tell_repeats_apart():
    runs = [
        make_training(settings={"loss": loss, "seed": seed, "data_seed": seed})
        for loss, seed in (("bce", "1"), ("mse", "2"))
    ]
    assert names_of(runs) == ["loss"]


def test_a_name_means_a_factor_then_a_setting_then_a_tag_then_another_word():
    run = make_training(settings={"lr": "0.1"}, tags={"environment": "lab", "x": "a"})
    assert find_factor("hardware", [run]).of(run) == "A"
    assert find_factor("lr", [run]).of(run) == "0.1"
    assert find_factor("environment", [run]).of(run) == "lab"
    assert find_factor("environment", [make_training()]).name == "hardware"
    assert find_factor("architecture", [run]).name == "model"
    with pytest.raises(UnknownNameError, match="no factor 'batchsize': did you mean"):
        find_factor("batchsize", [run])


def test_tags_that_are_numbers_have_an_order():
    runs = [make_training(tags={"layers": n, "kind": "a"}) for n in ("2", "10")]
    layers = find_factor("layers", runs)
    assert layers.is_ordered
    assert sorted({"10", "2"}, key=layers.sort_key) == ["2", "10"]
    assert not find_factor("kind", runs).is_ordered
    assert layers.sort_key(None) > layers.sort_key("10")


@pytest.mark.parametrize(
    ("shape", "size", "number"),
    [
        ((3, 224, 224), 224, 224.0),
        ((128, 64), "128 x 64", pytest.approx(90.51, abs=0.01)),
        ((512,), 512, 512.0),
    ],
)
def test_input_size_is_the_side_of_a_square_else_both(shape, size, number):
    run = make_training(input_shape=shape)
    factor = CORE["input_size"]
    assert factor.of(run) == size
    assert factor.number(size) == number


def test_input_size_is_read_from_a_measure_where_there_is_no_shape():
    assert CORE["input_size"].of(make_training()) is None
    assert (
        CORE["input_size"].of(make_training(measures={"input_side_pixels": 75.0})) == 75
    )
