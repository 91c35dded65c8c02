import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from compared import KWH, make_comparison, make_figure, make_rules, make_submission
from isojoule.comparison.rules import Amendment, Carbon, Waiver
from isojoule.errors import MissingExtraError
from isojoule.report.comparison import page as comparison_page
from isojoule.report.comparison.page import render_comparison
from isojoule.submissions import Problem

HOSTILE = '</script><img src=x onerror="alert(1)">\u202e' + "x" * 300


class Elements(HTMLParser):
    """The start tags of a document with their attributes."""

    def __init__(self, document):
        super().__init__()
        self.found = []
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def light(now):
    return render_comparison(make_comparison(), now=now, with_figures=False)


def data_of(document):
    pattern = r'<script type="application/json" id="comparison-data">(.*?)</script>'
    (text,) = re.findall(pattern, document, flags=re.DOTALL)
    return json.loads(text)


def test_the_page_loads_nothing_and_lets_its_own_scripts_run_alone(light):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', light)[1]
    scripts = re.findall(r"<script>(.*?)</script>", light, flags=re.DOTALL)
    digests = [b64encode(sha256(s.encode()).digest()).decode() for s in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    assert policy.startswith(f"default-src 'none'; script-src {allowed}; style-src")
    for tag, attributes in Elements(light).found:
        assert not any(name.startswith("on") for name in attributes), tag
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:"))


def test_the_table_can_be_sorted_by_real_buttons_and_says_how_it_is(light):
    elements = Elements(light).found
    start = next(i for i, (t, a) in enumerate(elements) if a.get("id") == "systems")
    end = next(i for i, (t, _) in enumerate(elements) if i > start and t == "tbody")
    head = elements[start:end]
    columns = [a for t, a in head if t == "th"]
    assert all(a["scope"] == "col" for a in columns)
    assert [a["type"] for t, a in head if t == "button"] == ["button"] * len(columns)
    assert [a["aria-sort"] for a in columns if "aria-sort" in a] == ["ascending"]
    rows = [a for t, a in elements[end:] if t == "th" and a.get("scope") == "row"]
    assert len(rows) == 4


def test_every_table_has_a_caption_and_every_control_a_label(light):
    elements = Elements(light).found
    tags = [tag for tag, _ in elements]
    assert tags.count("caption") == tags.count("table")
    labelled = {a["for"] for t, a in elements if t == "label" and "for" in a}
    assert labelled >= {"phase", "metric", "cohort", "filter"}
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))
    anchors = {a["href"][1:] for t, a in elements if t == "a"}
    assert anchors <= set(ids)


def test_cells_tell_where_they_come_from_in_the_page_and_to_its_script(light):
    source = "all.csv:3, kwh"
    titles = [
        a["title"] for t, a in Elements(light).found if t == "td" and "title" in a
    ]
    assert any(source in title for title in titles)
    (small,) = (s for s in data_of(light)["systems"] if s["cells"][0][0] == "small")
    assert small["energies"][0][:3] == [1.0, 0.5, 2.0]
    assert small["energies"][0][4] == "all.csv:3"
    assert any(source in cell[3] for cell in small["cells"] if len(cell) > 3)


def test_a_notice_above_the_chart_leads_to_what_needs_attention(light):
    order = [
        "1 system has a figure that cannot be right",
        'id="systems"',
        '<h2 id="attention">',
        "3000 W on one &lt;GPU&gt;.",
        "Waived by",
    ]
    found = [light.index(text) for text in order]
    assert found == sorted(found)
    assert "Please check your energy." in light
    assert "Waived: three decimals were asked for" in light


def test_an_amendment_strikes_the_original_through(now):
    amended = make_figure(
        "1.00", KWH, field="kwh", original=make_figure("9", 9 * KWH), reason="typing"
    )
    rules = make_rules(
        amendments=(
            Amendment(label="base", field="train_energy_kwh", value=1, reason="typing"),
        )
    )
    changed = make_submission("base", energies={"train": amended})
    comparison = make_comparison(rules=rules, submissions=[changed])
    document = render_comparison(comparison, now=now, with_figures=False)
    assert "<del>9.00 kWh</del> <ins>1.00 kWh</ins>" in document
    assert document.count("<del>9.00</del>") == 1  # its cell


