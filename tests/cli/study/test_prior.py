"""isojoule study prior as a user meets it."""

import json

import pytest

from benchmark_runs import on_a_line
from isojoule.cli import main
from isojoule.formats.native import write_native

pytest.importorskip("scipy")


@pytest.fixture
def isojoule(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments):
        code = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "tables"
    path.mkdir()
    for i, name in enumerate("abc"):
        runs = on_a_line(slope=1.0 + i, offset_j=5.0 * i + 1.0, prefix=name)
        write_native(path / f"{name}.json", runs)
    return path


@pytest.mark.slow
def test_a_prior_is_learned_shown_and_used(isojoule, folder, tmp_path):
    out = tmp_path / "prior.json"
    code, shown, err = isojoule("study", "prior", folder, "--out", out)
    assert code == 0
    assert "40 or more" in shown
    assert f"the priors are in {out}" in err
    assert json.loads(out.read_text())["prior"]["sources"] == ["a", "b", "c"]
    arguments = ("normalize", folder / "b.json", "--from", "A", "--to", "B", "--json")
    _, own, _ = isojoule(*arguments, "--prior", out)
    _, shipped, _ = isojoule(*arguments)
    # Every pair that it was learned from lies on a line: intervals are narrower.
    factors = [
        json.loads(text)["estimates"][3]["energy_high_j"]
        / json.loads(text)["estimates"][3]["energy_j"]
        for text in (own, shipped)
    ]
    assert factors[0] < factors[1]
    code, _, err = isojoule(*arguments, "--prior", out, "--method", "dual")
    assert (code, err) == (2, "isojoule: dual uses no prior: joint does\n")


def test_too_few_tables_are_answered(isojoule, folder):
    code, _, err = isojoule("study", "prior", folder / "a.json", folder / "b.json")
    assert code == 2
    assert "a prior needs three tables" in err


@pytest.mark.parametrize("content", ["{}", "[1]", "none", '{"kind": "isojoule-prior"}'])
def test_a_file_that_is_no_prior_is_refused(isojoule, folder, tmp_path, content):
    path = tmp_path / "wrong.json"
    path.write_text(content)
    code, _, err = isojoule(
        *("normalize", folder / "a.json", "--from", "A", "--to", "B"),
        *("--prior", path),
    )
    assert code == 2
    assert f"{path} holds no prior" in err
