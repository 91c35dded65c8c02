"""The published tables of two years, read whole."""

import tomllib
from collections import Counter
from importlib.resources import files

import pytest

from isojoule.formats.submissions import read_submissions


def flattened(document, path=""):
    for key, value in document.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", tuple(value)


@pytest.fixture
def rules():
    text = (files("isojoule") / "data/rules/dcase2023.toml").read_text(encoding="utf-8")
    return dict(flattened(tomllib.loads(text)["fields"]))


def test_all_systems_of_2022_are_read(dcase_folder, rules):
    handed = read_submissions(dcase_folder / "2022.csv", rules)
    assert len(handed.submissions) == 101
    assert handed.problems == ()
    trained = [s for s in handed.submissions if "train" in s.energies]
    assert len(trained) == 81
    assert all(s.energies["train"].value for s in trained)
    unread = [s for s in handed.submissions if s.n_params is None]
    assert Counter(s.cells["params_raw"] for s in unread) == {
        "4.2MB": 4,
        "Trainable 1.1 M non-Trainable 1.1M": 2,
        "Trainable 1.7 M non-Trainable 1.7M": 1,
    }
    baselines = [(s.label, s.team) for s in handed.submissions if s.is_baseline]
    assert baselines == [
        ("Baseline", "Baseline"),
        ("Baseline (AudioSet)", "Baseline"),
    ]
    copied = [s for s in trained if s.energies["train"].text == "1.717"]
    assert len(copied) == 5  # the baseline and the four that carry its figure


def test_all_systems_of_2023_are_read(dcase_folder, rules):
    handed = read_submissions(dcase_folder / "2023.csv", rules)
    assert len(handed.submissions) == 84
    assert handed.problems == ()
    for s in handed.submissions:
        assert set(s.energies) == {"train", "test"}
        assert set(s.scores) == {"psds1", "psds2"}
        figures = [*s.energies.values(), *s.scores.values(), s.n_params, s.n_macs]
        assert all(f is not None and f.value is not None for f in figures)
        (reference,) = s.references
        assert (reference.name, reference.phase) == ("baseline", "test")
        assert s.training_duration_s is not None
        assert s.training_duration_s.value
    assert len({s.team for s in handed.submissions}) == 16
    marked = Counter(s.cells.get("in_nonensemble_list") for s in handed.submissions)
    assert marked["1"] == 39


def test_lines_of_2023_are_those_of_the_file(dcase_folder, rules):
    path = dcase_folder / "2023.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    for s in read_submissions(path, rules).submissions:
        line = s.energies["train"].place.line
        assert line is not None
        assert lines[line - 1].startswith(f"{s.label},")
