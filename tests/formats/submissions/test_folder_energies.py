"""Energies of the systems in a folder of submissions."""

import pytest

from handed_records import record
from isojoule.formats.native import encode_runs
from isojoule.submissions import Place

KWH = 3.6e6
A = "A_B_task4_1"
B = "C_D_task4_1"


def as_a_spreadsheet_saves_it(text):
    """Semicolons between the cells, commas in the numbers."""
    rows = [line.split(",") for line in text.splitlines()]
    cells = [[c if c == "2.3.4" else c.replace(".", ",") for c in row] for row in rows]
    return "\ufeff" + "".join(";".join(row) + "\r\n" for row in cells)


def quoted(text):
    rows = [line.split(",") for line in text.splitlines()]
    return "".join(",".join(f'"{c}"' for c in row) + "\n" for row in rows)


def without_emissions(text):
    rows = [line.split(",") for line in text.splitlines()]
    at = rows[0].index("emissions")
    return "".join(",".join(row[:at] + row[at + 1 :]) + "\n" for row in rows)


def test_declared_energies_and_those_of_the_recipe_come_together(hand_in, meta):
    handed = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, train="1.5"),
            f"{A}/devtest_codecarbon/devtest_tot_kwh.txt": "0.0201234567890123\n",
            f"{A}/evaluation_codecarbon/eval_tot_kwh.txt": "0.03\n",
        }
    )
    (s,) = handed.submissions
    assert s.energies["train"].place == Place(
        f"{A}/{A}.meta.yaml", 11, "energy_training"
    )
    assert s.energies["test"].value == pytest.approx(0.0201234567890123 * KWH)
    assert s.energies["test"].step is None
    place = Place(f"{A}/devtest_codecarbon/devtest_tot_kwh.txt", 1, "kWh")
    assert s.energies["test"].place == place
    assert s.energies["eval"].value == pytest.approx(0.03 * KWH)
    assert s.problems == handed.problems == ()
    assert [f.path for f in handed.files] == [
        f"{A}/{A}.meta.yaml",
        f"{A}/devtest_codecarbon/devtest_tot_kwh.txt",
        f"{A}/evaluation_codecarbon/eval_tot_kwh.txt",
    ]


def test_a_declared_energy_counts_before_that_of_a_file_and_both_are_named(
    hand_in, meta
):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, train="1.5"),
            f"{A}/training_codecarbon/training_tot_kwh.txt": "2.5",
        }
    ).submissions
    assert s.energies["train"].text == "1.5"
    (problem,) = s.problems
    assert problem.severity == "warning"
    assert f"{A}.meta.yaml:11" in problem.text
    assert "training_tot_kwh.txt:1" in problem.text


def test_figures_that_round_to_each_other_agree(hand_in, meta):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, train="1.5"),
            f"{A}/training_codecarbon/training_tot_kwh.txt": "1.5456789012345",
        }
    ).submissions
    assert s.problems == ()


def test_a_total_counts_before_an_emissions_csv(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/training_codecarbon/training_tot_kwh.txt": "1.5",
            f"{A}/training_codecarbon/emissions.csv": emissions(1.7),
        }
    ).submissions
    assert s.energies["train"].text == "1.5"
    assert "1.7 kWh" in s.problems[0].text
    assert len(s.runs) == 1


def test_an_emissions_csv_gives_energy_scope_and_device(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/exp/n/version_0/codecarbon/emissions_training.csv": emissions(1.7),
        }
    ).submissions
    energy = s.energies["train"]
    assert energy.value == pytest.approx(1.7 * KWH)
    assert (energy.scope, energy.provenance, energy.step) == ("node", "declared", None)
    assert energy.place.line == 2
    assert energy.place.field == "energy_consumed"
    assert s.n_tracked_devices is not None
    assert s.n_tracked_devices.value == 2
    assert s.device == "NVIDIA A40"
    assert s.tracker == "codecarbon 2.3.4"
    assert s.training_duration_s is not None
    assert s.training_duration_s.value == 3600.0
    (run,) = s.runs
    assert run.workload.phase == "train"
    assert run.gpu_energy_j == pytest.approx(1.36 * KWH)


def test_the_scope_of_the_rules_chooses_the_column(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/codecarbon/emissions_training.csv": emissions(1.0),
        },
        scope="gpu",
    ).submissions
    assert s.energies["train"].value == pytest.approx(0.8 * KWH)
    assert (s.energies["train"].scope, s.energies["train"].provenance) == (
        "gpu",
        "measured",
    )


