"""Draws of energies and scores: what is shared, what is not, and how wide."""

from dataclasses import replace

import numpy as np
import pytest

from comparison.submitted import figure
from comparison.systems_by_hand import one_metric, scored
from isojoule.comparison.budget import Doubt
from isojoule.comparison.draws import MAX_KEPT_BYTES, Draws, stream_of
from isojoule.errors import InsufficientDataError

N_DRAWS = 20_000
RULES = replace(one_metric(), n_draws=N_DRAWS)


def doubtful(label, *doubts, team=None, train_kwh=2.0, psds1=0.5):
    """A system with this budget."""
    system = scored(label, train_kwh, psds1, **({"team": team} if team else {}))
    found = replace(system.energies["train"], doubts=tuple(doubts))
    return replace(system, energies={"train": found})


def own(log_std):
    return Doubt("conversion of the system", log_std, "system")


def of_site(log_std, of="r", sensitivity=-1.0):
    return Doubt("repeats of the site's reference", log_std, "site", of, sensitivity)


def of_all(log_std):
    return Doubt("repeats of the organizers' reference", log_std, "all", "r")


def drawn(*systems, rules=RULES):
    return Draws(tuple(systems), rules).log_energy("train").deviation


def test_normal_errors_add_up_as_variances():
    found = drawn(doubtful("a_1", own(0.3), own(0.4)))
    assert found.mean() == pytest.approx(0.0, abs=4 * 0.5 / np.sqrt(N_DRAWS))
    assert found.std() == pytest.approx(0.5, rel=0.03)


def test_an_error_of_a_site_is_the_same_for_its_team_and_for_nobody_else():
    a, b, c = drawn(
        doubtful("a_1", of_site(0.3), team="a"),
        doubtful("a_2", of_site(0.6), team="a"),
        doubtful("b_1", of_site(0.3), team="b"),
    )
    assert b == pytest.approx(2 * a, rel=1e-5)
    assert abs(np.corrcoef(a, c)[0, 1]) < 4 / np.sqrt(N_DRAWS)


def test_two_references_of_a_site_have_errors_of_their_own_and_directions():
    a, b = drawn(
        doubtful("a_1", of_site(0.3, "low"), of_site(0.1, "high"), team="a"),
        doubtful("a_2", of_site(0.3, "low", sensitivity=0.5), team="a"),
    )
    assert np.corrcoef(a, b)[0, 1] == pytest.approx(-0.3 / np.hypot(0.3, 0.1), abs=0.02)


def test_an_error_of_all_is_the_same_for_everybody():
    a, b = drawn(doubtful("a_1", of_all(0.2)), doubtful("b_1", of_all(0.2)))
    assert np.array_equal(a, b)
    assert a.std() == pytest.approx(0.2, rel=0.03)


def test_rounding_is_even_over_one_step():
    width = 0.5  # of the figure: x (1 + w u) lies between 0.75 x and 1.25 x
    line = Doubt("rounding of the system", width / 12**0.5, "system", is_uniform=True)
    moved = np.exp(drawn(doubtful("a_1", line))[0])
    assert moved.min() == pytest.approx(0.75, abs=1e-3)
    assert moved.max() == pytest.approx(1.25, abs=1e-3)
    assert np.quantile(moved, [0.25, 0.5, 0.75]) == pytest.approx(
        [0.875, 1.0, 1.125], abs=0.01
    )
    under = replace(line, shared="site", sensitivity=-1.0, of="r")
    divided = np.exp(-drawn(doubtful("a_1", under))[0])
    assert np.quantile(divided, [0.25, 0.75]) == pytest.approx([0.875, 1.125], abs=0.01)


def test_small_rounding_is_drawn_as_part_of_the_normal_error():
    line = Doubt("rounding of the system", 0.01, "system", is_uniform=True)
    found = drawn(doubtful("a_1", own(0.3), line))
    assert found.std() == pytest.approx(np.hypot(0.3, 0.01), rel=0.03)


