"""From a `Page` to one HTML file that needs nothing else."""

from datetime import UTC, datetime

from isojoule.report.page import Page
from isojoule.report.tables import format_cell, is_numeric


def _format_date(date: datetime) -> str:
    return f"{date.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def render_html(page: Page) -> str:
    """Return `page` as one self-contained HTML document.

    Parameters
    ----------
    page : Page
        What to show; all text in it is escaped, only `Figure.svg` is not.

    Returns
    -------
    str
        A document without scripts that loads nothing from anywhere.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("isojoule.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["date"] = _format_date
    environment.globals.update(format_cell=format_cell, is_numeric=is_numeric)
    return environment.get_template("page.html.j2").render(page=page)
