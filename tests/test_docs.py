"""The pages: their code runs, their outputs are real, and they leave nothing out.

A comment before a code block says what a test does with it: ``file NAME`` writes it to
a file, ``run`` runs its commands, ``same`` also compares what they print, ``output``
compares a block with what the Python block before it printed. Python blocks without a
comment run too, in one namespace per page, and the tests that they define are called.
"""

import contextlib
import dataclasses
import inspect
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import click
import pytest

import isojoule
from isojoule import records
from isojoule.cli import cli
from isojoule.formats.tidy import COLUMNS, tidy_table
from isojoule.normalizers import NORMALIZERS
from isojoule.report.conversion import conversion_records, conversion_table
from isojoule.workloads import suite_table

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
REFERENCE = (DOCS / "reference.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"(?:^<!-- test: (?P<todo>\S+)(?: (?P<name>\S+))? -->\n)?"
    r"^```(?P<language>\S+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def shown(text: str) -> list[str]:
    """Return the lines of an output without layout: blanks and rules."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line.strip("─")]


def commands_of(block: str) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with the output below it."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [tuple(part.partition("\n")[::2]) for part in parts]


def run_command(line: str) -> str:
    done = subprocess.run(line, shell=True, capture_output=True, text=True)
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


def run_python(text: str, page_name: str, names: dict) -> str:
    """Run a block and the tests that it defines; return what it printed."""
    known = set(names)
    with contextlib.redirect_stdout(io.StringIO()) as stream:
        exec(compile(text, page_name, "exec"), names)
    for name in names.keys() - known:
        if name.startswith("test_"):
            with tempfile.TemporaryDirectory() as folder:
                call_test(names[name], Path(folder))
    return stream.getvalue()


def call_test(test: Callable, folder: Path) -> None:
    takes_folder = "tmp_path" in inspect.signature(test).parameters
    test(folder) if takes_folder else test()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs_and_prints_what_the_page_shows(
    page, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ISOJOULE_STORE", str(tmp_path / "store"))
    scripts = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("ISOJOULE_CPU_TDP_W", raising=False)
    names, printed = {}, ""
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        todo, text = block["todo"], block["text"]
        if todo == "file":
            Path(block["name"]).write_text(text, encoding="utf-8")
        elif todo == "output":
            assert shown(printed) == shown(text)
        elif todo in {"run", "same"}:
            for line, output in commands_of(text):
                assert line.startswith("isojoule ")
                result = run_command(line)
                assert todo == "run" or shown(result) == shown(output)
        elif block["language"] == "python":
            assert todo is None
            printed = run_python(text, page.name, names)
        else:
            assert todo is None


def leaves(command: click.Command, path: str):
    """Yield every command that is no group, with its path."""
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from leaves(child, f"{path} {name}")
    else:
        yield path, command


@pytest.mark.parametrize(("path", "command"), [*leaves(cli, "isojoule")])
def test_the_reference_has_every_command_and_exactly_its_options(path, command):
    _, heading, rest = REFERENCE.partition(f"\n### `{path}`\n")
    assert heading
    section = re.split(r"^#{2,3} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    options = {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
        if name.startswith("--")
    }
    assert set(re.findall(r"^\| `(--[a-z0-9-]+)`", section, re.MULTILINE)) == options


@pytest.mark.parametrize("name", isojoule.__all__)
def test_the_reference_has_every_public_name(name):
    assert re.search(rf"isojoule\.{name}$", REFERENCE, re.MULTILINE)


def in_code(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


def test_the_reference_has_every_key_of_a_record():
    keys = {
        field.name
        for record in (
            records.Run,
            records.Workload,
            records.Hardware,
            records.Accelerator,
            records.ComponentEnergy,
            records.Window,
            records.Samples,
            records.Channel,
        )
        for field in dataclasses.fields(record)
    }
    assert keys <= in_code(REFERENCE)


def test_the_reference_has_every_column_and_every_key_of_a_conversion():
    seen = [
        isojoule.Observation(workload, hardware, energy_j)
        for hardware in ("A", "B")
        for workload, energy_j in (("low", 1.0), ("high", 2.0))
    ]
    conversion = isojoule.convert_all(seen, source="A", target="B")
    document = conversion_records(conversion)
    keys = {*document, *document["estimates"][0], *COLUMNS, *COLUMNS.values()}
    for table in (tidy_table([]), conversion_table(conversion), suite_table()):
        keys |= {column.name for column in table.columns}
    assert keys <= in_code(REFERENCE)
    assert NORMALIZERS.keys() <= in_code(REFERENCE)


@pytest.mark.parametrize(
    "vocabulary", ["Component", "EnergySource", "Provenance", "Scope", "Status"]
)
def test_the_nomenclature_has_every_word(vocabulary):
    page = (DOCS / "nomenclature.md").read_text(encoding="utf-8")
    assert set(get_args(getattr(records, vocabulary))) <= in_code(page)


@pytest.mark.slow
def test_the_pages_build_without_a_warning_and_load_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("sphinx", reason="building the pages needs the docs extra")
    pytest.importorskip("furo", reason="building the pages needs the docs extra")
    pytest.importorskip("myst_parser", reason="building the pages needs the docs extra")
    out = tmp_path / "html"
    build = [sys.executable, "-m", "sphinx", "-W", "-q", "-E"]
    done = subprocess.run(
        [*build, "-d", str(tmp_path / "doctrees"), str(DOCS), str(out)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for page in out.glob("*.html"):
        tags = re.findall(r"<(?:script|img|link)\b[^>]*>", page.read_text("utf-8"))
        assert not [tag for tag in tags if "//" in tag]
