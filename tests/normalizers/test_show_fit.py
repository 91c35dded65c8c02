"""`isojoule normalize --show-fit` and the methods, as a user meets them."""

import json
import sys

import pytest

from isojoule.cli import main
from isojoule.normalizers import NORMALIZERS

ROWS = "\n".join(
    f"w{i},{machine},{energy_j},gpu,{10.0 * i}"
    for machine, factor in (("A", 1.0), ("B", 2.0))
    for i in range(1, 6)
    for energy_j in [factor * i * 1e6 + (factor - 1) * 5e5]
)


@pytest.fixture
def normalize(tmp_path, capsys):
    table = tmp_path / "energies.csv"
    table.write_text(f"workload_id,hardware,energy_j,scope,duration_s\n{ROWS}\n")

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["normalize", str(table), "--from", "A", "--to", "B", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_the_coefficients_are_printed_with_their_units(normalize):
    code, out, err = normalize("--method", "linear", "--show-fit")
    assert (code, err) == (0, "")
    assert "Fit: intercept [J] = 500000\n" in out
    assert "Fit: source energy [J/J] = 2\n" in out


def test_json_always_holds_them(normalize):
    _, out, _ = normalize("--method", "linear", "--json")
    assert json.loads(out)["fit"] == pytest.approx(
        {"intercept [J]": 5e5, "source energy [J/J]": 2.0}
    )


def test_the_fit_shown_is_that_of_the_references_used(normalize):
    options = ("--method", "dual", "--references", "min-max:3", "--json", "--show-fit")
    document = json.loads(normalize(*options)[1])
    assert document["references"] == ["w1", "w5"]
    assert document["fit"]["source energy [J/J]"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("asked", "lowest"),
    [("medoid:1", "w3"), ("only:w5, w2", "w2"), ("min-max:1", "w1")],
)
def test_references_are_sampled_or_named(normalize, asked, lowest):
    # One of five is nearest to all in ln energy: ln 3, for the sums of the distances
    # are 3.4 from 2, 2.9 from 3 and 3.2 from 4.
    options = ("--method", "single-low", "--references", asked, "--json")
    document = json.loads(normalize(*options)[1])
    assert document["references"] == [lowest]


def test_a_reference_that_is_not_shared_is_one_line(normalize):
    code, out, err = normalize("--references", "only:w1,w9")
    assert (code, out) == (2, "")
    assert err.startswith("isojoule: no shared workload 'w9': did you mean")


@pytest.mark.parametrize("method", NORMALIZERS)
def test_every_method_shows_its_fit(normalize, method):
    code, out, err = normalize("--method", method, "--json", "--show-fit")
    assert (code, err) == (0, "")
    assert all(name.endswith("]") for name in json.loads(out)["fit"])


def test_mean_power_is_a_feature_of_log_linear(normalize):
    # All draw 1e5 W: the power says nothing, and the output says so.
    options = ("--method", "log-linear", "--features", "power", "--show-fit")
    code, out, _ = normalize(*options)
    assert code == 0
    assert "Fit: exponent of power [1] = 0\n" in out
    assert "the coefficients are not unique" in out


def test_beside_csv_the_fit_goes_to_stderr(normalize):
    code, out, err = normalize("--method", "linear", "--csv", "--show-fit")
    assert code == 0
    assert "Fit:" not in out
    assert "Fit: source energy [J/J] = 2\n" in err


def test_a_missing_extra_is_one_line(normalize, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    code, out, err = normalize("--method", "svr")
    assert (code, out) == (2, "")
    assert err == (
        "isojoule: support vector regression needs the 'study' extra: "
        "pip install 'isojoule[study]'\n"
    )
