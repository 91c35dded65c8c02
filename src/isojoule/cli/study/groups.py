"""isojoule study groups."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isojoule.cli.options import (
    as_json,
    examples,
    gather_runs,
    in_scope,
    in_store,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from isojoule.report.groups_figures import GroupsFigure
    from isojoule.studies.cleaning import CleaningRules
    from isojoule.studies.groups.asking import GroupsQuestion
    from isojoule.studies.groups.study import GroupsStudy

MOST_ROWS = 60
"""Rows of a table in the terminal; the files have all."""


@click.command(
    epilog=examples(
        "isojoule study groups",
        "isojoule study groups runs.parquet --scope node --whole-batches --out groups",
        "isojoule study groups runs.parquet --by batch_size --within hardware",
        "isojoule study groups a.json b.json --quantity energy --score accuracy --json",
    )
)
@click.argument(
    "inputs", nargs=-1, metavar="[INPUT]...", type=click.Path(path_type=Path)
)
@click.option(
    "--quantity",
    type=click.Choice(
        ["energy", "energy_per_sample", "power", "duration", "gpu_utilization"]
    ),
    help="What is compared  [default: energy_per_sample where samples are known, else "
    "energy]",
)
@click.option(
    "--by",
    multiple=True,
    metavar="FACTOR",
    help="hardware, model, task, batch_size, input_size, memory, power_limit, flop, a "
    "setting or a tag; give it again for more  [default: all that differ]",
)
@click.option(
    "--within",
    multiple=True,
    metavar="FACTOR",
    help="What is the same in a comparison, or none; give it again for more  [default: "
    "all else that differs]",
)
@click.option(
    "--where",
    multiple=True,
    metavar="NAME=VALUE",
    help="Keep runs with this factor, setting or tag; give it again for more",
)
@in_scope("Part of the machine  [default: as in the summary of each run]")
@click.option(
    "--score",
    metavar="NAME",
    help="What energy is held against  [default: f1, else accuracy, ...]",
)
@click.option("--lower-is-better", is_flag=True, help="The score is an error or a loss")
@click.option(
    "--correction",
    type=click.Choice(["holm", "bonferroni", "fdr_bh", "none"]),
    default="holm",
    show_default=True,
    help="For the number of tests",
)
@click.option(
    "--whole-batches",
    is_flag=True,
    help="Count only samples that fill a batch, as loaders that drop the rest do",
)
@click.option(
    "--min-epochs",
    type=click.IntRange(0),
    help="Leave shorter trainings out  [default: 20, unless most runs are shorter]",
)
@click.option(
    "--published-cleaning",
    is_flag=True,
    help="Take out outliers too, 10 % of each group, as del Rey et al. (2024)",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Of the search for outliers",
)
@click.option(
    "--allow-mixed",
    is_flag=True,
    help="Compare energies of different scope and provenance",
)
@click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Coverage of the intervals; 1 less it is what p is held against",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for a page, the tables and the figures",
)
@click.option("--no-figures", is_flag=True, help="Leave the figures out of --out")
@in_store
@as_json
def groups(
    inputs: tuple[Path, ...],
    level: float,
    out: Path | None,
    no_figures: bool,
    store_root: Path | None,
    json_: bool,
    **options: Any,  # noqa: ANN401 - the questions of `_question` and `_cleaning`
) -> None:
    """Tell whether groups of trainings differ in energy, and by how much.

    INPUT is any file of runs (records, tidy tables, calibrations, del Rey's table) or
    the folder of a store; the user's store where none is given. Groups are compared
    where all else is the same; what cannot be told apart is named.
    """
    from isojoule.report.groups import groups_document
    from isojoule.report.groups_sentences import summarize_groups
    from isojoule.studies.groups.study import study_groups

    question, cleaning = _question(**options), _cleaning(**options)
    runs = gather_runs(inputs, store_root)
    if cleaning.outliers is None:
        found = study_groups(runs, level=level, question=question, cleaning=cleaning)
    else:
        from isojoule.cli.study.benchmark import progress_of

        with progress_of("searches for outliers") as told:
            found = study_groups(
                runs,
                level=level,
                question=question,
                cleaning=cleaning,
                on_progress=told,
            )
    if out is not None:
        write_groups(found, out, with_figures=not no_figures)
    if json_:
        print_json(groups_document(found))
        return
    if out is None:
        print_groups(found)
    for sentence in summarize_groups(found):
        click.echo(sentence)


def _question(
    *,
    by: tuple[str, ...],
    within: tuple[str, ...],
    **options: Any,  # noqa: ANN401 - checked by click
) -> "GroupsQuestion":
    from isojoule.studies.groups.asking import GroupsQuestion

    held = None if not within else tuple(name for name in within if name != "none")
    names = (
        "quantity",
        "scope",
        "score",
        "lower_is_better",
        "correction",
        "whole_batches",
        "allow_mixed",
    )
    return GroupsQuestion(by=by, within=held, **{name: options[name] for name in names})


def _cleaning(
    *,
    where: tuple[str, ...],
    min_epochs: int | None,
    published_cleaning: bool,
    seed: int,
    **_: object,
) -> "CleaningRules":
    from isojoule.studies.cleaning import MIN_EPOCHS, CleaningRules
    from isojoule.studies.groups.outliers import OutlierSettings

    conditions = []
    for condition in where:
        name, sign, value = condition.partition("=")
        if not (name and sign and value):
            raise click.BadParameter(
                f"{condition!r} is no NAME=VALUE", param_hint="'--where'"
            )
        conditions.append((name.strip(), value.strip()))
    if published_cleaning and min_epochs is None:
        min_epochs = MIN_EPOCHS
    return CleaningRules(
        where=tuple(conditions),
        min_epochs=min_epochs,
        outliers=OutlierSettings(seed=seed) if published_cleaning else None,
    )


def print_groups(found: "GroupsStudy") -> None:
    """Print the steps of the cleaning and the comparisons by each factor."""
    from isojoule.report.groups_tables import (
        cleaning_table,
        overview_table,
        shortened,
        trade_table,
    )

    print_table(cleaning_table(found.cleaned))
    for result in found.factors:
        if result.comparisons:
            print_table(shortened(overview_table(result), MOST_ROWS))
    for board in found.trade_offs:
        print_table(shortened(trade_table(board), MOST_ROWS))


def write_groups(found: "GroupsStudy", out: Path, *, with_figures: bool) -> None:
    """Write a page, the tables as CSV and Markdown, and the figures."""
    from datetime import UTC, datetime

    from isojoule.cli.study.benchmark import progress_of
    from isojoule.formats.files import write_whole
    from isojoule.formats.table import encode_csv
    from isojoule.report.groups_figures import draw_groups
    from isojoule.report.groups_page import describe_groups
    from isojoule.report.groups_tables import groups_tables
    from isojoule.report.html import render_html
    from isojoule.report.markdown import to_markdown

    drawn: tuple[GroupsFigure, ...] = ()
    if with_figures:
        with progress_of("figures") as told:
            drawn = draw_groups(found, on_progress=told)
    for name, table in groups_tables(found).items():
        write_whole(out / "tables" / f"{name}.csv", encode_csv(table))
        write_whole(out / "tables" / f"{name}.md", to_markdown(table))
    for figure in drawn:
        for ending, content in figure.files.items():
            write_whole(out / "figures" / f"{figure.stem}{ending}", content)
    page = describe_groups(found, drawn, now=datetime.now(UTC))
    write_whole(out / "groups.html", render_html(page))
    n_figures = f", {len(drawn)} figures" if with_figures else ""
    say(f"groups.html{n_figures} and the tables are in {out}")
