"""isojoule suite plan."""

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isojoule.cli.options import as_json, examples, print_json, print_table, say

if TYPE_CHECKING:
    from isojoule.records import Run
    from isojoule.suite.candidates import Question
    from isojoule.suite.choosing import Budget, Cost, Plan
    from isojoule.workloads import ReferenceModel

_DURATION = re.compile(
    r"(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<min>\d+(?:\.\d+)?)min)?(?:(?P<s>\d+(?:\.\d+)?)s)?"
)
_SECONDS = {"h": 3600.0, "min": 60.0, "s": 1.0}


class Duration(click.ParamType[float]):
    """A time such as 90s, 30min or 1h30min, in seconds."""

    name = "time"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the time [s]."""
        if isinstance(value, float):
            return value
        found = _DURATION.fullmatch(str(value).replace(" ", ""))
        parts = found.groupdict() if found else {}
        duration_s = sum(_SECONDS[u] * float(n) for u, n in parts.items() if n)
        if not duration_s > 0:
            self.fail(f"{value!r} is no time such as 90s, 30min or 1h30min", param, ctx)
        return duration_s


@click.command(
    epilog=examples(
        "isojoule suite plan --k 4",
        "isojoule suite plan --time 30min --device cuda:0",
        "isojoule suite plan --budget-kwh 0.05 --have calibration-here.json",
        "isojoule suite plan --k 2 --source theirs.json --from A40 --for cnn,crnn",
    )
)
@click.option("--k", "n_runs", type=click.IntRange(1), help="So many runs")
@click.option(
    "--time",
    "duration_s",
    type=Duration(),
    help="Runs that fit into a time, such as 30min",
)
@click.option(
    "--budget-kwh",
    type=click.FloatRange(0, min_open=True),
    help="Runs that fit into an energy, in kWh",
)
@click.option(
    "--have",
    multiple=True,
    type=click.Path(path_type=Path),
    help="File with runs of this machine: their models count as run",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Table or calibration with measurements of the other machine",
)
@click.option("--from", "machine", help="The other machine, where --source has several")
@click.option(
    "--for",
    "targets",
    multiple=True,
    help="What will be asked for: a table or file of runs, or families (mlp, cnn, rnn, "
    "crnn), subsets or models, with commas  [default: all 43 models]",
)
@click.option(
    "--subset",
    "subsets",
    multiple=True,
    help="Models that may be run: dual, quick, medoid-4, full, or a model  "
    "[default: full]",
)
@click.option(
    "--phase",
    default="train",
    show_default=True,
    type=click.Choice(["train", "test"]),
    help="Training or inference",
)
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda:N")
@click.option("--threads", type=click.IntRange(1), help="Compute threads on the CPU")
@click.option("--fast", is_flag=True, help="Plan runs in the short form")
@as_json
@click.pass_context
def plan(
    context: click.Context,
    /,
    n_runs: int | None,
    duration_s: float | None,
    budget_kwh: float | None,
    have: tuple[Path, ...],
    json_: bool,
    **_: object,
) -> None:
    """Tell which reference models to run here so that estimates get narrowest.

    A reference is worth the more the less the others tell of the workloads asked for.
    Without --source their sizes are taken from FLOP; without --time and --budget-kwh
    nothing is run, else a probe of a few seconds tells what each model takes here.
    """
    from isojoule.normalizers.joint.prior import bundled
    from isojoule.suite.choosing import choose, plan_document, plan_table

    budget = _budget(n_runs, duration_s, budget_kwh)
    past = _runs_here(have)
    question = _question(past, context.params)
    costs = None
    if budget.n_runs is None:
        costs = _costs(question, past, context.params)
    chosen = choose(bundled().prior, question, budget, costs=costs)
    command = _command(chosen, context.params)
    if json_:
        print_json({**plan_document(chosen), "command": command})
        return
    print_table(plan_table(chosen))
    for line in _lines(chosen, command):
        click.echo(line)


def _budget(
    n_runs: int | None, duration_s: float | None, budget_kwh: float | None
) -> "Budget":
    """Return the budget asked for.

    Raises
    ------
    click.UsageError
        Unless it is exactly one, and finite.
    """
    from isojoule.suite.choosing import Budget
    from isojoule.units import kwh_to_j

    given = sum(value is not None for value in (n_runs, duration_s, budget_kwh))
    if budget_kwh is not None and not isfinite(budget_kwh):
        raise click.UsageError(f"--budget-kwh takes an energy in kWh, not {budget_kwh}")
    if given != 1:
        raise click.UsageError(
            "a plan needs one of --k (runs), --time (such as 30min) and --budget-kwh; "
            f"{given} were given"
        )
    energy_j = None if budget_kwh is None else kwh_to_j(budget_kwh)
    return Budget(n_runs, duration_s, energy_j)


def _runs_here(files: Sequence[Path]) -> "list[Run]":
    """Return the runs of this machine.

    Raises
    ------
    click.UsageError
        If they are of several.
    """
    from isojoule.formats import read_runs

    runs = [run for file in files for run in read_runs(file)]
    machines = sorted({run.hardware.name for run in runs})
    if len(machines) > 1:
        raise click.UsageError(
            f"--have takes runs of this machine alone, found {', '.join(machines)}"
        )
    return runs


def _question(past: "Sequence[Run]", options: Mapping[str, Any]) -> "Question":
    """Return what could be run, what is asked for, and what has run.

    Raises
    ------
    click.UsageError
        If a machine is named without measurements of it.
    """
    from isojoule.formats import read_runs
    from isojoule.suite.candidates import ask, known_on
    from isojoule.suite.plan import is_too_large
    from isojoule.workloads import resolve

    phase, machine = options["phase"], options["machine"]
    if machine and not options["sources"]:
        raise click.UsageError("--from names a machine of the file in --source")
    measured = [run for file in options["sources"] for run in read_runs(file)]
    source = known_on(measured, machine, phase) if options["sources"] else None
    mine = [run for run in past if run.workload.phase == phase]
    too_large = {run.workload.name for run in mine if is_too_large(run)}
    wanted_models, wanted_runs = _wanted(options["targets"])
    models = resolve(options["subsets"] or ["full"])
    return ask(
        [model for model in models if model.name not in too_large],
        phase,
        source=source,
        wanted_models=wanted_models,
        wanted_runs=wanted_runs,
        have={run.workload.name for run in mine if run.status == "complete"},
    )


def _wanted(targets: Sequence[str]) -> "tuple[list[ReferenceModel], list[Run]]":
    """Return the models and the runs that are asked for.

    Raises
    ------
    UnknownNameError
        If a word is neither a file, a family, a subset nor a model.
    """
    from isojoule.errors import UnknownNameError
    from isojoule.formats import read_runs
    from isojoule.workloads import SUBSETS, SUITE, resolve

    families: dict[str, list[str]] = {}
    for model in SUITE.values():
        families.setdefault(model.family, []).append(model.name)
    names: list[str] = []
    runs: list[Run] = []
    for target in targets:
        if Path(target).is_file():
            runs += read_runs(Path(target))
            continue
        for word in filter(None, (word.strip() for word in target.split(","))):
            known = [*families, *SUBSETS, *SUITE]
            if word not in known:
                raise UnknownNameError("file, family, subset or model", word, known)
            names += families.get(word, [word])
    return resolve(names), runs


def _costs(
    question: "Question", past: "Sequence[Run]", options: Mapping[str, Any]
) -> "dict[str, Cost]":
    """Return what each candidate takes here, from a probe of seconds."""
    from isojoule.suite import (
        FAST,
        STANDARD,
        Configuration,
        Session,
        open_clips,
        require_device,
    )
    from isojoule.suite.choosing import costs_of
    from isojoule.suite.forecast import forecast
    from isojoule.workloads import SUITE

    session = Session(
        tuple(SUITE[o.workload] for o in question.candidates),
        Configuration(options["device"], options["threads"]),
        rules=FAST if options["fast"] else STANDARD,
        phases=(options["phase"],),
    )
    require_device(options["device"])
    say("a probe of a few seconds tells what the models take here")
    clips = open_clips(session.settings, None)
    expected = forecast(session, session.jobs(), clips=clips, past=past)
    return costs_of(expected, session.rules)


def _command(chosen: "Plan", options: Mapping[str, Any]) -> str | None:
    """Return the command that makes the runs; `None` where there are none."""
    if not chosen.steps:
        return None
    words = ["isojoule", "suite", "run", *(run.model for run in chosen.steps)]
    words += ["--phase", options["phase"]]
    if options["device"] != "cpu":
        words += ["--device", options["device"]]
    if options["threads"]:
        words += ["--threads", str(options["threads"])]
    if options["fast"]:
        words.append("--fast")
    return " ".join(words)


def _lines(chosen: "Plan", command: str | None) -> list[str]:
    """Return what is to be said below the table."""
    from isojoule.suite.choosing import LEVEL
    from isojoule.units import format_duration, format_energy

    last = chosen.steps[-1].factor if chosen.steps else chosen.factor_before
    interval = (
        f"x {last:.2f}: the typical {LEVEL:.0%} interval of method joint then reaches "
        f"from the estimate / {last:.2f} to the estimate x {last:.2f}."
    )
    lines = [interval]
    costs = [run.cost for run in chosen.steps if run.cost is not None]
    if costs:
        energies_j = [cost.energy_j for cost in costs if cost.energy_j is not None]
        energy = f" and {format_energy(sum(energies_j))}" if energies_j else ""
        total_s = sum(cost.duration_s for cost in costs)
        lines.append(
            f"Together about {format_duration(total_s)}{energy}, within a factor of "
            "two or so; the energy is without the rests between runs."
        )
    elif chosen.steps:
        lines.append(
            "What the runs take is not known: --time and --budget-kwh probe it."
        )
    lines += [f"Note: {note}." for note in chosen.notes]
    if command:
        lines += ["Next:", f"  {command}"]
    return lines
