"""isojoule suite run."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isojoule.cli.options import (
    as_json,
    examples,
    in_store,
    open_store,
    print_json,
    print_table,
    progress,
    say,
)
from isojoule.cli.suite.check import calibration_document, problem_lines

if TYPE_CHECKING:
    from isojoule.records import Hardware, Run
    from isojoule.store import RunStore
    from isojoule.suite import Clips, Job, Rules, Session


@click.command(
    epilog=examples(
        "isojoule suite run --fast",
        "isojoule suite run --subset quick --device cpu",
        "isojoule suite run --subset dual --device cuda:0 --repeats 3",
        "isojoule suite run mlp-1x512 cnn-2x128 --phase train --out here.json",
        "isojoule suite run --data desed --mode as-published --subset medoid-4",
        "isojoule suite run --subset full --launcher slurm --slurm partition=gpu",
    )
)
@click.argument("names", nargs=-1)
@click.option(
    "--subset", "subsets", multiple=True, help="dual, quick, medoid-4 or full"
)
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda:N")
@click.option("--threads", type=click.IntRange(1), help="Compute threads on the CPU")
@click.option(
    "--phase",
    "phases",
    multiple=True,
    type=click.Choice(["train", "test"]),
    help="Training or inference  [default: both]",
)
@click.option(
    "--mode",
    default="device-only",
    show_default=True,
    type=click.Choice(["device-only", "as-published"]),
    help="Clips on the device beforehand, or decoded in every step",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder of recordings in the layout of DESED  [default: made-up sounds]",
)
@click.option(
    "--loss",
    default="softmax",
    show_default=True,
    type=click.Choice(["softmax", "sigmoid"]),
    help="Before the cross-entropy: as in the authors' code, or as in their paper",
)
@click.option("--tf32", is_flag=True, help="Let float32 products round to TF32")
@click.option("--cudnn-benchmark", is_flag=True, help="Let cuDNN try its algorithms")
@click.option(
    "--epochs",
    "n_epochs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Fewest epochs in a run; ten as published",
)
@click.option(
    "--repeats",
    "n_repeats",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Runs of each model and phase",
)
@click.option(
    "--fast", is_flag=True, help="Short form, labelled so: a few seconds each"
)
@click.option(
    "--steps", "n_steps", type=click.IntRange(1), help="Exactly so many steps"
)
@click.option(
    "--seconds",
    "duration_s",
    type=click.FloatRange(0.1),
    help="Shortest run  [default: 60, with --fast 3]",
)
@click.option("--seed", default=0, show_default=True, help="Of weights, sounds, order")
@click.option("--again", is_flag=True, help="Measure also what the store holds already")
@click.option(
    "--launcher",
    type=click.Choice(["local", "slurm"]),
    help="Submit each model as a job of its own",
)
@click.option(
    "--slurm",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Option for Slurm, such as partition=gpu",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Calibration file  [default: calibration-HARDWARE-MODE.json here]",
)
@in_store
@as_json
@click.pass_context
def run(
    context: click.Context,
    /,
    names: tuple[str, ...],
    subsets: tuple[str, ...],
    out: Path | None,
    store_root: Path | None,
    again: bool,
    json_: bool,
    **_: object,
) -> None:
    """Measure reference models here and write a calibration file.

    Each model rests, warms up until pace and power are steady, and runs for a minute or
    longer, in training and in inference. After Ctrl-C the same command goes on where it
    stopped.
    """
    from isojoule.suite import open_clips
    from isojoule.workloads import resolve

    options = context.params
    models = resolve([*subsets, *names] or ["quick"])
    session = _session(tuple(models), options)
    hardware = _hardware_here(session, options["launcher"])
    with open_store(store_root, create=True) as store:
        folder = store.root / "jobs"
        for left in _left_behind(folder):
            store.add(left)
        past = store.runs()
        kept = {} if again else session.kept(past, hardware)
        jobs = [job for job in session.jobs() if job not in kept]
        if kept:
            say(f"{len(kept)} runs are in the store already; --again repeats them")
        if not jobs:
            made: Iterable[Run] = []
        elif options["launcher"]:
            made = _launched(session, jobs, store, options)
        else:
            clips = open_clips(session.settings, options["data"])
            here = [r for r in past if hardware and r.hardware.name == hardware.name]
            made = _measured(session, jobs, store, clips=clips, past=here)
        runs = [*kept.values(), *made]
        _finish(runs, session.rules, out=out, json_=json_)


def _session(models: tuple[Any, ...], options: dict[str, Any]) -> "Session":
    """Return what the options ask for."""
    from isojoule.suite import Configuration, Session, Settings
    from isojoule.suite.clips import kind_of

    return Session(
        models,
        Configuration(options["device"], options["threads"]),
        Settings(
            mode=options["mode"],
            loss=options["loss"],
            tf32=options["tf32"],
            cudnn_benchmark=options["cudnn_benchmark"],
            data=kind_of(options["data"]),
            seed=options["seed"],
        ),
        _rules(options),
        tuple(dict.fromkeys(options["phases"])) or ("train", "test"),
    )


def _rules(options: dict[str, Any]) -> "Rules":
    """Return the run rules; whatever is shorter than the standard has another name."""
    from isojoule.suite import FAST, STANDARD

    rules = replace(
        FAST if options["fast"] else STANDARD,
        n_epochs=options["n_epochs"],
        n_repeats=options["n_repeats"],
        n_steps=options["n_steps"],
    )
    if options["duration_s"] is not None:
        rules = replace(rules, min_duration_s=options["duration_s"])
    if options["fast"] or rules.is_standard:
        return rules
    return replace(rules, name="custom", min_readings=1)


def _hardware_here(session: "Session", launcher: str | None) -> "Hardware | None":
    """Return the machine that will measure; `None` where a scheduler chooses it."""
    from isojoule.suite import hardware_of

    return None if launcher == "slurm" else hardware_of(session.configuration)


def _left_behind(folder: Path) -> "Iterator[Run]":
    """Yield the runs of submitted jobs that nobody waited for to the end."""
    from isojoule.suite.launch import gather

    for group in sorted(folder.glob("*/")):
        if group.name != "logs":
            yield from gather(group)


def _measured(
    session: "Session",
    jobs: "Sequence[Job]",
    store: "RunStore",
    *,
    clips: "Clips",
    past: "Sequence[Run]",
) -> "Iterator[Run]":
    """Yield the runs of `jobs`, made in this process; tell beforehand what it takes."""
    from isojoule.suite import run_jobs
    from isojoule.suite.forecast import forecast
    from isojoule.units import format_duration, format_energy

    say("a probe of a few seconds tells what this will take")
    expected = forecast(session, jobs, clips=clips, past=past)
    energy = "" if expected.energy_j is None else format_energy(expected.energy_j)
    say(
        f"{len(jobs)} runs, about {format_duration(expected.total_s)}"
        + (f" and {energy}" if energy else "")
        + ("" if session.rules.name == "fast" else "; --fast is the short form")
    )
    with progress() as bar:
        task = bar.add_task("", total=len(jobs))

        def show(job: "Job", stage: str) -> None:
            bar.update(task, description=f"{job}: {stage}")

        left_s = expected.total_s
        for job, run in zip(
            jobs,
            run_jobs(session, jobs, clips=clips, store=store, on_stage=show),
            strict=True,
        ):
            left_s = max(0.0, left_s - expected.duration_s[job])
            bar.advance(task)
            bar.update(task, description=f"about {left_s / 60:.0f} min to go")
            yield run


def _launched(
    session: "Session",
    jobs: "Sequence[Job]",
    store: "RunStore",
    options: dict[str, Any],
) -> "Iterator[Run]":
    """Yield the runs of `jobs`, submitted to a scheduler, once the store has them.

    Raises
    ------
    click.UsageError
        If an option for the scheduler is no pair.
    """
    from isojoule.suite.launch import launch

    pairs = [option.partition("=") for option in options["options"]]
    if any(not (name and value) for name, _, value in pairs):
        raise click.UsageError("--slurm takes NAME=VALUE, as in partition=gpu")
    with progress() as bar:
        task = bar.add_task("submitting", total=len(jobs))

        def show(job: "Job", stage: str) -> None:
            bar.update(task, description=f"{job.model.name}: {stage}")

        for run in launch(
            session,
            jobs,
            launcher=options["launcher"],
            folder=store.root / "jobs",
            data=options["data"],
            options={name: value for name, _, value in pairs},
            on_stage=show,
        ):
            store.add(run)
            bar.advance(task)
            yield run


def _finish(
    runs: "Sequence[Run]", rules: "Rules", *, out: Path | None, json_: bool
) -> None:
    """Write a calibration for each machine that measured; print what is in it.

    Raises
    ------
    InsufficientDataError
        If there is no run, or none with an energy.
    """
    from isojoule.errors import InsufficientDataError
    from isojoule.formats.calibration import write_calibration
    from isojoule.suite.calibration import calibration_table, make_calibration
    from isojoule.suite.checks import check_calibration, is_accepted

    if not runs:
        raise InsufficientDataError("no job gave a run: their logs tell why")
    by_machine: dict[str, list[Run]] = {}
    for made in runs:
        by_machine.setdefault(made.hardware.name, []).append(made)
    documents = []
    for name, group in by_machine.items():
        calibration = make_calibration(
            group, group[-1].hardware, rules, now=datetime.now(UTC)
        )
        path = _path_of(name, group[0].workload.mode or "", rules, out, len(by_machine))
        digest = write_calibration(path, calibration)
        problems = check_calibration(calibration)
        document = calibration_document(calibration, problems)
        documents.append({"calibration": str(path), "sha256": digest, **document})
        if not json_:
            print_table(calibration_table(calibration.runs))
            click.echo("\n".join(problem_lines(problems)))
            verdict = "accepted" if is_accepted(problems) else "NOT accepted"
            click.echo(f"Calibration: {path} ({verdict} by isojoule suite check)")
    if json_:
        print_json({"calibrations": documents})


def _path_of(
    hardware: str, mode: str, rules: "Rules", out: Path | None, n_machines: int
) -> Path:
    """Return where to write: as asked for, apart where there are several machines."""
    words = re.sub(r"[^a-z0-9]+", "-", hardware.lower()).strip("-")
    if out is not None:
        apart = out.with_name(f"{out.stem}-{words}{out.suffix}")
        return out if n_machines == 1 else apart
    label = "" if rules.name == "standard" else f"-{rules.name}"
    return Path(f"calibration-{words}-{mode}{label}.json")
