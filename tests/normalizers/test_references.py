import pytest

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.normalizers.references import select_references

ORDERED = list("abcdefg")


def test_min_max_takes_half_from_each_end():
    assert select_references("min-max:4", ORDERED) == ["a", "b", "f", "g"]


def test_an_odd_min_max_takes_one_more_of_the_low():
    assert select_references("min-max:3", ORDERED) == ["a", "b", "g"]
    assert select_references("min-max:1", ORDERED) == ["a"]
    assert select_references("min-max:7", ORDERED) == ORDERED


def test_random_is_reproducible_and_without_repeats():
    first = select_references("random:4", ORDERED, seed=7)
    assert first == select_references("random:4", ORDERED, seed=7)
    assert len(set(first)) == 4
    drawn = {tuple(select_references("random:4", ORDERED, seed=s)) for s in range(20)}
    assert len(drawn) > 5


def test_all_takes_all():
    assert select_references("all", ORDERED) == ORDERED


def test_more_than_there_are_is_refused_with_the_number():
    with pytest.raises(InsufficientDataError, match="ask for at most 7"):
        select_references("random:8", ORDERED)


@pytest.mark.parametrize(
    "spec", ["min-max", "min-max:", "random:0", "random:-2", "random:x"]
)
def test_a_missing_or_wrong_number_is_refused(spec):
    with pytest.raises(ValueError, match="needs a number"):
        select_references(spec, ORDERED)


def test_an_unknown_way_of_sampling_is_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match="did you mean min-max"):
        select_references("minmax:4", ORDERED)
