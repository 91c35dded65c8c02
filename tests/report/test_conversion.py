from dataclasses import replace

import pytest

from isojoule.normalizers.advice import NextReference
from isojoule.normalizers.conversion import Conversion, Converted
from isojoule.records import Estimate, Observation
from isojoule.report.conversion import (
    conversion_records,
    describe_conversion,
    summarize,
)


def _conversion(**measured_j):
    converted = tuple(
        Converted(
            Observation(workload=name, hardware="A100", energy_j=10.0),
            Estimate(name, "H200", 20.0, 15.0, 25.0, 0.9, "dual", references=("mlp",)),
            energy_j,
        )
        for name, energy_j in measured_j.items()
    )
    return Conversion("A100", "H200", "dual", (), ("mlp",), 0.9, converted, {})


def test_a_conversion_is_drawn_beside_its_sentences_and_its_table():
    section = describe_conversion(_conversion(mlp=20.0, cnn=30.0))
    assert "Scatter plot of 2 workloads" in section.figure.alt
    assert section.text == (
        "Method dual, reference: mlp.",
        "Of 1 workloads that the fit had not seen, 0 lie inside their 90% interval.",
        "2 of 2 estimates are extrapolated: outside the range of the references.",
    )
    assert [r["ratio"] for r in section.table.rows()] == pytest.approx([1.0, 2 / 3])


@pytest.mark.parametrize("measured_j", [None, 0.0])
def test_without_energies_on_the_target_a_sentence_says_why_nothing_is_drawn(
    measured_j,
):
    section = describe_conversion(_conversion(cnn=measured_j))
    assert section.figure is None
    assert section.text[-1].startswith("Not drawn: none of 1 workloads has a positive")
    assert "'H200': measure one there." in section.text[-1]
    assert [row["workload"] for row in section.table.rows()] == ["cnn"]


@pytest.mark.parametrize(
    ("before", "after", "n", "said"),
    [
        (
            1.9,
            1.5,
            7,
            "narrow the intervals of the other 7 workloads, from a factor of ",
        ),
        # Half of ln 2.25 is ln 1.5.
        (2.25, 1.5, 7, "halve the intervals of the other 7 workloads, from a factor "),
        (
            2.25,
            1.6,
            1,
            "narrow the interval of the other, from a factor of 2.25 to 1.6.",
        ),
    ],
)
def test_the_next_reference_is_a_sentence_and_a_key(before, after, n, said):
    advised = replace(
        _conversion(mlp=20.0), next_reference=NextReference("cnn", before, after, n)
    )
    assert summarize(advised)[-1].startswith(f"A run of cnn on H200 would {said}")
    assert conversion_records(advised)["next_reference"] == {
        "workload": "cnn",
        "factor_before": before,
        "factor_after": after,
        "n_workloads": n,
    }


def test_without_one_to_advise_the_key_is_null_and_there_is_no_sentence():
    conversion = _conversion(mlp=20.0)
    assert conversion_records(conversion)["next_reference"] is None
    assert not any("A run of" in s for s in summarize(conversion))
