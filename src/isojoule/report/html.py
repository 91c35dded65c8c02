"""From a `Page` to one HTML file that needs nothing else."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

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
    scripts = (page.script,) if page.script else ()
    return render_template("page.html.j2", scripts=scripts, page=page)


def render_template(name: str, *, scripts: Sequence[str], **values: Any) -> str:  # noqa: ANN401
    """Return a template of the package, filled in.

    Parameters
    ----------
    name : str
        File of the template, made from ``base.html.j2``.
    scripts : sequence of str
        What may run on the page, and nothing else; trusted, so they come with the
        package or with a library.
    **values
        What the template shows; text is escaped.

    Returns
    -------
    str
        A document that loads nothing from anywhere.
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
    template = environment.get_template(name)
    digests = [b64encode(sha256(s.encode()).digest()).decode() for s in scripts]
    return template.render(scripts=scripts, script_digests=digests, **values)
