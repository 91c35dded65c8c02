import pytest

from isojoule.formats.submissions.numbers import parse_number


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("0.032", 0.032, 0.001),
        ("54", 54.0, 1.0),
        ("1e-3", 0.001, 0.001),
        ("1.20e3", 1200.0, 10.0),
        (".5", 0.5, 0.1),
        ("-1.5", -1.5, 0.1),
        ("\N{MINUS SIGN}2", -2.0, 1.0),
        ("1,112,420", 1112420.0, 1.0),
        ("1.112.420", 1112420.0, 1.0),
        ("1,234.5", 1234.5, 0.1),
        ("1.234,5", 1234.5, 0.1),
        ("1 112 420", 1112420.0, 1.0),
        ("1'112'420", 1112420.0, 1.0),
        ("4,8", 4.8, 0.1),
        ("0,032", 0.032, 0.001),
        ("1234,567", 1234.567, 0.001),
    ],
)
def test_a_number_is_read_with_the_unit_of_its_last_digit(text, value, step):
    number = parse_number(text)
    assert number.value == pytest.approx(value, rel=1e-15)
    assert number.step == pytest.approx(step, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["0.732534496375432", "123456789012", "0.484204335439"]
)
def test_the_print_of_a_binary_float_is_not_rounded(text):
    assert parse_number(text).step is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n/a",
        "about 3",
        "nan",
        "inf",
        "-Infinity",
        "1e999",
        "1,717",
        "1.2.3",
        "0x10",
    ],
)
def test_what_is_no_number_for_certain_is_refused(text):
    with pytest.raises(ValueError, match="it"):
        parse_number(text)


def test_a_lone_comma_before_three_digits_needs_to_know_the_others():
    assert parse_number("1,717", has_decimal_comma=True).value == 1.717
    with pytest.raises(ValueError, match="decimals or between thousands"):
        parse_number("1,717")


def test_a_point_among_decimal_commas_is_refused():
    with pytest.raises(ValueError, match="point among"):
        parse_number("1.717", has_decimal_comma=True)


def test_digits_of_other_scripts_are_no_number():
    with pytest.raises(ValueError, match="no number"):
        parse_number("\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}")


def test_a_megabyte_of_digits_is_no_number():
    with pytest.raises(ValueError, match="characters"):
        parse_number("1" * 1_000_000)
