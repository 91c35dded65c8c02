"""A normalization study as files: tables, figures, a page."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from isojoule.errors import StoreError
from isojoule.formats.files import write_whole
from isojoule.formats.table import encode_csv
from isojoule.report.html import render_html
from isojoule.report.latex import to_latex
from isojoule.report.markdown import to_markdown
from isojoule.report.normalization_axes import StudyFigure
from isojoule.report.normalization_figures import draw_study
from isojoule.report.normalization_page import describe_study
from isojoule.report.normalization_tables import (
    data_tables,
    file_tables,
    for_people,
)
from isojoule.studies.normalization.results import StudyResult


def write_study(
    result: StudyResult,
    out: Path,
    *,
    with_figures: bool = True,
    now: datetime | None = None,
) -> list[Path]:
    """Write what a study found into a folder, and return the files.

    Parameters
    ----------
    result : StudyResult
        What was found.
    out : Path
        Folder, made if it is not there. Files of another of the studies stay: all
        names begin with that of the study.
    with_figures : bool, default True
        Whether to draw; without figures matplotlib is not needed.
    now : datetime, optional
        Date of the page, aware; the clock's where it is not given. All other files are
        the same, byte by byte, for the same result.

    Returns
    -------
    list of Path
        The page first, then tables and figures.

    Raises
    ------
    StoreError
        If `out` is a file or cannot be written.
    MissingExtraError
        If matplotlib is not installed; nothing is written then.
    """
    if out.exists() and not out.is_dir():
        raise StoreError(f"cannot write into {out}: it is a file; name a folder")
    figures = draw_study(result) if with_figures else ()
    page = describe_study(result, figures, now=now or datetime.now(UTC))
    contents: dict[str, bytes | str] = {
        f"{result.study}.html": render_html(page),
        **_table_files(result),
        **_figure_files(figures),
    }
    for name, content in contents.items():
        write_whole(out / name, content)
    return [out / name for name in contents]


def _table_files(result: StudyResult) -> dict[str, str]:
    files = {}
    for name, table in file_tables(result).items():
        stem = f"tables/{result.study}-{name}"
        files[f"{stem}.csv"] = encode_csv(table)
        files[f"{stem}.md"] = to_markdown(for_people(table))
        files[f"{stem}.tex"] = to_latex(for_people(table))
    for name, table in data_tables(result).items():
        files[f"tables/{result.study}-{name}.csv"] = encode_csv(table)
    return files


def _figure_files(figures: Sequence[StudyFigure]) -> dict[str, bytes]:
    return {
        f"figures/{figure.stem}{ending}": content
        for figure in figures
        for ending, content in figure.files.items()
    }
