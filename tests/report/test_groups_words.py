import pytest

from group_runs import make_training
from isojoule.report.groups_words import (
    context_texts,
    labelled,
    listed,
    range_text,
    significant,
    value_text,
)
from isojoule.studies.groups.contexts import Context, Kind
from isojoule.studies.groups.factors import CORE, find_factor
from isojoule.studies.intervals import Interval


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("memory", 16 * 2**30, "16 GiB"),
        ("power_limit", 350.0, "350 W"),
        ("flop", 2.5244e9, "2.52 GFLOP"),
        ("input_size", 128, "128 px"),
        ("input_size", "128 x 64", "128 x 64 px"),
        ("batch_size", 32, "32"),
        ("model", "vgg16", "vgg16"),
        ("model", None, "not stated"),
    ],
)
def test_values_have_their_unit(name, value, text):
    assert value_text(CORE[name], value) == text


def test_values_that_do_not_say_what_they_are_of_say_it_in_front():
    assert labelled(CORE["batch_size"], 32) == "batch 32"
    assert labelled(CORE["memory"], 2**34) == "16 GiB RAM"
    assert labelled(CORE["model"], "vgg16") == "vgg16"
    assert labelled(CORE["task"], None) == "data not stated"
    lr = find_factor("lr", [make_training(settings={"lr": "0.1"})])
    assert labelled(lr, "0.1") == "lr 0.1"


def context(kind=None, **held):
    values = tuple((CORE[name], value) for name, value in held.items())
    return Context(kind or Kind("train"), values, (), ())


def test_contexts_are_told_apart_in_the_fewest_words():
    labels, common = context_texts(
        [
            context(hardware="A", power_limit=350.0, model="net", batch_size=8),
            context(hardware="B", power_limit=240.0, model="net", batch_size=8),
        ]
    )
    assert labels == ["A", "B"]
    assert common == "train, net, batch 8"


def test_kinds_are_named_by_the_part_that_differs():
    kinds = (Kind("train", "gpu", "measured"), Kind("test", "gpu", "measured"))
    labels, common = context_texts([context(kind, model="net") for kind in kinds])
    assert (labels, common) == (["train", "test"], "gpu, measured, net")
    assert context_texts([context()]) == (["all"], "train")
    assert context_texts([]) == ([], "")


def test_numbers_keep_the_digits_that_mean_something():
    assert [significant(v) for v in (0, 0.97231, 1.4, 12.345, 161.2, 1234.5)] == [
        "0",
        "0.972",
        "1.40",
        "12.3",
        "161",
        "1234",
    ]
    assert significant(-0.25, 2) == "-0.25"
    assert significant(1.234e-9) == "1.23e-09"
    assert range_text(Interval(1.5, 1.0, 2.0)) == "1.50 (1.00 to 2.00)"
    assert range_text(Interval(1.5, reason="few")) == "1.50"


def test_lists_end_in_and():
    assert [listed(words) for words in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
