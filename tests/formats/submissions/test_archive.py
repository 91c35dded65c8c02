"""Zip archives of submissions: read where they are, hostile ones refused."""

import stat
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from isojoule.errors import FormatError
from isojoule.formats.submissions import read_submissions

A = "A_B_task4_1"
B = "C_D_task4_1"


@pytest.fixture
def read_zip(tmp_path, fields):
    def read(files, *, name="handed.zip"):
        path = tmp_path / name
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            for member, content in files:
                archive.writestr(member, content)
        return read_submissions(path, fields)

    return read


def test_an_archive_reads_as_the_folder_in_it(read_zip, hand_in, meta, emissions):
    files = {
        f"{A}/{A}.meta.yaml": meta(A, train="1.5"),
        f"{A}/devtest_codecarbon/emissions.csv": emissions(0.1),
        f"{B}/{B}.meta.yaml": meta(B),
        f"{B}/training_codecarbon/training_tot_kwh.txt": "2",
    }
    assert read_zip(list(files.items())) == hand_in(files)


def test_a_folder_around_everything_does_not_matter(read_zip, meta):
    handed = read_zip([(f"all/{x}/{x}.meta.yaml", meta(x)) for x in (A, B)])
    assert [s.label for s in handed.submissions] == [A, B]


def test_an_archive_is_known_by_its_beginning(read_zip, meta):
    handed = read_zip([(f"{A}/{A}.meta.yaml", meta(A))], name="handed.bin")
    assert [s.label for s in handed.submissions] == [A]


@pytest.mark.parametrize(
    "name",
    [
        "/etc/x.meta.yaml",
        "../x.meta.yaml",
        f"{A}/../../x.meta.yaml",
        "C:/x.meta.yaml",
        "a\\x.meta.yaml",
    ],
)
def test_a_name_that_leads_out_is_refused_and_the_rest_read(read_zip, meta, name):
    handed = read_zip([(name, meta(B)), (f"{A}/{A}.meta.yaml", meta(A))])
    assert [s.label for s in handed.submissions] == [A]
    assert "refused" in handed.problems[0].text


def test_a_bomb_is_refused_and_the_rest_read(read_zip, meta):
    bomb = b"0" * 60_000_000
    handed = read_zip(
        [(f"{A}/{A}.meta.yaml", meta(A)), (f"{A}/training_tot_kwh.txt", bomb)]
    )
    assert handed.submissions[0].energies == {}
    assert "60000000 bytes" in handed.problems[0].text


def test_a_file_larger_than_its_limit_is_refused(read_zip, meta):
    large = b"1" + b" " * 25_000_000
    handed = read_zip(
        [(f"{A}/{A}.meta.yaml", meta(A)), (f"{A}/training_tot_kwh.txt", large)]
    )
    (s,) = handed.submissions
    assert "20 MB" in s.problems[0].text


def test_a_link_in_an_archive_is_refused(read_zip, meta):
    link = ZipInfo(f"{A}/training_tot_kwh.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    handed = read_zip([(link, "/etc/passwd"), (f"{A}/{A}.meta.yaml", meta(A))])
    assert handed.submissions[0].energies == {}
    assert "link" in handed.problems[0].text


def test_an_encrypted_file_is_refused(tmp_path, fields, meta):
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr(f"{A}/{A}.meta.yaml", meta(A))
        archive.writestr(f"{B}/{B}.meta.yaml", meta(B))
    data = bytearray(buffer.getvalue())
    central = data.rindex(b"PK\x01\x02")
    data[central + 8] |= 1  # the flag of encryption, as in the local header
    data[data.rindex(b"PK\x03\x04") + 6] |= 1
    path = tmp_path / "handed.zip"
    path.write_bytes(data)
    handed = read_submissions(path, fields)
    assert [s.label for s in handed.submissions] == [A]
    assert "encrypted" in handed.problems[0].text


def test_a_damaged_file_is_said_and_the_rest_read(tmp_path, fields, meta):
    path = tmp_path / "handed.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr(f"{A}/{A}.meta.yaml", meta(A, train="1"))
        archive.writestr(f"{B}/{B}.meta.yaml", meta(B, train="2"))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"energy_training: 2", b"energy_training: 3", 1))
    a, b = read_submissions(path, fields).submissions
    assert a.energies["train"].text == "1"
    assert b.energies == {}
    assert "damaged" in b.problems[0].text


def test_a_name_that_comes_twice_counts_once(read_zip, meta):
    name = f"{A}/{A}.meta.yaml"
    with pytest.warns(UserWarning, match="Duplicate name"):
        handed = read_zip([(name, meta(A, train="1")), (name, meta(A, train="2"))])
    assert handed.submissions[0].energies["train"].text == "1"
    assert "comes again" in handed.problems[0].text


def test_a_file_without_a_name_is_refused(tmp_path, fields, meta):
    path = tmp_path / "handed.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("xyz", b"")
        archive.writestr(f"{A}/{A}.meta.yaml", meta(A))
    path.write_bytes(path.read_bytes().replace(b"xyz", b"\x00yz"))
    handed = read_submissions(path, fields)
    assert [s.label for s in handed.submissions] == [A]
    assert "no name" in handed.problems[0].text


def test_an_archive_in_an_archive_is_noted(read_zip, meta):
    handed = read_zip([(f"{A}/{A}.meta.yaml", meta(A)), (f"{A}/x.zip", b"PK")])
    assert handed.problems[0].severity == "note"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"text"])
def test_what_is_no_archive_says_so(tmp_path, fields, content):
    path = tmp_path / "handed.zip"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="zip"):
        read_submissions(path, fields)


def test_an_empty_archive_has_no_submissions(read_zip):
    handed = read_zip([])
    assert handed.submissions == ()
    assert handed.problems[0].severity == "error"


def test_garbage_in_an_archive_is_told_with_its_place(read_zip, meta):
    name = f"{A}/codecarbon/emissions_training.csv"
    handed = read_zip([(f"{A}/{A}.meta.yaml", meta(A)), (name, b"\xff\x00\xfe")])
    (problem,) = handed.submissions[0].problems
    assert (problem.severity, str(problem.place)) == ("error", name)
    assert name in [f.path for f in handed.files]
