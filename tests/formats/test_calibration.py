from dataclasses import replace

import msgspec
import pytest

from isojoule.errors import FormatError
from isojoule.formats import format_of, read_runs
from isojoule.formats.calibration import (
    read_calibration,
    write_calibration,
)
from isojoule.records import Hardware, Window
from suite.test_calibration import CARD, GOOD, calibration_of


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "card.json"
    write_calibration(file, calibration_of(*GOOD))
    return file


def test_a_calibration_comes_back_as_it_was(path):
    assert read_calibration(path) == calibration_of(*GOOD)


def test_its_runs_are_read_like_any_others(path):
    assert format_of(path) == "calibration"
    assert sorted(r.run_id for r in read_runs(path)) == sorted(r.run_id for r in GOOD)
    assert {r.hardware.name for r in read_runs(path)} == {CARD.name}


def test_only_idle_windows_and_no_samples_are_kept(tmp_path, power_samples):
    idle = Window("idle before", "idle", None, 0.0, 1.0)
    epoch = Window("epochs", "train", None, 1.0, 2.0)
    run = replace(GOOD[0], samples=power_samples, windows=(idle, epoch))
    write_calibration(tmp_path / "c.json", calibration_of(run))
    (read,) = read_runs(tmp_path / "c.json")
    assert read == replace(run, samples=None, windows=(idle,))


def test_a_file_that_was_changed_is_refused(path):
    text = path.read_text()
    path.write_text(text.replace("6100.0", "6101.0"))
    with pytest.raises(FormatError, match="changed after it was made"):
        read_calibration(path)


def test_spaces_and_order_do_not_matter(path):
    document = msgspec.json.decode(path.read_bytes())
    shuffled = dict(reversed(document.items()))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(shuffled), indent=2))
    assert read_calibration(path) == calibration_of(*GOOD)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"kind":"other"}', b"\xff", b"{"])
def test_what_is_no_calibration_is_refused(tmp_path, content):
    (tmp_path / "c.json").write_bytes(content)
    with pytest.raises(FormatError, match="not a calibration file"):
        read_calibration(tmp_path / "c.json")


def test_a_newer_schema_is_refused(path):
    path.write_text(
        path.read_text().replace('"schema_version":4', '"schema_version":9')
    )
    with pytest.raises(FormatError, match="schema 9"):
        read_calibration(path)


def test_two_calibrations_of_the_same_runs_have_the_same_hash(tmp_path):
    hashes = {
        write_calibration(tmp_path / name, calibration_of(*GOOD)) for name in ("a", "b")
    }
    other = replace(calibration_of(*GOOD), hardware=Hardware("another"))
    assert len(hashes) == 1
    assert write_calibration(tmp_path / "c", other) not in hashes
