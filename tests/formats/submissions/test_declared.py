import csv

import pytest

from isojoule.formats.submissions.declared import (
    read_count,
    read_energy,
    read_flag,
    read_macs,
    read_members,
    read_score,
)
from isojoule.submissions import Place

PLACE = Place("table.csv", 2, "column")


def texts_in(folder, column, *years):
    """Every text of a column of the published tables."""
    found = set()
    for year in years:
        with (folder / f"{year}.csv").open(encoding="utf-8", newline="") as file:
            found |= {row[column] for row in csv.DictReader(file)}
    return sorted(found - {""})


@pytest.mark.parametrize(
    ("text", "energy_j", "step_j"),
    [
        ("0.032", 115_200.0, 3600.0),
        ("54", 194_400_000.0, 3_600_000.0),
        ("4,8 kWh", 17_280_000.0, 360_000.0),
        ("500 Wh", 1_800_000.0, 3600.0),
        ("1.717 KWH", 6_181_200.0, 3600.0),
        ("3 MJ", 3_000_000.0, 1_000_000.0),
        ("12 J", 12.0, 1.0),
        ("0.002 MWh", 7_200_000.0, 3_600_000.0),
    ],
)
def test_an_energy_comes_back_in_joules(text, energy_j, step_j):
    figure = read_energy(text, PLACE)
    assert figure.value == pytest.approx(energy_j)
    assert figure.step == pytest.approx(step_j)
    assert (figure.text, figure.place, figure.problem) == (text, PLACE, "")


@pytest.mark.parametrize(
    "text",
    ["about 3", "n/a", "-1", "nan", "inf", "3 mJ", "3 kcal", "1,717", "3 kWh (est.)"],
)
def test_an_energy_that_is_not_certain_keeps_its_text_and_says_why(text):
    figure = read_energy(text, PLACE)
    assert figure.value is None
    assert figure.text == text
    assert "not read" in figure.problem


def test_an_energy_of_zero_is_odd():
    figure = read_energy("0.000", PLACE)
    assert figure.value == 0.0
    assert "0" in figure.problem


def test_the_significant_digits_of_an_energy_are_those_written():
    assert read_energy("0.032", PLACE).n_significant_digits == 2
    assert read_energy("1.390", PLACE).n_significant_digits == 4
    assert read_energy("0.732534496375432", PLACE).n_significant_digits is None


def test_a_number_alone_has_the_unit_of_its_field():
    assert read_energy("5", PLACE, unit="Wh").value == pytest.approx(18_000.0)


@pytest.mark.parametrize(
    ("text", "count", "step"),
    [
        ("625K", 625e3, 1e3),
        ("1.2M", 1.2e6, 1e5),
        ("1G", 1e9, 1e9),
        ("11325746.0", 11325746, 1),
        ("1112420", 1112420, 1),
        ("1.2 million params", 1.2e6, 1e5),
        ("3 M parameters", 3e6, 1e6),
    ],
)
def test_a_count_is_read_with_its_prefix(text, count, step):
    figure = read_count(text, PLACE)
    assert figure.value == count
    assert figure.step == pytest.approx(step)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("4.2MB", "bytes"),
        ("7B", "billions"),
        ("Trainable 1.7 M non-Trainable 1.7M", "several numbers"),
        ("1.2M + 3.4M", "several numbers"),
        ("1.2", "no whole number"),
        ("1,112", "comma"),
        ("0", "starts at 1"),
        ("-5", "starts at 1"),
        ("None", "no number"),
        ("1.2M trainable", "not known"),
    ],
)
def test_what_is_no_count_for_certain_is_kept_as_text(text, why):
    figure = read_count(text, PLACE)
    assert figure.value is None
    assert why in figure.problem


def test_macs_are_read_with_and_without_their_name():
    assert read_macs("930.902M MACs", PLACE).value == 930_902_000
    assert read_macs("930.902M", PLACE).value == 930_902_000
    assert read_macs("1.2 GMACs", PLACE).value == 1.2e9


@pytest.mark.parametrize("text", ["1 GFLOPs", "930.9M FLOP", "2 GFLOPS"])
def test_flop_are_not_macs(text):
    figure = read_macs(text, PLACE)
    assert figure.value is None
    assert "FLOP are not multiply-accumulates" in figure.problem


def test_a_rate_of_macs_is_not_read():
    assert read_macs("3 GMACs/s", PLACE).value is None


def test_every_parameter_count_of_2022_is_read_but_three(dcase_folder):
    texts = texts_in(dcase_folder, "params_raw", "2022")
    unread = [t for t in texts if read_count(t, PLACE).value is None]
    assert unread == [
        "4.2MB",
        "Trainable 1.1 M non-Trainable 1.1M",
        "Trainable 1.7 M non-Trainable 1.7M",
    ]
    assert len(texts) == 58


def test_every_ensemble_of_both_years_is_read_but_the_word_none(dcase_folder):
    texts = texts_in(dcase_folder, "ensemble_raw", "2022", "2023")
    read = {t: read_members(t, PLACE).value for t in texts}
    assert [t for t, value in read.items() if value is None] == ["None"]
    assert read["10 (5 SEDT, 5 frame-wise model)"] == 10
    assert read["9 (4 SEDT, 5 frame-wise model)"] == 9
    assert read["150"] == 150


def test_no_ensemble_of_zero():
    assert read_members("0", PLACE).value is None


@pytest.mark.parametrize(
    "text",
    [
        "0.326 (0.325 - 0.327)",
        "0.326 [0.325, 0.327]",
        "0,326 (0,325-0,327)",
        "0.326 (0.325 \N{EN DASH} 0.327)",
        "0.326 (0.325 to 0.327)",
    ],
)
def test_a_score_is_read_with_its_interval(text):
    figure = read_score(text, PLACE)
    assert (figure.value, figure.low, figure.high) == (0.326, 0.325, 0.327)
    assert figure.step == 0.001


def test_a_half_width_becomes_an_interval():
    figure = read_score("0.3 \N{PLUS-MINUS SIGN} 0.1", PLACE)
    assert (figure.low, figure.high) == (pytest.approx(0.2), pytest.approx(0.4))


def test_an_interval_that_does_not_hold_its_score_is_left_out():
    figure = read_score("0.326 (0.335 - 0.337)", PLACE)
    assert (figure.value, figure.low, figure.high) == (0.326, None, None)
    assert "0.335" in figure.problem


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "32.6 %", "good", "0.5 (n=3)"])
def test_a_score_that_is_no_finite_number_is_not_read(text):
    figure = read_score(text, PLACE)
    assert figure.value is None
    assert figure.problem


def test_scores_may_be_negative():
    assert read_score("-3.5", PLACE).value == -3.5


@pytest.mark.parametrize("text", ["1", "true", "Yes", "1.0"])
def test_a_flag_says_yes(text):
    assert read_flag(text)


@pytest.mark.parametrize("text", ["0", "no", "", "false"])
def test_a_flag_says_no(text):
    assert not read_flag(text)


def test_a_hostile_text_is_refused_at_once():
    for read in (read_energy, read_count, read_macs, read_members, read_score):
        assert read("1 (" * 300_000, PLACE).value is None
