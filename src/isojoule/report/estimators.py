"""What the study of the estimators gave: sentences, plain data for JSON, files."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from typing import Final

from isojoule.errors import StoreError
from isojoule.formats.files import write_whole
from isojoule.formats.table import encode_csv
from isojoule.report.estimators_figures import draw_estimators
from isojoule.report.estimators_page import describe_estimators
from isojoule.report.estimators_tables import (
    boards_table,
    calculators_table,
    cross_validation_table,
    estimator_tables,
    grouped_table,
    held_out_table,
    table10_table,
)
from isojoule.report.html import render_html
from isojoule.report.markdown import to_markdown
from isojoule.report.normalization_axes import StudyFigure
from isojoule.report.tables import to_records
from isojoule.studies.estimators.running import EstimatorStudy

_NAME: Final = "estimators"


def estimators_document(study: EstimatorStudy) -> dict[str, object]:
    """Return a study as plain data, with the keys that ``--json`` documents."""
    leak = study.leak
    return {
        "n_runs": study.n_runs,
        "n_runs_of": dict(study.n_of),
        "level": study.level,
        "scope": study.scope,
        "judged_on": study.judged_on,
        "n_configurations": study.n_configurations,
        "left_out": [{"reason": r, "n_runs": n} for r, n in study.left_out.items()],
        "tables_8_9": to_records(cross_validation_table(study)),
        "held_out": to_records(held_out_table(study)),
        "leak": None
        if leak is None
        else {
            "n_rows": leak.n_rows,
            "n_configurations": leak.n_configurations,
            "validation_seen_fraction": leak.validation_seen_fraction,
            "test_seen_fraction": None
            if isnan(leak.test_seen_fraction)
            else leak.test_seen_fraction,
            "within_configuration_std": {
                str(target): value for target, value in leak.spread.items()
            },
        },
        "table_10": to_records(table10_table(study)),
        "boards": to_records(boards_table(study)),
        "calculators": to_records(calculators_table(study)),
        "grouped": to_records(grouped_table(study)),
        "notes": list(study.notes),
    }


def write_estimators(
    study: EstimatorStudy,
    out: Path,
    *,
    with_figures: bool = True,
    now: datetime | None = None,
) -> list[Path]:
    """Write what was found into a folder, and return the files.

    Parameters
    ----------
    study : EstimatorStudy
        What was found.
    out : Path
        Folder, made if it is not there.
    with_figures : bool, default True
        Whether to draw; without figures matplotlib is not needed.
    now : datetime, optional
        Date of the page, aware; the clock's where it is not given.

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
    figures = draw_estimators(study) if with_figures else ()
    page = describe_estimators(study, figures, now=now or datetime.now(UTC))
    contents = {
        f"{_NAME}.html": render_html(page),
        **dict(_table_files(study)),
        **dict(_figure_files(figures)),
    }
    for name, content in contents.items():
        write_whole(out / name, content)
    return [out / name for name in contents]


def _table_files(study: EstimatorStudy) -> Iterator[tuple[str, bytes | str]]:
    for name, table in estimator_tables(study).items():
        yield f"tables/{_NAME}-{name}.csv", encode_csv(table)
        yield f"tables/{_NAME}-{name}.md", to_markdown(table)


def _figure_files(
    figures: Sequence[StudyFigure],
) -> Iterator[tuple[str, bytes | str]]:
    for figure in figures:
        yield f"figures/{figure.stem}.svg", figure.figure.svg
        for ending, content in figure.files.items():
            yield f"figures/{figure.stem}{ending}", content
