"""Pareto fronts, against a naive oracle and the published challenge."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from comparison.submitted import rules, submission
from comparison.systems_by_hand import one_metric, published, scored
from isojoule.comparison.budget import Doubt
from isojoule.comparison.draws import Draws
from isojoule.comparison.front import find_front, pareto_front
from isojoule.comparison.systems import normalize_submissions
from isojoule.units import j_to_kwh

FEW = {"n_draws": 400}


def naive_front(energies, scores):
    """Nobody is as good in both and better in one."""
    return [
        not any(
            f <= e and t >= s and (f < e or t > s)
            for f, t in zip(energies, scores, strict=True)
        )
        for e, s in zip(energies, scores, strict=True)
    ]


@pytest.mark.parametrize("n", [1, 2, 5, 60])
@pytest.mark.parametrize("n_values", [2, 4, 1000])
def test_the_front_is_that_of_the_definition(n, n_values):
    rng = np.random.default_rng(n * n_values)
    for _ in range(20):
        energies = rng.integers(1, n_values + 1, n).astype(float)
        scores = rng.integers(0, n_values, n).astype(float)
        expected = naive_front(energies, scores)
        assert pareto_front(energies, scores).tolist() == expected
        found = pareto_front(energies, -scores, higher_is_better=False)
        assert found.tolist() == expected


def test_equal_points_both_stay_and_what_is_not_known_does_not():
    front = pareto_front([1.0, 1.0, 2.0, np.nan, 0.5], [0.5, 0.5, 0.5, 0.9, np.nan])
    assert front.tolist() == [True, True, False, False, False]
    assert pareto_front([], []).tolist() == []


def test_the_published_front_of_2023_has_six_systems(dcase_folder):
    systems = published(dcase_folder, 2023, energies="printed")
    front = find_front(systems, "train", "psds1", replace(rules(), n_draws=10))
    kwh = {s.label: j_to_kwh(s.energy_j("train")) for s in systems}
    assert [round(kwh[m], 3) for m in front.members] == [
        0.192,
        0.358,
        0.811,
        1.354,
        12.334,
        69.12,
    ]
    assert front.members[3] == "Chen_CHT_task4a_3"
    assert len(front.points) == 84


def handed_2023(folder, references=None):
    """The submissions of 2023, with other references for some labels."""
    with (folder / "2023.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        submission(
            row["system"],
            team=row["team"],
            train_kwh=row["energy_training_kwh"],
            test_kwh=row["energy_devtest_kwh"],
            reference_kwh=(references or {}).get(
                row["system"], row["energy_baseline_inference_own_hw_kwh"]
            ),
            psds1=row["psds1_eval"],
            is_baseline=row["is_baseline"] == "1",
        )
        for row in rows
    ]


def test_with_the_scaled_references_amended_the_front_has_ten(dcase_folder):
    amended = {f"Chen_CHT_task4a_{n}": "0.156" for n in (3, 4)}
    systems = normalize_submissions(handed_2023(dcase_folder, amended), rules())
    front = find_front(systems, "train", "psds1", replace(rules(), n_draws=10))
    kwh = {s.label: j_to_kwh(s.energy_j("train")) for s in systems}
    assert [round(kwh[m], 3) for m in front.members] == [
        0.192,
        0.358,
        0.811,
        1.354,
        2.783,
        3.432,
        3.912,
        8.123,
        12.334,
        69.12,
    ]
    assert front.members[3] == "Chen_CHT_task4a_2"


def doubtful(label, train_kwh, psds1, log_std=0.0):
    """A system whose energy has an error of its own."""
    system = scored(label, train_kwh, psds1)
    found = system.energies["train"]
    doubts = (Doubt("conversion of the system", log_std, "system"),) if log_std else ()
    return replace(system, energies={"train": replace(found, doubts=doubts)})


def test_without_doubt_the_probabilities_are_0_and_1():
    systems = [
        doubtful("a", 1.0, 0.5),
        doubtful("b", 1.0, 0.5),
        doubtful("c", 2.0, 0.5),
        doubtful("d", 3.0, 0.7),
        doubtful("e", 3.0, 0.6),
    ]
    front = find_front(systems, "train", "psds1", replace(one_metric(), **FEW))
    assert {p.label: p.probability for p in front.points} == {
        "a": 1.0,
        "b": 1.0,
        "c": 0.0,
        "d": 1.0,
        "e": 0.0,
    }
    assert front.members == ("a", "b", "d")


def test_of_two_equal_energies_in_doubt_the_worse_is_on_the_front_half_the_time():
    systems = [doubtful("a", 1.0, 0.5, 0.2), doubtful("b", 1.0, 0.6, 0.2)]
    front = find_front(systems, "train", "psds1", replace(one_metric(), n_draws=10_000))
    shares = {p.label: p.probability for p in front.points}
    assert shares["b"] == 1.0  # the best score always belongs
    assert shares["a"] == pytest.approx(0.5, abs=4 * 0.5 / 100)
    assert front.members == ("b",)


def test_lower_scores_may_be_better():
    systems = [doubtful("a", 1.0, 0.5, 0.1), doubtful("b", 3.0, 0.4, 0.1)]
    less = replace(one_metric(higher_is_better=False), **FEW)
    assert find_front(systems, "train", "psds1", less).members == ("a", "b")
    more = replace(one_metric(), **FEW)
    front = find_front(systems, "train", "psds1", more)
    assert front.members == ("a",)
    assert front.points[1].probability == 0.0


def crowd(n, seed):
    rng = np.random.default_rng(seed)
    return [
        doubtful(
            f"s{k}",
            float(np.exp(rng.normal(0, 1.5))),
            (score := float(rng.normal(0.5, 0.1)), score - 0.03, score + 0.03),
            0.3,
        )
        for k in range(n)
    ]


def test_the_share_of_draws_is_that_of_every_draw_by_the_definition():
    systems = crowd(25, seed=5)
    asked = replace(one_metric(), n_draws=60)
    front = find_front(systems, "train", "psds1", asked)
    draws = Draws(tuple(systems), asked)
    at = np.arange(25)
    energies = draws.log_energy("train").chunk(slice(0, 60), at)
    scores = draws.score("psds1").chunk(slice(0, 60), at)
    expected = np.mean(
        [naive_front(energies[:, d], scores[:, d]) for d in range(60)], axis=0
    )
    assert [p.probability for p in front.points] == pytest.approx(expected.tolist())


def test_a_part_of_the_systems_may_use_the_draws_of_all():
    systems = crowd(12, seed=6)
    asked = replace(one_metric(), **FEW)
    draws = Draws(tuple(systems), asked)
    part = [systems[k] for k in (7, 2, 5, 11)]
    with_all = find_front(part, "train", "psds1", asked, draws)
    alone = find_front(part, "train", "psds1", asked)
    assert with_all.members == alone.members
    assert {p.label: p.probability for p in with_all.points} == {
        p.label: p.probability for p in alone.points
    }


def test_systems_without_both_numbers_are_no_points():
    systems = [scored("a", 1.0, 0.5), scored("b", None, 0.9), scored("c", 2.0, None)]
    front = find_front(systems, "train", "psds1", replace(one_metric(), **FEW))
    assert [p.label for p in front.points] == ["a"]
    nobody = find_front(systems[1:], "train", "psds1", replace(one_metric(), **FEW))
    assert (nobody.points, nobody.members) == ((), ())


def test_probabilities_of_belonging_to_the_front_come_true():
    rng = np.random.default_rng(7)
    told, true = [], []
    asked = replace(one_metric(), n_draws=300)
    for world in range(150):
        n = 12
        energy = rng.normal(0, 1.5, n)
        score = 0.5 + 0.06 * energy + rng.normal(0, 0.08, n)
        log_seen = energy + rng.normal(0, 0.3, n)
        score_seen = score + rng.normal(0, 0.02, n)
        half = 1.959963984540054 * 0.02
        systems = [
            doubtful(f"s{k}", float(np.exp(e)), (float(s), s - half, s + half), 0.3)
            for k, (e, s) in enumerate(zip(log_seen, score_seen, strict=True))
        ]
        front = find_front(systems, "train", "psds1", replace(asked, seed=world))
        told += [p.probability for p in front.points]
        true += naive_front(energy, score)
    told, true = np.array(told), np.array(true, float)
    for low, high in (
        (0, 0.05),
        (0.05, 0.35),
        (0.35, 0.65),
        (0.65, 0.95),
        (0.95, 1.01),
    ):
        inside = (told >= low) & (told < high)
        spread = 4 * np.sqrt(0.25 / inside.sum())
        assert true[inside].mean() == pytest.approx(told[inside].mean(), abs=spread)