def test_neither_order_nor_company_changes_the_draws_of_a_system():
    a = doubtful("a_1", own(0.1), of_site(0.3), of_all(0.2), team="a")
    b = doubtful("b_1", own(0.1), of_site(0.3), of_all(0.2), team="b")
    c = doubtful("a_2", own(0.2), of_site(0.4), team="a")
    alone = drawn(a)[0]
    assert np.array_equal(drawn(b, c, a)[2], alone)
    assert np.array_equal(drawn(a, b)[0], alone)
    assert not np.array_equal(drawn(a, rules=replace(RULES, seed=1))[0], alone)
    assert not np.array_equal(drawn(b)[0], alone)


def test_streams_are_the_same_in_every_process():
    # Of the digest by hand: sha256 of the names seeds PCG64; pinned, so that a page
    # comes out again from its bundle.
    first = stream_of(0, "energy", "train", "a_1").standard_normal()
    assert first == stream_of(0, "energy", "train", "a_1").standard_normal()
    others = [
        stream_of(1, "energy", "train", "a_1").standard_normal(),
        stream_of(0, "energy", "train", "a_2").standard_normal(),
        stream_of(0, "energy", "traina_1", "").standard_normal(),
    ]
    assert len({first, *others}) == 4


def test_hostile_labels_have_streams():
    for label in ("", "a\x00b", "\udc80", "<script>", "é" * 1000):
        assert stream_of(0, "score", label).random() < 1


def scores_drawn(system, **metric):
    asked = replace(one_metric(**metric), n_draws=N_DRAWS)
    found = Draws((system,), asked).score("psds1")
    return found.center + found.deviation[0]


def test_a_score_scatters_as_its_interval_says():
    half = 0.02
    values = scores_drawn(scored("a", 1.0, (0.5, 0.5 - half, 0.5 + half)))
    assert values.std() == pytest.approx(half / 1.959963984540054, rel=0.03)
    values = scores_drawn(
        scored("a", 1.0, (0.5, 0.5 - half, 0.5 + half)), interval_level=0.99
    )
    assert values.std() == pytest.approx(half / 2.5758293035489004, rel=0.03)


def test_a_score_without_an_interval_is_exact_but_for_rounding():
    exact = scored("a", 1.0, 0.123456789012345)
    assert set(scores_drawn(exact)) == {0.123456789012345}
    rounded = replace(
        exact, submission=replace(exact.submission, scores={"psds1": figure("0.3")})
    )
    values = scores_drawn(rounded)
    assert values.min() == pytest.approx(0.25, abs=1e-3)
    assert values.max() == pytest.approx(0.35, abs=1e-3)


def test_systems_without_a_number_have_no_draws():
    systems = (scored("a", None, 0.5), scored("b", 1.0, None), scored("c", 1.0, 0.5))
    draws = Draws(systems, RULES)
    assert draws.log_energy("train").places.tolist() == [1, 2]
    assert draws.score("psds1").places.tolist() == [0, 2]
    assert Draws((), RULES).log_energy("train").deviation.shape == (0, N_DRAWS)


def test_more_draws_than_memory_is_meant_for_are_refused_with_what_is_possible():
    systems = tuple(doubtful(f"a_{k}", own(0.1)) for k in range(100))
    asked = replace(RULES, n_draws=100_000_000)
    with pytest.raises(InsufficientDataError) as caught:
        Draws(systems, asked).log_energy("train")
    n_most = int(str(caught.value).rsplit(" ", 1)[1])
    assert "n_draws 100000000" in str(caught.value)
    assert n_most * 200 * 4 <= MAX_KEPT_BYTES < (n_most + 1) * 200 * 4


def test_scores_that_single_precision_cannot_hold_are_drawn_without_a_warning():
    for score in (5e300, -5e300, 1e-300, (1e300, -1e308, 1e308)):
        drawn = Draws((scored("a", 1.0, score),), RULES).score("psds1")
        values = drawn.chunk(slice(0, 100), np.array([0]))
        assert np.isfinite(values).all()


def test_chunks_cover_all_draws_once():
    draws = Draws((), replace(RULES, n_draws=1234))
    for n in (0, 1, 10_000, 10_000_000):
        covered = [
            i for chunk in draws.chunks(n) for i in range(chunk.start, chunk.stop)
        ]
        assert covered == list(range(1234))