def test_a_scope_that_codecarbon_does_not_have_is_no_energy(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/codecarbon/emissions_training.csv": emissions(1.0),
        },
        scope="wall",
    ).submissions
    assert s.energies["train"].value is None
    assert s.problems[0].severity == "error"


def test_a_pue_is_divided_out_and_said(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/codecarbon/emissions_training.csv": emissions(3.0, pue=1.5),
        }
    ).submissions
    assert s.energies["train"].value == pytest.approx(2.0 * KWH)
    assert "PUE 1.5" in s.problems[0].text


def test_rows_of_one_file_are_added_and_said(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/training_codecarbon/emissions.csv": emissions(1.0, 0.5),
        }
    ).submissions
    assert s.energies["train"].value == pytest.approx(1.5 * KWH)
    assert s.training_duration_s is not None
    assert s.training_duration_s.value == 7200.0
    assert "sum of 2 runs" in s.problems[0].text


def test_names_of_the_2024_recipe_are_the_systems_own_even_misspelt(
    hand_in, meta, emissions
):
    folder = f"{A}/exp/n/version_0/codecarbon"
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{folder}/emissions_baseline_training.csv": emissions(1.0),
            f"{folder}/emissions_baseline_test.csv": emissions(0.1),
            f"{folder}/emissions_basleline_eval.csv": emissions(0.2),
        }
    ).submissions
    found = {phase: e.value for phase, e in s.energies.items()}
    assert found == pytest.approx({"train": KWH, "test": 0.1 * KWH, "eval": 0.2 * KWH})
    assert s.references == ()
    assert [p.severity for p in s.problems] == ["note"] * 3
    assert "folder called baseline" in s.problems[0].text


def test_records_are_added_by_phase_and_kept(hand_in, meta):
    runs = [record("1", "train", 10.0), record("2", "train", 5.0)]
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/train.json": encode_runs(runs),
            f"{A}/test.json": encode_runs([record("3", "test", 2.0)]),
        }
    ).submissions
    assert s.energies["train"].value == pytest.approx(15.0)
    assert (s.energies["train"].scope, s.energies["train"].provenance) == (
        "gpu",
        "measured",
    )
    assert s.energies["test"].value == pytest.approx(2.0)
    assert s.energies["test"].place.line == 2
    assert sorted(r.run_id for r in s.runs) == ["1", "2", "3"]
    assert s.device == "NVIDIA A40"


def test_the_same_record_in_two_files_counts_once(hand_in, meta):
    data = encode_runs([record("1", "train", 10.0)])
    (s,) = hand_in(
        {f"{A}/{A}.meta.yaml": meta(A), f"{A}/a.json": data, f"{A}/b.json": data}
    ).submissions
    assert s.energies["train"].value == 10.0


def test_records_that_did_not_end_or_are_parts_are_left_out(hand_in, meta):
    runs = [
        record("1", "train", 10.0),
        record("2", "train", 9.0, status="interrupted"),
        record("3", "train", 8.0, tags={"rank": "0", "world_size": "2"}),
    ]
    (s,) = hand_in(
        {f"{A}/{A}.meta.yaml": meta(A), f"{A}/r.json": encode_runs(runs)}
    ).submissions
    assert s.energies["train"].value == 10.0
    assert [p.place and p.place.line for p in s.problems] == [3, 4]


def test_a_phase_that_nothing_says_is_not_made_up(hand_in, meta, emissions):
    (s,) = hand_in(
        {f"{A}/{A}.meta.yaml": meta(A), f"{A}/emissions.csv": emissions(1.0)}
    ).submissions
    assert s.energies == {}
    assert "which phase" in s.problems[0].text
    assert len(s.runs) == 1


def test_a_malformed_meta_file_does_not_take_the_measured_energies(hand_in):
    handed = hand_in(
        {
            f"{A}/{A}.meta.yaml": "submission: [\n  label: x\n",
            f"{A}/training_codecarbon/training_tot_kwh.txt": "1.5",
            f"{B}/{B}.meta.yaml": b"label: \xff",
            f"{B}/training_codecarbon/training_tot_kwh.txt": "n/a",
        }
    )
    a, b = handed.submissions
    assert (a.label, a.energies["train"].text) == (A, "1.5")
    assert a.problems[0].severity == "error"
    assert a.problems[0].place is not None
    assert a.problems[0].place.line in {1, 2, 3}
    assert "UTF-8" in b.problems[0].text
    assert b.energies["train"].value is None


