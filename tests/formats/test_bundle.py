import json
from hashlib import sha256
from zipfile import ZipFile

import pytest

from isojoule.errors import FormatError
from isojoule.formats.bundle import Bundle, is_bundle, read_bundle, write_bundle
from isojoule.submissions import InputFile


def a_file(path, content=b"a,1\n"):
    return InputFile(path, sha256(content).hexdigest(), content)


def a_bundle(*files, **fields):
    ordinary = {
        "rules": b'edition = "E"\n',
        "settings": {"seed": 3},
        "handed_in": "submissions",
        "is_folder": True,
        "files": files or (a_file("team/a.csv"), a_file("b.txt", b"0.5")),
        "results": b'{"systems": []}',
        "software": {"isojoule": "0.1.0"},
    }
    return Bundle(**{**ordinary, **fields})


def test_a_bundle_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "bundle.zip"
    write_bundle(path, a_bundle())
    assert is_bundle(path)
    assert read_bundle(path) == a_bundle()


def test_the_calibration_of_the_rules_goes_with_it(tmp_path):
    write_bundle(tmp_path / "bundle.zip", a_bundle(calibration=b"{}"))
    assert read_bundle(tmp_path / "bundle.zip").calibration == b"{}"


def test_the_same_content_gives_the_same_bytes(tmp_path):
    first = write_bundle(tmp_path / "a.zip", a_bundle())
    second = write_bundle(tmp_path / "b.zip", a_bundle())
    assert first == second
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert first == sha256((tmp_path / "a.zip").read_bytes()).hexdigest()


def test_no_name_of_an_input_becomes_a_name_in_the_archive(tmp_path):
    path = tmp_path / "bundle.zip"
    write_bundle(path, a_bundle(a_file("../../etc/passwd")))
    with ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if ".." in name]


@pytest.mark.parametrize("name", ["../out.csv", "/etc/out.csv", "a/../../out.csv", ""])
def test_an_input_that_leads_out_of_the_folder_is_not_written(tmp_path, name):
    with pytest.raises(FormatError, match="leads out of it"):
        a_bundle(a_file(name)).write_inputs(tmp_path / "inputs")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.csv", "", "other.csv"])
def test_what_was_handed_in_must_be_in_the_bundle(tmp_path, name):
    bundle = a_bundle(a_file("table.csv"), handed_in=name, is_folder=False)
    with pytest.raises(FormatError, match=r"leads out of it|does not hold"):
        bundle.write_inputs(tmp_path / "inputs")


def test_inputs_are_written_where_they_were(tmp_path):
    folder = tmp_path / "submissions"
    assert a_bundle().write_inputs(tmp_path) == folder
    assert (folder / "team" / "a.csv").read_bytes() == b"a,1\n"
    alone = a_bundle(a_file("table.csv"), handed_in="table.csv", is_folder=False)
    assert alone.write_inputs(tmp_path) == tmp_path / "table.csv"


@pytest.mark.parametrize("changed", ["rules.toml", "results.json", "inputs/0000"])
def test_a_part_that_was_changed_is_refused(tmp_path, changed):
    path, forged = tmp_path / "bundle.zip", tmp_path / "forged.zip"
    write_bundle(path, a_bundle())
    with ZipFile(path) as original, ZipFile(forged, "w") as copy:
        for name in original.namelist():
            content = original.read(name)
            copy.writestr(name, content + b" " if name == changed else content)
    with pytest.raises(FormatError, match=f"{changed} of the bundle is not what"):
        read_bundle(forged)


def test_a_later_version_is_refused(tmp_path):
    path, later = tmp_path / "bundle.zip", tmp_path / "later.zip"
    write_bundle(path, a_bundle())
    with ZipFile(path) as original, ZipFile(later, "w") as copy:
        for name in original.namelist():
            content = original.read(name)
            if name == "manifest.json":
                content = json.dumps({**json.loads(content), "bundle_version": 99})
            copy.writestr(name, content)
    with pytest.raises(FormatError, match="of version 99"):
        read_bundle(later)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 half"])
def test_what_is_no_archive_is_no_bundle(tmp_path, content):
    path = tmp_path / "bundle.zip"
    path.write_bytes(content)
    assert not is_bundle(path)
    with pytest.raises(FormatError, match="no bundle of a comparison"):
        read_bundle(path)
    assert not is_bundle(tmp_path)


def test_every_damage_of_an_archive_is_told_as_one(tmp_path):
    path = tmp_path / "bundle.zip"
    write_bundle(path, a_bundle())
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        )
        try:
            found = read_bundle(path)
        except FormatError:
            continue
        assert found == a_bundle()  # the byte did not matter
