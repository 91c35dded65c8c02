import pytest

from isojoule.errors import FormatError
from isojoule.formats.run_table import is_run_table, read_run_table

HEAD = "gpu,batch_size,total_kwh,kwh_at_best_f1,kwh_at_95pct_of_max_f1\n"


def written(tmp_path, text):
    path = tmp_path / "runs.csv"
    path.write_text(text)
    return path


def test_energies_become_joules_and_rows_have_names(tmp_path):
    path = written(tmp_path, HEAD + "A40,8,1.5,0.5,0.25\nT4,16,2,,0.5\n")
    assert read_run_table(path) == [
        ("A40 8", 5.4e6, 1.8e6, 0.9e6, 0.95),
        ("T4 16", 7.2e6, None, 1.8e6, 0.95),
    ]


def test_a_ratio_beside_the_energies_is_not_taken_for_one(tmp_path):
    head = HEAD.replace("\n", ",kwh_at_best_over_kwh_at_95pct\n")
    path = written(tmp_path, head + "A40,8,1.5,0.5,0.25,2\n")
    assert read_run_table(path)[0][1:] == (5.4e6, 1.8e6, 0.9e6, 0.95)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (HEAD, True),
        ("total_energy_kwh,energy_at_best_kwh,energy_at_90pct_kwh\n", True),
        ("epoch,energy_j,score\n", False),
        ("", False),
    ],
)
def test_a_table_is_known_by_its_columns(head, expected):
    assert is_run_table(head) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "has no rows"),
        (HEAD + "A40,8,-1,0.5,0.25\n", "line 2: total_kwh is -1"),
        (HEAD + "A40,8,much,0.5,0.25\n", "line 2: total_kwh is 'much'"),
        ("total_kwh,kwh_at_best\n1,1\n", "there is none"),
        (
            "total_kwh,kwh_at_best,kwh_at_best_f1,kwh_at_95pct\n1,1,1,1\n",
            "kwh_at_best, kwh_at_best_f1 are several",
        ),
    ],
)
def test_what_is_no_such_table_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(FormatError, match=message):
        read_run_table(written(tmp_path, text))
