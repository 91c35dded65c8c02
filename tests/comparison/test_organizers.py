from dataclasses import replace

from comparison.submitted import rules, submission
from isojoule.comparison.organizers import mark_baselines


def marked(baseline, *submissions):
    found = mark_baselines(submissions, replace(rules(), baseline=baseline))
    return [s.label for s in found if s.is_baseline]


def test_the_rules_say_who_is_the_baseline():
    own = submission("Ours_1", team="Organizers")
    other = submission("A_1", team="A")
    assert marked("Ours_1", own, other) == ["Ours_1"]


def test_others_of_its_team_that_say_so_are_baselines_too():
    own = submission("Ours_1", team="Organizers")
    second = replace(submission("Ours_2", team="Organizers"), is_baseline=True)
    third = submission("Ours_3", team="Organizers")
    assert marked("Ours_1", own, second, third) == ["Ours_1", "Ours_2"]


def test_no_participant_can_make_itself_a_baseline():
    own = submission("Ours_1", team="Organizers")
    posing = replace(submission("Baseline_7", team="Baseline"), is_baseline=True)
    assert marked("Ours_1", own, posing) == ["Ours_1"]
    assert marked(None, own, posing) == []
