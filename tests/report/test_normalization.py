import csv
import sys
from dataclasses import replace

import pytest

from isojoule.errors import MissingExtraError, StoreError
from isojoule.report.normalization import write_study
from normalization_results import make_energies, make_result

TABLES = ["claims", "coefficients", "pairs", "skipped", "summary"]


@pytest.fixture
def result():
    return make_result("features", make_energies(2, n_workloads=12))


def files_below(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_tables_are_written_for_machines_papers_and_people(result, tmp_path):
    out = tmp_path / "new" / "out"
    written = write_study(result, out, with_figures=False)
    assert written[0] == out / "features.html"
    assert sorted(files_below(out)) == sorted(
        [
            "features.html",
            "tables/features-points.csv",
            "tables/features-scores.csv",
            *(f"tables/features-{t}.{end}" for t in TABLES for end in ("csv", "md")),
            *(f"tables/features-{t}.tex" for t in TABLES),
        ]
    )
    assert set(written) == {out / name for name in files_below(out)}
    with (out / "tables" / "features-scores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(result.scores)
    assert float(rows[0]["mdape_fraction"]) == result.scores[0].mdape


def test_another_study_in_the_same_folder_stays(result, tmp_path):
    write_study(result, tmp_path, with_figures=False)
    before = files_below(tmp_path)
    write_study(replace(result, study="regressions"), tmp_path, with_figures=False)
    after = files_below(tmp_path)
    assert before.items() <= after.items()
    assert len(after) == 2 * len(before)


def test_a_file_is_no_folder(result, tmp_path):
    out = tmp_path / "results"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(StoreError, match=r"results: it is a file; name a folder"):
        write_study(result, out)
    assert out.read_text(encoding="utf-8") == "mine"


def test_without_matplotlib_nothing_is_written(result, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[plots\]"):
        write_study(result, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    write_study(result, tmp_path / "out", with_figures=False)


def test_names_are_text_and_never_markup(tmp_path, now):
    energies_j = {
        f"<b>{name}</b>": energies
        for name, energies in make_energies(2, n_workloads=12).items()
    }
    write_study(
        make_result("features", energies_j), tmp_path, with_figures=False, now=now
    )
    document = (tmp_path / "features.html").read_text(encoding="utf-8")
    assert "<b>" not in document
    assert "&lt;b&gt;GPU A&lt;/b&gt;" in document


@pytest.mark.slow
def test_the_same_result_gives_the_same_bytes(result, tmp_path, now):
    pytest.importorskip("matplotlib", reason="figures need the plots extra")
    for name in ("one", "two"):
        write_study(result, tmp_path / name, now=now)
    first, second = files_below(tmp_path / "one"), files_below(tmp_path / "two")
    assert first == second
    assert "figures/features-plane-flop.pdf" in first
    assert b"data-planes" in first["features.html"]
    assert b"script-src 'sha256-" in first["features.html"]
