"""The method that is taken where none is named, and the reason."""

import pytest

from isojoule.normalizers import NORMALIZERS
from isojoule.normalizers.choice import EVIDENCE, choose_method


@pytest.mark.parametrize("n_references", [0, 1, 2, 3, 4, 5, 6, 7, 500])
def test_some_method_is_taken_for_any_number_of_references(n_references):
    choice = choose_method(n_references)
    assert choice.method in NORMALIZERS
    assert f"{choice.method} is taken" in choice.reason


def test_the_reason_is_the_evidence_for_the_next_lower_number():
    # MALE 0.372 and 0.578 as factors
    assert "a factor of 1.45 in the mean" in choose_method(5).reason
    assert "by 1.78" in choose_method(5).reason


def test_the_evidence_is_for_the_method_that_is_taken():
    assert all(joint < published for joint, published in EVIDENCE.values())


def test_one_reference_is_told_in_the_singular():
    assert "with 1 planned reference it was" in choose_method(1).reason
