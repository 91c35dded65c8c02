import pytest

from builders import observed
from isojoule.records import Observation
from isojoule.studies.benchmark.selectors import SELECTORS

CANDIDATES = observed("A", a=1.0, b=2.0, c=4.0, d=8.0, e=1000.0)


@pytest.mark.parametrize(
    ("name", "k", "expected"),
    [
        ("lowest", 2, ["a", "b"]),
        ("highest", 2, ["d", "e"]),
        ("min-max", 3, ["a", "b", "e"]),
        # ln 1, ln 2, ln 4, ln 8 and far away: the median serves all but the last.
        ("medoid", 1, ["c"]),
        ("medoid", 5, ["a", "b", "c", "d", "e"]),
    ],
)
def test_a_selector_takes(name, k, expected):
    assert SELECTORS[name](CANDIDATES, k, 0) == expected


@pytest.mark.parametrize("name", SELECTORS)
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_every_selector_gives_so_many_different_ones_again_and_again(name, k):
    chosen = SELECTORS[name](CANDIDATES, k, 7)
    assert len(set(chosen)) == len(chosen) == k
    assert set(chosen) <= {seen.workload for seen in CANDIDATES}
    assert SELECTORS[name](CANDIDATES, k, 7) == chosen


def test_random_ones_are_among_more_and_differ_between_seeds():
    draw = SELECTORS["random"]
    for seed in range(5):
        assert set(draw(CANDIDATES, 2, seed)) < set(draw(CANDIDATES, 3, seed))
    assert len({tuple(draw(CANDIDATES, 2, seed)) for seed in range(20)}) > 3


def test_medoids_look_at_power_where_it_is_known():
    # Two groups by power, all of nearly one energy.
    candidates = [
        Observation(f"w{i}", "A", 100.0 + 0.001 * i, duration_s=duration_s)
        for i, duration_s in enumerate((1.0, 10.0, 1.0, 10.0, 1.0, 10.0))
    ]
    chosen = SELECTORS["medoid"](candidates, 2, 0)
    assert sorted(int(name[1:]) % 2 for name in chosen) == [0, 1]
