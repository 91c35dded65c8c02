from comparison.submitted import rules, submission
from isojoule.comparison.checks.reference_follows_ensemble import (
    find_references_that_follow,
)


def team(*kwh_by_members, name="A"):
    return [
        submission(f"{name}_{i}", reference_kwh=kwh, n_subsystems=n, device="A100")
        for i, (n, kwh) in enumerate(kwh_by_members, start=1)
    ]


def found(submissions):
    return list(find_references_that_follow(submissions, rules()))


def test_six_times_the_reference_with_six_members_is_an_error():
    first, second = found(
        team((None, "0.15"), (None, "0.156"), (6, "0.936"), (15, "2.34"))
    )
    assert (first.check, first.severity, first.label) == (
        "reference-follows-ensemble",
        "error",
        "A_3",
    )
    assert "6 times the 0.156 kWh of A_2" in first.text
    assert "May we use 0.156 kWh" in first.mail
    assert second.label == "A_4"
    assert "15 times" in second.text


def test_one_reference_for_all_sizes_is_right():
    assert not found(team((1, "0.03"), (5, "0.03"), (10, "0.03")))


def test_another_factor_than_the_members_is_not_its_matter():
    assert not found(team((1, "0.03"), (5, "0.30")))


def test_ensembles_alone_are_compared_with_each_other():
    findings = found(team((2, "0.060"), (10, "0.300")))
    assert [f.label for f in findings] == ["A_1", "A_2"]
    assert all("May we use 0.03 kWh" in f.mail for f in findings)


def test_other_teams_do_not_matter():
    assert not found(team((1, "0.03")) + team((5, "0.15"), name="B"))


def test_what_rounding_leaves_open_is_no_evidence():
    # 0.1 may be 0.05 to 0.15, 0.2 may be 0.15 to 0.25
    assert not found(team((1, "0.1"), (2, "0.2")))


def test_counts_and_references_that_cannot_be_read_say_nothing():
    assert not found(team((1, "0.03"), ("many", "0.15"), (5, "0"), (5, "?")))
