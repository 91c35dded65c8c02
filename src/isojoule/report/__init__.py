"""Tables, figures and pages: first gather plain data, then render it.

`describe_runs` gathers a `Page`, `render_html` renders it; `tables` renders a `Table`
for terminal, CSV, JSON and Markdown; `plots` draws. Nothing here prints or reads files.
"""

from isojoule.report.html import render_html
from isojoule.report.page import Fact, Page, Section, describe_runs
from isojoule.report.plots import (
    ConversionPoint,
    Figure,
    conversion_scatter,
    power_over_time,
)
from isojoule.report.tables import (
    format_cell,
    to_csv,
    to_markdown,
    to_records,
    to_rich,
)

__all__ = [
    "ConversionPoint",
    "Fact",
    "Figure",
    "Page",
    "Section",
    "conversion_scatter",
    "describe_runs",
    "format_cell",
    "power_over_time",
    "render_html",
    "to_csv",
    "to_markdown",
    "to_records",
    "to_rich",
]
