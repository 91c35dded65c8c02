"""The page of a comparison in a browser: it is used here, not only read."""

import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from builders import skip_or_fail
from compared import make_comparison, make_figure, make_submission
from isojoule.report.comparison import page as comparison_page
from isojoule.report.comparison.page import render_comparison
from isojoule.submissions import Problem

pytest.importorskip("matplotlib", reason="figures need the plots extra")
pytest.importorskip("plotly", reason="figures need the plots extra")

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 21, 4, 17, tzinfo=UTC)
HOSTILE = "<img src=x onerror=\"document.title='run'\"><b>\u202e'\"`&lt;"
TWO_FRAMES = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(done));
})"""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="drives the browser")
    chromium = shutil.which("chromium")
    if chromium is None:
        skip_or_fail("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(render_comparison(make_comparison(), now=NOW), encoding="utf-8")
    return path


@contextmanager
def opened(browser, file, **context):
    """A page that may complain of nothing and ask for nothing."""
    complaints, requests = [], []
    with browser.new_context(**context) as tab:
        page = tab.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri())
        yield page
        assert complaints == []
        assert [r for r in requests if not r.startswith(("file:", "data:"))] == []


def wait_for_chart(page):
    page.wait_for_selector("#chart[data-ready]", timeout=60_000)


def labels(page):
    return page.locator("#systems tbody tr:visible th").evaluate_all(
        "heads => heads.map((head) => head.querySelector('bdi').textContent)"
    )


def heading(page, name):
    return page.locator("#systems thead").get_by_role("button", name=name, exact=True)


def test_the_chart_runs_under_the_policy_and_replaces_the_still_one(browser, file):
    with opened(browser, file) as page:
        wait_for_chart(page)
        assert page.locator("#still").count() == 0
        assert page.locator("#chart .scatterlayer .trace").count() > 0
        names = page.locator("#chart .annotation-text").all_text_contents()
        assert "Median: 2.5" in names
        assert "large" in names
        buttons = page.locator("#chart .modebar-btn")
        titles = buttons.evaluate_all("all => all.map((b) => b.dataset.title)")
        assert titles == ["Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"]


def test_a_mark_tells_its_system_where_the_mouse_rests_on_it(browser, file):
    with opened(browser, file) as page:
        wait_for_chart(page)
        marks = page.locator("#chart .scatterlayer .points path")
        marks.last.hover(force=True)
        page.wait_for_selector("#chart .hoverlayer .hovertext")
        told = page.locator("#chart .hoverlayer").text_content()
        assert "large" in told
        assert "train 4.00 kWh (2.00\N{EN DASH}8.00)" in told
        assert "f1 0.50 (0.49\N{EN DASH}0.51)" in told
        assert "P(front) 95 %" in told
        assert "declared, scope not stated" in told
        assert "all.csv:4" in told


def test_a_choice_without_systems_says_so_in_place_of_the_chart(browser, file):
    with opened(browser, file) as page:
        wait_for_chart(page)
        assert not page.is_visible("#empty")
        page.select_option("#metric", "1")
        assert "no system has both" in page.inner_text("#empty")
        assert not page.is_visible("#chart")
        page.select_option("#metric", "0")
        assert not page.is_visible("#empty")
        assert page.is_visible("#chart")


def test_a_page_that_starts_without_a_chart_draws_one_when_it_can(browser, tmp_path):
    small = make_submission("small")
    untrained = replace(small, energies={"test": small.energies["test"]})
    path = tmp_path / "page.html"
    comparison = make_comparison(submissions=[untrained])
    path.write_text(render_comparison(comparison, now=NOW), encoding="utf-8")
    with opened(browser, path) as page:
        assert "an energy of train above 0" in page.inner_text("#empty")
        assert not page.is_visible("#chart")
        page.select_option("#phase", "1")
        wait_for_chart(page)
        assert not page.is_visible("#empty")
        assert page.locator("#chart .scatterlayer .points path").count() > 0


def test_a_click_sorts_and_another_turns_the_order_around(browser, file):
    with opened(browser, file) as page:
        assert labels(page) == ["base", "small", "large", "odd"]
        heading(page, "f1").click()
        assert labels(page) == ["odd", "base", "small", "large"]
        sorted_by = page.locator("#systems th[aria-sort]")
        assert sorted_by.count() == 1
        assert sorted_by.get_attribute("aria-sort") == "ascending"
        heading(page, "f1").click()
        assert labels(page) == ["large", "small", "base", "odd"]
        assert sorted_by.get_attribute("aria-sort") == "descending"


def test_the_keyboard_sorts_too_and_text_is_sorted_as_text(browser, file):
    with opened(browser, file) as page:
        heading(page, "System").focus()
        page.keyboard.press("Enter")
        assert labels(page) == ["base", "large", "odd", "small"]
        page.keyboard.press("Space")
        assert labels(page) == ["small", "odd", "large", "base"]


def test_what_is_not_known_stays_last_in_both_directions(browser, file):
    with opened(browser, file) as page:
        page.select_option("#phase", "1")
        heading(page, "test [kWh]").click()
        assert labels(page)[-1] == "odd"
        heading(page, "test [kWh]").click()
        assert labels(page) == ["large", "base", "small", "odd"]


def test_filters_narrow_the_rows_and_say_how_many_are_left(browser, file):
    with opened(browser, file) as page:
        page.fill("#filter", "ann")
        assert labels(page) == ["small", "large"]
        assert page.inner_text("#count") == "2 of 4 systems"
        page.check("#found")
        assert labels(page) == ["small"]
        page.fill("#filter", "nobody")
        assert labels(page) == []
        assert page.is_visible("#none")
        page.fill("#filter", "")
        page.uncheck("#found")
        page.check("#on-front")
        assert labels(page) == ["small", "large"]
        page.uncheck("#on-front")
        page.select_option("#cohort", label="ann")
        assert labels(page) == ["small", "large"]


def test_columns_follow_the_phase_that_is_chosen(browser, file):
    with opened(browser, file) as page:
        assert heading(page, "train [kWh]").is_visible()
        assert not heading(page, "test [kWh]").is_visible()
        page.select_option("#phase", "1")
        assert heading(page, "test [kWh]").is_visible()
        assert not heading(page, "train [kWh]").is_visible()


def test_a_row_tells_file_and_line_of_its_figures(browser, file):
    with opened(browser, file) as page:
        button = page.get_by_role("button", name="Where figures of small come from")
        button.focus()
        page.keyboard.press("Enter")
        assert button.get_attribute("aria-expanded") == "true"
        told = page.inner_text("#systems tr.sources")
        assert "all.csv:3, kwh: “2.00”" in told
        assert "all.csv:3, f1: “0.40”" in told
        page.keyboard.press("Enter")
        assert page.locator("#systems tr.sources").count() == 0


def test_print_shows_all_rows_and_no_controls(browser, file):
    with opened(browser, file) as page:
        page.fill("#filter", "ann")
        page.emulate_media(media="print")
        assert sorted(labels(page)) == ["base", "large", "odd", "small"]
        assert not page.is_visible("#filter")
        assert not page.is_visible("#phase")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(browser, file, scheme):
    with opened(browser, file, color_scheme=scheme) as page:
        wait_for_chart(page)
        # Relative luminance and contrast as WCAG 2.2 defines them.
        ratios = page.evaluate(
            """() => {
            const probe = document.createElement("canvas")
              .getContext("2d", { willReadFrequently: true });
            const luminance = (color) => {
              probe.fillStyle = color;
              probe.fillRect(0, 0, 1, 1);
              const [r, g, b] = [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3)
                .map((v) => v / 255)
                .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
              return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const contrast = (a, b) => {
              const [x, y] = [luminance(a), luminance(b)];
              return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
            };
            const style = getComputedStyle(document.documentElement);
            const of = (name) => style.getPropertyValue(`--${name}`).trim();
            return [["ink", "paper"], ["soft", "surface"], ["soft", "paper"],
              ["accent", "paper"], ["error", "error-paper"],
              ["warning", "warning-paper"], ["ink", "note-paper"]]
              .map(([a, b]) => [a, b, contrast(of(a), of(b))]);
            }"""
        )
        assert all(ratio >= 4.5 for _, _, ratio in ratios), ratios


def test_the_chart_follows_a_change_of_scheme(browser, file):
    with opened(browser, file, color_scheme="light") as page:
        wait_for_chart(page)
        ink = "document.querySelector('#chart .xtitle').style.fill"
        before = page.evaluate(ink)
        page.emulate_media(color_scheme="dark")
        page.evaluate(TWO_FRAMES)
        assert page.evaluate(ink) != before


def test_a_narrow_screen_scrolls_only_tables(browser, file):
    with opened(browser, file, viewport={"width": 390, "height": 844}) as page:
        wait_for_chart(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_can_be_read_without_scripts(browser, file):
    with opened(browser, file, java_script_enabled=False) as page:
        assert labels_of_static(page) == ["base", "small", "large", "odd"]
        assert page.is_visible("#still svg")
        assert not page.is_visible("#filter")


def labels_of_static(page):
    return page.locator("#systems tbody th bdi").all_inner_texts()


def test_rows_that_the_script_makes_are_like_those_of_the_page(
    browser, tmp_path, monkeypatch
):
    rows = []
    for n_rows in (500, 0):
        monkeypatch.setattr(comparison_page, "N_ROWS", n_rows)
        document = render_comparison(make_comparison(), now=NOW, with_figures=False)
        path = tmp_path / f"{n_rows}.html"
        path.write_text(document, encoding="utf-8")
        with opened(browser, path) as page:
            rows.append(page.inner_html("#systems tbody"))
    assert rows[0].replace(' class="number"', "") == rows[1].replace(
        ' class="number"', ""
    )


def hostile():
    """Names that try to run a script, in the table, the chart and the findings."""
    bad = replace(
        make_submission("small"),
        label=HOSTILE,
        team=HOSTILE,
        name=HOSTILE,
        scores={
            "f1": replace(make_figure(HOSTILE, 0.4, field=HOSTILE)),
        },
        problems=(Problem("error", HOSTILE),),
    )
    comparison = make_comparison(submissions=[bad, make_submission("large")])
    findings = tuple(
        replace(f, label=HOSTILE, team=HOSTILE, text=HOSTILE, mail=HOSTILE)
        for f in comparison.findings
    )
    return replace(comparison, findings=findings)


def test_hostile_names_are_shown_and_run_nothing(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(render_comparison(hostile(), now=NOW), encoding="utf-8")
    with opened(browser, path) as page:
        wait_for_chart(page)
        title = page.title()
        assert labels(page)[0].startswith("<img src=x onerror=")
        page.get_by_role("button", name="Where figures of <img").click()
        assert page.locator("#systems tr.sources img").count() == 0
        marks = page.locator("#chart .scatterlayer .points path")
        for k in range(marks.count()):
            marks.nth(k).hover(force=True)
            page.wait_for_selector("#chart .hoverlayer .hovertext")
        page.locator("#chart").hover(position={"x": 3, "y": 3})
        names = page.locator("#chart .annotation-text").all_text_contents()
        assert any(name.startswith("<img src=x") for name in names)
        assert page.locator("main img").count() == 0
        assert page.title() == title
