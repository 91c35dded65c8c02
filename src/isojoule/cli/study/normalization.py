"""isojoule study references, regressions and features: energies carried over."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isojoule.cli.options import (
    Command,
    as_json,
    examples,
    gather_runs,
    in_store,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from isojoule.studies.normalization.results import StudyResult


def shared(command: Command) -> Command:
    """Give a command the inputs and options that the three studies share."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


_SHARED: tuple[Callable[[Command], Command], ...] = (
    click.argument(
        "inputs",
        nargs=-1,
        metavar="[TABLE_OR_STORE]...",
        type=click.Path(path_type=Path),
    ),
    click.option(
        "--pairs",
        multiple=True,
        default=("all",),
        metavar="FROM:TO",
        help="Ordered pair of machines; give it again for more  [default: all]",
    ),
    click.option(
        "--seeds",
        "n_seeds",
        type=click.IntRange(1),
        default=5,
        show_default=True,
        help="Splits of each pair and kind",
    ),
    click.option(
        "--split",
        type=click.Choice(["random", "by-model", "both"]),
        default="both",
        show_default=True,
        help="Hold out 20 % of the workloads, or of the networks",
    ),
    click.option(
        "--metric",
        "metrics",
        type=click.Choice(["r2", "mse_kwh2", "mdape", "male", "nonpositive_fraction"]),
        multiple=True,
        default=("mse_kwh2", "mdape"),
        help="What claims are judged by; give it again for more  [default: mse_kwh2 "
        "and mdape]",
    ),
    click.option("--phase", help="train, inference, ... where the data hold several"),
    click.option(
        "--power-limit",
        "power_limit_w",
        type=float,
        help="Keep runs at this limit, in W  [default: the highest of each machine]",
    ),
    click.option(
        "--min-shared",
        type=int,
        default=8,
        show_default=True,
        help="Fewest workloads that a pair shares",
    ),
    click.option(
        "--allow-mixed",
        is_flag=True,
        help="Accept energies of different scope, provenance or settings",
    ),
    click.option(
        "--level",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=0.95,
        show_default=True,
        help="Coverage of the intervals",
    ),
    click.option(
        "--jobs",
        "n_jobs",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="Processes at a time; the numbers do not depend on it",
    ),
    click.option(
        "--backend",
        type=click.Choice(["loky", "ray", "dask"]),
        default="loky",
        show_default=True,
        help="Where they are: this machine, or a cluster (RAY_ADDRESS, "
        "DASK_SCHEDULER_ADDRESS; else a local one)",
    ),
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        help="Folder for a page, the tables and the figures",
    ),
    click.option("--no-figures", is_flag=True, help="Leave the figures out of --out"),
    in_store,
    as_json,
)


@click.command(
    epilog=examples(
        "isojoule study references energies.parquet",
        "isojoule study references a40.json v100.json --pairs A40:V100 --seeds 100",
        "isojoule study references energies.parquet --out references",
    )
)
@shared
def references(**options: Any) -> None:  # noqa: ANN401 - those of `shared`
    """Compare references: none, one, two, and a share of all workloads.

    TABLE_OR_STORE is any file of runs of two machines or more (records, tidy tables,
    calibrations) or the folder of a store; the user's store where none is given. All
    scores are of workloads that the fits did not see.
    """
    from isojoule.studies.normalization.references import study_references

    _answer(study_references, **options)


@click.command(
    epilog=examples(
        "isojoule study regressions energies.parquet",
        "isojoule study regressions energies.parquet --split by-model --json",
        "isojoule study regressions large.parquet --jobs 8 --backend dask",
    )
)
@shared
def regressions(**options: Any) -> None:  # noqa: ANN401 - those of `shared`
    """Compare curves through all references: line, parabola, support vectors, ...

    TABLE_OR_STORE is any file of runs of two machines or more (records, tidy tables,
    calibrations) or the folder of a store; the user's store where none is given. All
    scores are of workloads that the fits did not see.
    """
    from isojoule.studies.normalization.regressions import study_regressions

    _answer(study_regressions, **options)


@click.command(
    epilog=examples(
        "isojoule study features energies.parquet",
        "isojoule study features energies.parquet --features params --out features",
    )
)
@click.option(
    "--features",
    default="flop,params",
    show_default=True,
    help="What to try beside the source energy: flop, params or both",
)
@shared
def features(features: str, **options: Any) -> None:  # noqa: ANN401 - of `shared`
    """Tell whether FLOP and parameters help beside the source energy.

    TABLE_OR_STORE is any file of runs of two machines or more (records, tidy tables,
    calibrations) or the folder of a store; the user's store where none is given. All
    fits of a pair are made on the workloads that have all the features, and all scores
    are of workloads that the fits did not see.
    """
    from functools import partial

    from isojoule.studies.normalization.features import study_features

    names = [name.strip() for name in features.split(",") if name.strip()]
    _answer(partial(study_features, features=names), **options)


def _answer(
    study: "Callable[..., StudyResult]",
    *,
    inputs: tuple[Path, ...],
    store_root: Path | None,
    split: str,
    level: float,
    out: Path | None,
    no_figures: bool,
    json_: bool,
    **settings: Any,  # noqa: ANN401 - fields of `Settings`
) -> None:
    """Run a study and write or print what it found."""
    from isojoule.studies.normalization.document import study_document
    from isojoule.studies.normalization.running import Settings

    splits = ("random", "by-model") if split == "both" else (split,)
    result = study(
        gather_runs(inputs, store_root),
        level=level,
        settings=Settings(
            splits=splits,
            with_panels=out is not None and not no_figures,
            source_name=", ".join(path.name for path in inputs) or "store",
            **settings,
        ),
    )
    if out is not None:
        from isojoule.report.normalization import write_study

        if not no_figures:
            say(f"{len(result.scores)} fits are scored; drawing them takes longer")
        written = write_study(result, out, with_figures=not no_figures)
        say(f"{len(written)} files are in {out}, the page is {written[0].name}")
    if json_:
        print_json(study_document(result))
    elif out is None:
        _print(result)
    for note in () if json_ else result.notes:
        click.echo(note)


def _print(result: "StudyResult") -> None:
    """Print medians, claims and what was left out."""
    from isojoule.report.normalization_tables import (
        claims_table,
        for_people,
        skipped_table,
        summary_table,
    )

    print_table(for_people(summary_table(result)))
    if result.claims:
        print_table(claims_table(result.claims))
    if result.skipped:
        print_table(skipped_table(result))
