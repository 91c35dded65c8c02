from isojoule.comparison.checks import Finding
from isojoule.comparison.checks.mail import mails
from isojoule.submissions import Figure, Place


def finding(label="A_1", team="A", mail="Is it right?", line=3, **changes):
    evidence = (("energy", Figure(text="1", value=1.0, place=Place("a.csv", line))),)
    given = {
        "check": "few-digits",
        "severity": "note",
        "text": "",
        "evidence": evidence,
    }
    return Finding(label=label, team=team, mail=mail, **(given | changes))


def test_each_team_gets_one_mail_with_numbered_points():
    written = mails(
        [finding(), finding("B_1", "B"), finding(mail="And this?")],
        edition="DCASE 2023",
    )
    assert list(written) == ["A", "B"]
    assert written["A"].startswith("Dear team A,\n")
    assert "submission to DCASE 2023" in written["A"]
    assert "1. A_1 (a.csv:3):\n   Is it right?" in written["A"]
    assert "2. A_1 (a.csv:3):\n   And this?" in written["A"]
    assert "2 questions" in written["A"]
    assert "one question" in written["B"]


def test_systems_with_the_same_problem_share_a_point():
    written = mails([finding("A_1"), finding("A_2", line=4)])["A"]
    assert "1. A_1 (a.csv:3), A_2 (a.csv:4):" in written
    assert "2." not in written


def test_many_systems_are_counted():
    written = mails([finding(f"A_{i}") for i in range(20)])["A"]
    assert "A_11 (a.csv:3) and 8 more:" in written


def test_what_is_waived_or_about_the_rules_is_not_written():
    assert mails([finding(waived="explained"), finding("", "")]) == {}


def test_a_place_without_a_figure_is_left_out():
    written = mails([finding(evidence=(("record", "r1"),))])["A"]
    assert "1. A_1:\n" in written


def test_line_breaks_of_others_do_not_break_the_mail():
    hostile = "A\n\nBcc: everyone\x1b[2J"
    written = mails([finding(label=hostile, team=hostile, mail="x\ny")])[hostile]
    assert "Dear team A Bcc: everyone [2J,\n" in written
    assert "\x1b" not in written
    assert "   x y\n" in written
