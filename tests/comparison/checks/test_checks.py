from math import inf, nan
from time import perf_counter

import pytest

from comparison.submitted import energy, figure, rules, submission
from isojoule.comparison.amendments import amend
from isojoule.comparison.checks import CHECKS, check_all
from isojoule.comparison.checks.mail import mails
from isojoule.comparison.rules import Amendment, Waiver
from isojoule.submissions import Figure, Place, Problem, ReferenceRun, Submission


def strange():
    """Submissions that make every check speak."""
    base = submission("Base_1", is_baseline=True, reference_kwh="0.032")
    yield base
    yield submission("A_1", train_kwh="1.390", test_kwh="-1", device="A100", line=2)
    yield submission(
        "A_2", train_kwh="0.03", duration_s=36000, device="A100", n_devices=1
    )
    yield submission("A_3", train_kwh="0", device="A100", params="x")
    yield submission("A_4", problems=(Problem("note", "taken for it", Place("a")),))
    yield submission(
        "B_1", train_kwh="0.72", duration_s=3600, device="V100", n_devices=1
    )
    yield submission("B_2", n_devices=1, n_tracked_devices=8, duration_s=10)
    yield submission("B_3", scope="node", reference_scope="gpu", test_kwh="5")
    for i, (kwh, n) in enumerate(
        (("0.156", 1), ("0.936", 6), ("0.600", 1), ("0.150", 1))
    ):
        yield submission(f"C_{i}", reference_kwh=kwh, n_subsystems=n, device="A100")


def test_every_check_finds_under_its_own_id():
    asked = rules()
    for name, check in CHECKS.items():
        given = rules(baseline="nobody") if name == "missing-baseline" else asked
        findings = list(check(list(strange()), given))
        assert findings, name
        assert {f.check for f in findings} == {name}
        assert all(f.text and f.evidence for f in findings)
        if name == "interpreted":
            assert not any(f.mail for f in findings)
        else:
            assert all(f.mail.rstrip().endswith("?") for f in findings), name


def test_findings_are_sorted_by_severity_team_and_label():
    findings = check_all(list(strange()), rules())
    severity = {"error": 0, "warning": 1, "note": 2}
    keys = [(severity[f.severity], f.team, f.label, f.check) for f in findings]
    assert keys == sorted(keys)


def test_the_order_of_the_submissions_changes_nothing_but_who_repeats_whom():
    one = check_all(list(strange()), rules())
    other = check_all(list(strange())[::-1], rules())
    assert {(f.check, f.label) for f in one if f.check != "duplicate"} == {
        (f.check, f.label) for f in other if f.check != "duplicate"
    }


def test_a_waiver_marks_and_does_not_remove():
    made = [submission("A_1"), submission("B_1")]
    waivers = (Waiver(check="few-digits", label="A_1", reason="measured twice"),)
    plain = check_all(made, rules())
    waived = check_all(made, rules(waivers=waivers))
    assert len(plain) == len(waived)
    assert [(f.label, f.check) for f in waived if f.waived] == [("A_1", "few-digits")]
    assert next(f.waived for f in waived if f.waived) == "measured twice"


def test_a_star_waives_a_check_for_all():
    made = [submission("A_1"), submission("B_1")]
    findings = check_all(
        made, rules(waivers=(Waiver(check="few-digits", label="*", reason="rounded"),))
    )
    assert {f.label for f in findings if f.waived} == {"A_1", "B_1"}
    assert {f.check for f in findings if f.waived} == {"few-digits"}


@pytest.mark.parametrize(
    ("check", "label"), [("few-digit", "A_1"), ("few-digits", "A_9")]
)
def test_a_waiver_of_what_is_not_there_is_told(check, label):
    waivers = (Waiver(check=check, label=label, reason="because"),)
    findings = check_all([submission("A_1")], rules(waivers=waivers))
    (finding,) = [f for f in findings if f.check == "unused-waiver"]
    assert finding.label == ""
    assert repr(label if check in CHECKS else check) in finding.text


def test_nothing_handed_in_is_nothing_found_but_about_the_rules():
    assert {f.label for f in check_all([], rules())} <= {""}
    assert {f.label for f in check_all([Submission(label="A", team="A")], rules())} == {
        "",
        "A",
    }


