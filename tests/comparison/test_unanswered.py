from dataclasses import replace

from comparison.submitted import rules, submission
from isojoule.comparison.unanswered import find_unanswered
from isojoule.submissions import Submission


def told(*submissions, **changes):
    return [p.text for p in find_unanswered(submissions, replace(rules(), **changes))]


def test_what_one_submission_states_is_answered():
    whole = submission(
        "A_1", team="A", train_kwh="1.0", test_kwh="0.1", reference_kwh="0.1", psds1=0.3
    )
    found = told(whole, submission("B_1", team="B"))
    assert not [text for text in found if "train" in text or "psds1" in text]


def test_what_nobody_states_is_told_with_where_it_was_looked_for():
    empty = Submission(label="A_1", team="A")
    found = told(empty, fields={"energy_kwh.train": ("train_kwh", "kwh")})
    assert (
        "no submission states energy_kwh.train: [fields] looks for train_kwh, kwh"
        in found
    )
    assert any(
        text.startswith("no submission states scores.psds1: [fields] does not say")
        for text in found
    )
