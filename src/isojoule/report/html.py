"""From a `Page` to one HTML file that needs nothing else."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

from isojoule.report.page import Page
from isojoule.report.tables import format_cell, is_numeric


def _format_date(date: datetime) -> str:
    return f"{date.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def render_html(page: Page) -> str:
    """Return `page` as one self-contained HTML document.

    Parameters
    ----------
    page : Page
        What to show; all text in it is escaped, only `Figure.svg` and the script are
        not.

    Returns
    -------
    str
        A document that loads nothing from anywhere. Its policy allows no script but
        that of the page, by its hash.
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
    digest = b64encode(sha256(page.script.encode()).digest()).decode()
    template = environment.get_template("page.html.j2")
    return template.render(page=page, script_digest=digest)
