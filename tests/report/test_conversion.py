import pytest

from isojoule.normalizers.conversion import Conversion, Converted
from isojoule.records import Estimate, Observation
from isojoule.report.conversion import describe_conversion


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
