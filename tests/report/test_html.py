import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from builders import skip_or_fail
from isojoule.records import ComponentEnergy
from isojoule.report.conversion_figure import ConversionPoint, conversion_scatter
from isojoule.report.html import render_html
from isojoule.report.page import Page, Section
from isojoule.report.runs import describe_runs


class _Elements(HTMLParser):
    """The start tags of a document with their attributes."""

    def __init__(self, document):
        super().__init__()
        self.found = []
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def page(sampled_run, make_run, now):
    hostile = make_run(
        "<script>alert(1)</script>",
        energies=(ComponentEnergy("cpu", 1500.0, "modelled"),),
        warnings=("<img src=x onerror=alert(1)>",),
        origin="model & guess",
    )
    return describe_runs([sampled_run, hostile], now=now)


def test_names_are_text_and_never_markup(page):
    document = render_html(page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in document
    tags = {tag for tag, _ in _Elements(document).found}
    assert not tags & {"script", "img"}


def test_the_page_loads_nothing(page):
    document = render_html(page)
    for _, attributes in _Elements(document).found:
        for name in ("src", "href", "xlink:href"):
            assert attributes.get(name, "#").startswith(("#", "data:"))
    assert "@import" not in document
    assert not re.search(r"url\((?!#)", document)
    assert "default-src 'none'" in document


def test_the_page_has_language_headings_captions_and_scopes(page):
    elements = _Elements(render_html(page)).found
    tags = [tag for tag, _ in elements]
    assert ("html", {"lang": "en"}) in elements
    assert [t for t in tags if t in {"h1", "h2", "h3"}] == ["h1"] + ["h2"] * 6
    assert tags.count("caption") == tags.count("table") == 4
    assert all(a.get("scope") == "col" for t, a in elements if t == "th")
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_numbers_are_shown_with_their_unit(page):
    document = render_html(page)
    assert '<td class="number">3 kJ</td>' in document
    assert '<td class="number">150 W</td>' in document  # 3000 J in 20 s


def test_the_notice_stands_before_the_facts(page, make_run, now):
    document = render_html(page)
    note = document.index('role="note"')
    assert note < document.index('<dl class="facts">')
    assert "modelled" in document[note : note + 200]
    assert 'role="note"' not in render_html(describe_runs([make_run()], now=now))


def test_the_date_is_shown_in_utc(page):
    assert "2026-11-21 04:17 UTC</time>" in render_html(page)


def test_a_page_without_facts_and_with_one_paragraph_renders(now):
    page = Page(
        title="T",
        lead="L",
        facts=(),
        sections=(Section("S", ("only <one>",)),),
        generated_by="test",
        created_at=now,
    )
    assert '<p class="text">only &lt;one&gt;</p>' in render_html(page)


@pytest.mark.slow
def test_chromium_shows_the_page_without_a_complaint(page, now, tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        skip_or_fail("chromium is not installed")
    points = [ConversionPoint("mlp", 10.0, 12.0, 9.0, 15.0, False, True)]
    scatter = conversion_scatter(
        points, provenance="measured", source_name="a", target_name="b", level=0.9
    )
    sections = (*page.sections, Section("Conversion", figure=scatter))
    both = Page(
        title=page.title,
        lead=page.lead,
        facts=page.facts,
        sections=sections,
        generated_by=page.generated_by,
        created_at=now,
        notice=page.notice,
    )
    file = tmp_path / "page.html"
    file.write_text(render_html(both), encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--enable-logging=stderr",
        "--v=0",
        "--dump-dom",
    ]
    shown = subprocess.run(
        [chromium, *flags, f"--user-data-dir={tmp_path / 'profile'}", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert "Energy of each run</caption>" in shown.stdout
    assert shown.stdout.count('role="img"') == 2
    assert not [line for line in shown.stderr.splitlines() if "CONSOLE" in line]


def test_a_page_without_a_script_allows_none(page):
    document = render_html(page)
    assert "script-src" not in document
    assert "<script>" not in document
