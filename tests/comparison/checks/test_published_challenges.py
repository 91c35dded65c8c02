"""The checks on the real entries of two challenges: exactly the rows that are known."""

from dataclasses import replace

import pytest

from comparison.submitted import submission
from isojoule.comparison.checks import check_all
from isojoule.comparison.precision import state_digits
from isojoule.comparison.rules_document import rules_from
from isojoule.formats.rules import packaged_rules, parse_rules
from isojoule.formats.submissions import read_submissions


def rules_of(year):
    name = f"dcase{year}"
    return rules_from(parse_rules(packaged_rules(name), name))


def submissions_of(folder, year):
    return read_submissions(folder / f"{year}.csv", rules_of(year).fields).submissions


@pytest.fixture(scope="module")
def found():
    return {}


def findings_of(folder, year, found):
    if year not in found:  # once for all tests of this file
        found[year] = check_all(submissions_of(folder, year), rules_of(year))
    return found[year]


@pytest.fixture
def of_2023(dcase_folder, found):
    return findings_of(dcase_folder, 2023, found)


@pytest.fixture
def of_2022(dcase_folder, found):
    return findings_of(dcase_folder, 2022, found)


def labels(findings, check, severity=None):
    return {
        f.label.replace("_task4a", "").replace("_task4", "")
        for f in findings
        if f.check == check and severity in {None, f.severity}
    }


def numbered(team, *numbers):
    return {f"{team}_{n}" for n in numbers}


def test_implied_power_fires_on_the_four_rows_that_no_reading_explains(of_2023):
    assert labels(of_2023, "implied-power") == {
        "Liu_NSYSU_3",
        *numbered("Zhang_UCAS", 5, 6, 7),
    }
    watts = {
        f.label[-1]: dict(f.evidence)["implied mean power"]
        for f in of_2023
        if f.check == "implied-power"
    }
    # 0.036 kWh / 6 h; 12, 16, 18 kWh / 6 h
    assert watts == {"3": "6.0 W", "5": "2000 W", "6": "2667 W", "7": "3000 W"}


def test_power_that_a_large_host_or_one_member_explains_is_a_note(of_2023):
    assert labels(of_2023, "unexplained-power", "note") == {
        *numbered("Lee_CAUET", 1, 2),  # 770 and 1035 W on one board of 260 W
        *numbered("Wang_XiaoRice", 2, 3),  # 2000 W, or 333 W for one of 6 members
        *numbered("Wenxin_TJU", 1, 2, 3, 4, 5, 6),  # 720 W on one board of 250 W
    }


def test_references_that_follow_the_ensemble_are_two(of_2023):
    assert labels(of_2023, "reference-follows-ensemble") == numbered("Chen_CHT", 3, 4)
    assert not labels(of_2023, "reference-inconsistent")


def test_reference_outliers_are_those_of_the_four_sites_with_an_a100(of_2023):
    # 0.032, 0.025, 0.007 and 0.15 to 2.34 kWh on an A100
    assert labels(of_2023, "reference-outlier", "warning") == {
        *numbered("Chen_CHT", 1, 2, 3, 4),
        *numbered("Liu_SRCN", 1, 2, 3, 4, 5),
    }
    # Two or three sites only: 0.010, 0.015, 0.045 kWh on a 3090; 0.017, 0.075 on a V100
    assert labels(of_2023, "reference-outlier", "note") == {
        *numbered("Li_USTC", *range(1, 8)),
        *numbered("Gan_NCUT", 1, 2, 3),
        *numbered("Wang_XiaoRice", 1, 3),
        *numbered("Wenxin_TJU", *range(1, 9)),
    }


def test_twenty_rows_repeat_an_earlier_one(of_2023):
    repeats = [f for f in of_2023 if f.check == "duplicate"]
    assert len(repeats) == len(labels(of_2023, "duplicate")) == 20
    assert {f.severity for f in repeats} == {"note"}  # all within their teams


def test_the_reference_entry_of_2023_is_not_the_baseline_of_2023(of_2023):
    (finding,) = [f for f in of_2023 if f.check == "identity"]
    assert finding.label == "Baseline_task4a_1"
    assert [figure.text for _, figure in finding.evidence] == ["0.032", "0.019"]


def test_only_three_references_have_three_digits(of_2023):
    systems = labels(of_2023, "few-digits") - {""}
    assert len(systems) == 84 - 3  # 0.156, 0.936, 2.34


def test_who_kept_to_the_three_decimals_of_2023_is_not_asked_for_more(dcase_folder):
    stated = state_digits(submissions_of(dcase_folder, 2023), 3)
    short = [f for f in check_all(stated, rules_of(2023)) if f.check == "few-digits"]
    # 0.156, 0.936, 2.34, and 0.15 that stands for 0.150; and one about the rules
    assert len(short) == 84 - 4 + 1
    (of_rules,) = [f for f in short if not f.label]
    # The smallest reference of 2023 is 0.006 kWh: half of 0.001 in it is 8.3 %.
    assert "0.006 kWh" in of_rules.text
    assert "8.3%" in of_rules.text
    assert {(f.severity, f.mail) for f in short if f.label} == {("note", "")}


def test_a_reference_that_follows_the_ensemble_is_asked_for_once(of_2023):
    asked = {
        (f.check, f.label[-1])
        for f in of_2023
        if f.team == "Chen_CHT" and "reference" in f.check and f.mail
    }
    assert asked == {
        ("reference-outlier", "1"),
        ("reference-outlier", "2"),
        ("reference-follows-ensemble", "3"),
        ("reference-follows-ensemble", "4"),
    }


def test_the_errors_of_2023_are_these(of_2023):
    assert {(f.check, f.label) for f in of_2023 if f.severity == "error"} == {
        ("identity", "Baseline_task4a_1"),
        ("reference-follows-ensemble", "Chen_CHT_task4a_3"),
        ("reference-follows-ensemble", "Chen_CHT_task4a_4"),
    }


def test_four_submissions_of_2022_carry_the_energy_of_the_baseline(of_2022):
    assert labels(of_2022, "copied-from-baseline") == {
        *numbered("Giannakopoulos_UNIPI", 1, 2),
        "Dinkel_XiaoRice_2",
        "Hao_UNISOC_3",
    }


def test_nobody_copied_in_2023(of_2023):
    assert not labels(of_2023, "copied-from-baseline")


def test_seventeen_kwh_in_eight_hours_on_one_board_of_2022_are_found(of_2022):
    assert labels(of_2022, "implied-power") == numbered("Kim_LGE", 1, 2, 3, 4)


def test_after_the_correction_the_two_references_are_right(dcase_folder):
    made = [
        replace(
            s,
            references=submission(reference_kwh="0.156").references,
        )
        if s.label in {"Chen_CHT_task4a_3", "Chen_CHT_task4a_4"}
        else s
        for s in submissions_of(dcase_folder, 2023)
    ]
    findings = check_all(made, rules_of(2023))
    assert not labels(findings, "reference-follows-ensemble")