def test_damaged_trackers_files_are_said_and_the_rest_is_read(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, test="0.1"),
            f"{A}/training_codecarbon/emissions.csv": emissions(1.0) + "cut,off\n",
            f"{A}/r.json": '{"kind":"isojoule-runs","schema_version":4,"runs":[{}]}',
            f"{A}/deep.json": '{"kind":"isojoule-runs","runs":' + "[" * 100_000,
            f"{A}/new.json": '{"kind":"isojoule-runs","schema_version":99,"runs":[]}',
        }
    ).submissions
    assert s.energies.keys() == {"test"}
    assert [p.severity for p in s.problems] == ["error"] * 4
    csv_problem = next(p for p in s.problems if "emissions" in str(p.place))
    assert csv_problem.place is not None
    assert csv_problem.place.line == 3


def test_an_emissions_csv_that_is_garbage_is_complained_about_and_kept(hand_in, meta):
    name = f"{A}/codecarbon/emissions_training.csv"
    handed = hand_in({f"{A}/{A}.meta.yaml": meta(A), name: b"\x00\xff\x13\xfe" * 99})
    (s,) = handed.submissions
    (problem,) = s.problems
    assert (problem.severity, problem.place) == ("error", Place(name))
    assert name in [f.path for f in handed.files]


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", "\ufefftimestamp".encode("utf-16"), b'"' * 200_000]
)
def test_what_is_called_emissions_and_is_none_is_never_passed_over(
    hand_in, meta, content
):
    name = f"{A}/training/Emissions (1).csv"
    handed = hand_in({f"{A}/{A}.meta.yaml": meta(A), name: content})
    (problem,) = handed.submissions[0].problems
    assert problem.severity == "error"
    assert problem.place is not None
    assert problem.place.file == name


@pytest.mark.parametrize(
    "saved",
    [
        as_a_spreadsheet_saves_it,
        quoted,
        without_emissions,
        lambda text: text.replace(",", "\t"),
        lambda text: as_a_spreadsheet_saves_it(without_emissions(text)),
    ],
)
@pytest.mark.parametrize("name", ["emissions_training.csv", "training.csv"])
def test_an_emissions_csv_that_was_saved_again_simply_works(
    hand_in, meta, emissions, saved, name
):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/codecarbon/{name}": saved(emissions(1.75)),
        }
    ).submissions
    assert s.problems == ()
    assert s.energies["train"].value == pytest.approx(1.75 * KWH)
    assert s.runs[0].gpu_energy_j == pytest.approx(1.4 * KWH)
    assert s.tracker == "codecarbon 2.3.4"


def test_the_highest_version_of_a_run_counts_and_says_so(hand_in, meta, emissions):
    folder = f"{A}/exp/n/version"
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{folder}_0/codecarbon/emissions_training.csv": emissions(1.0),
            f"{folder}_2/codecarbon/emissions_training.csv": emissions(2.0),
            f"{folder}_10/codecarbon/emissions_training.csv": emissions(3.0),
        }
    ).submissions
    assert s.energies["train"].value == pytest.approx(3 * KWH)
    assert len(s.problems) == 2
    for problem in s.problems:
        assert problem.place == s.energies["train"].place
        assert "the highest version counts" in problem.text
        assert "amend it in the rules" in problem.text


def test_records_of_two_versions_are_not_added(hand_in, meta):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/version_0/r.json": encode_runs([record("1", "train", 10.0)]),
            f"{A}/version_1/r.json": encode_runs([record("2", "train", 7.0)]),
        }
    ).submissions
    assert s.energies["train"].value == 7.0
    assert s.training_duration_s is not None
    assert s.training_duration_s.value == 100.0
    assert "the highest version counts" in s.problems[0].text


def test_a_conflict_stands_at_the_figure_that_counts(hand_in, meta):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, train="1.5"),
            f"{A}/training_codecarbon/training_tot_kwh.txt": "2.5",
        }
    ).submissions
    assert s.problems[0].place == s.energies["train"].place
    assert "amend it in the rules" in s.problems[0].text


def test_what_is_not_read_gives_way_to_what_was_measured(hand_in, meta):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, train="about 2") + "energy_baseline: ~3\n",
            f"{A}/training_codecarbon/training_tot_kwh.txt": "2.5",
            f"{A}/baseline/devtest_tot_kwh.txt": "0.03",
        }
    ).submissions
    assert s.energies["train"].text == "2.5"
    assert [r.energy.text for r in s.references] == ["0.03"]
    assert "error" not in {p.severity for p in s.problems}
    assert any("'about 2'" in p.text for p in s.problems)
    assert any("'~3'" in p.text for p in s.problems)