def test_carbon_is_a_block_apart_and_only_where_it_is_asked_for(light, now):
    assert "CO2" not in light
    rules = make_rules(carbon=Carbon(country="France", pue=1.5))
    document = render_comparison(
        make_comparison(rules=rules), now=now, with_figures=False
    )
    block = document[document.index("Carbon and building, not ranked</h2>") :]
    assert "Not a ranking" in block
    assert "are ignored" in block
    assert "PUE 1.5 is a multiplier" in block
    unknown = make_rules(carbon=Carbon(country="Atlantis"))
    told = render_comparison(
        make_comparison(rules=unknown), now=now, with_figures=False
    )
    assert "No carbon figures" in told


def test_limits_and_inputs_close_the_page(light):
    limits, inputs = light.index("Limits of these data</h2>"), light.index("ab" * 32)
    assert limits < inputs
    assert light.index("Caps, front and cost: ann</h2>") < limits


def test_a_light_page_says_that_figures_were_left_out(light):
    assert "Figures were left out of this page." in light
    assert "<svg" not in light
    assert len(light) < 200_000


def test_a_page_without_the_libraries_says_what_to_install(now, monkeypatch):
    def refuse(*_):
        raise MissingExtraError("plots", "drawing figures")

    monkeypatch.setattr(comparison_page, "draw_comparison", refuse)
    monkeypatch.setattr(comparison_page, "plotly_script", refuse)
    document = render_comparison(make_comparison(), now=now)
    assert "No still figures" in document
    assert "No interactive chart" in document
    assert "isojoule[plots]" in document


def hostile_comparison():
    """Names that try to become markup everywhere a name can stand."""
    small = make_submission("small")
    figure = make_figure(HOSTILE, None, problem=HOSTILE, field=HOSTILE)
    hostile = replace(
        small,
        label=HOSTILE,
        team=HOSTILE,
        name=HOSTILE,
        scores={**small.scores, "eer": figure},
        problems=(Problem("error", HOSTILE),),
    )
    rules = make_rules(
        edition=HOSTILE,
        hardware=HOSTILE,
        waivers=(Waiver(check="few-digits", label="*", reason=HOSTILE),),
    )
    comparison = make_comparison(
        rules=rules, submissions=[hostile, make_submission("large")]
    )
    findings = tuple(
        replace(f, label=HOSTILE, team=HOSTILE, text=HOSTILE, mail=HOSTILE)
        for f in comparison.findings
    )
    return replace(comparison, findings=findings, empty_cohorts=(HOSTILE,))


def test_names_are_text_and_never_markup(now):
    document = render_comparison(hostile_comparison(), now=now, with_figures=False)
    tags = [tag for tag, _ in Elements(document).found]
    assert "img" not in tags
    assert tags.count("script") == 2  # the data and the script of the page
    assert "\u202e" not in document
    labels = [system["cells"][0][0] for system in data_of(document)["systems"]]
    assert any(label.startswith("</script><img") for label in labels)


def test_a_comparison_of_nothing_still_makes_a_page(now):
    comparison = make_comparison(
        submissions=[],
        findings=(),
        rankings={},
        weighted={},
        cohorts={},
        empty_cohorts=("all systems",),
        files=(),
    )
    document = render_comparison(comparison, now=now, with_figures=False)
    assert "The checks found nothing that does not fit." in document
    assert "Nobody belongs to: all systems." in document


def test_rows_beyond_those_of_the_page_are_left_to_the_script(now, monkeypatch):
    monkeypatch.setattr(comparison_page, "N_ROWS", 2)
    document = render_comparison(make_comparison(), now=now, with_figures=False)
    assert document.count('<th scope="row"') == 2
    assert len(data_of(document)["systems"]) == 4