@pytest.mark.parametrize("value", [None, nan, inf, -inf, 0.0, -1.0, 5e-324, 1.7e308])
def test_no_value_brings_the_checks_down(value):
    stated = Figure(text="odd", value=value, place=Place("a"), step=1e-300)
    made = [
        Submission(
            label=f"{team}_{i}",
            team=team,
            energies={"train": stated, "test": stated},
            references=(
                ReferenceRun("baseline", "test", stated if i else energy("0.03")),
                ReferenceRun("baseline", "train", stated),
            ),
            scores={"psds1": stated},
            n_params=stated,
            n_macs=stated,
            n_subsystems=stated if i else figure("5"),
            training_duration_s=stated,
            n_devices=stated if i else figure("1"),
            n_tracked_devices=stated,
            device="A100",
            is_baseline=team == "A",
        )
        for team in "ABCD"
        for i in range(3)
    ]
    assert mails(check_all(made, rules()))


def test_names_that_carry_markup_or_breaks_pass_through_as_they_are():
    label = "<script>alert(1)</script>\n{x}%s"
    findings = check_all([submission(label, team="T\n", train_kwh="{0}%d<b>")], rules())
    assert {f.label for f in findings} == {label, ""}
    assert "\n{x}" not in mails(findings)["T\n"]


def amended(label, field, value, *submissions):
    correction = Amendment(label=label, field=field, value=value, reason="they wrote")
    return amend(submissions, [correction])


def test_an_amendment_settles_the_problem_of_the_figure():
    text = "train_kwh: 'about 0.2' is not read: it is no number"
    problem = Problem("error", text, Place("entries.csv", 1, "train_kwh"))
    made = submission("A_1", train_kwh="about 0.2", problems=(problem,))
    assert "unreadable" in {f.check for f in check_all([made], rules())}
    settled = amended("A_1", "train_energy_kwh", 0.2, made)
    findings = check_all(settled, rules())
    assert "unreadable" not in {f.check for f in findings}
    assert settled[0].energies["train"].original == made.energies["train"]


def test_teams_are_not_asked_about_figures_of_the_organizers():
    made = [
        submission(f"{team}_1", reference_kwh=kwh, device="A100")
        for team, kwh in {
            "A": "0.010",
            "B": "0.011",
            "C": "0.012",
            "D": "0.011",
        }.items()
    ]
    amended_ones = amended("A_1", "reference_energy_kwh", 0.156, *made)
    (finding,) = [
        f for f in check_all(amended_ones, rules()) if f.check == "reference-outlier"
    ]
    assert "0.156 kWh" in finding.text
    assert finding.mail == ""
    stated = submission("A_1", reference_kwh="0.156", device="A100")
    (asked,) = [
        f
        for f in check_all([stated, *made[1:]], rules())
        if f.check == "reference-outlier"
    ]
    assert "0.156 kWh" in asked.mail


def test_a_cause_that_is_waived_leaves_the_question():
    made = [
        submission(f"{team}_{n}", reference_kwh=kwh, device="A100", n_subsystems=n)
        for team, n, kwh in (
            ("A", 1, "0.0110"),
            ("A", 6, "0.0660"),
            ("B", 1, "0.0110"),
            ("C", 1, "0.0110"),
            ("D", 1, "0.0110"),
        )
    ]

    def outlier(**changes):
        found = check_all(made, rules(**changes))
        return next(f for f in found if f.check == "reference-outlier")

    check = "reference-follows-ensemble"
    waiver = Waiver(check=check, label="A_6", reason="six models at once")
    assert outlier().mail == ""
    assert outlier(waivers=(waiver,)).mail


@pytest.mark.slow
def test_ten_thousand_submissions_of_one_team_or_many_are_quick():
    for n_teams in (1, 2000):
        made = [
            submission(
                f"S_{i}",
                team=f"T{i % n_teams}",
                reference_kwh=f"{0.01 + i % 977 / 1000:.3f}",
                n_subsystems=i % 7 + 1,
                device=("Telsa A100", "GTX 3090", "box 7")[i % 3],
                n_devices=1,
                duration_s=3600,
                params=i % 5000,
            )
            for i in range(10_000)
        ]
        started = perf_counter()
        assert check_all(made, rules())
        assert perf_counter() - started < 10
