"""isojoule demo."""

from datetime import UTC, datetime
from pathlib import Path

import click

from isojoule.cli.options import (
    as_json,
    examples,
    open_store,
    print_json,
    print_table,
    progress,
    run_line,
    say,
)


@click.command(
    epilog=examples(
        "isojoule demo",
        "isojoule demo --out trial --seconds 10",
        "isojoule demo --replay",
    )
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("isojoule-demo"),
    show_default=True,
    help="Folder for the report and the runs",
)
@click.option(
    "--seconds",
    "duration_s",
    type=click.FloatRange(0.1, 600),
    default=4.0,
    show_default=True,
    help="Time to train each model on each configuration",
)
@click.option(
    "--replay",
    is_flag=True,
    help="Instead: play a made-up GPU training through the meter, 10 s, needs nothing",
)
@as_json
def demo(out: Path, duration_s: float, replay: bool, json_: bool) -> None:
    """Measure eight reference models twice, predict one from the other, compare.

    The models are really trained here, on two configurations of this machine: CPU and
    GPU where there is one, else one thread and all threads. After Ctrl-C the same
    command goes on where it stopped.
    """
    if replay:
        _replay(out, json_=json_)
        return
    from isojoule.demo import Step, describe_demo, run_demo
    from isojoule.formats.files import write_whole
    from isojoule.report.conversion import (
        conversion_records,
        conversion_table,
        summarize,
    )
    from isojoule.report.html import render_html
    from isojoule.report.text import describe_sensors
    from isojoule.sensors import close_sensors, probe_sensors

    with open_store(out / "runs", create=True) as store:
        states = probe_sensors()
        say(describe_sensors(states))
        close_sensors(states)
        with progress() as bar:
            task = bar.add_task("preparing the clips")

            def show(step: Step) -> None:
                bar.update(
                    task,
                    description=step.description,
                    total=step.n_runs,
                    completed=step.position - 1,
                )

            result = run_demo(store, duration_s=duration_s, on_step=show)
            bar.update(task, description="done", completed=len(result.runs))
    report = out / "report.html"
    write_whole(report, render_html(describe_demo(result, now=datetime.now(UTC))))
    table = conversion_table(result.conversion)
    if json_:
        document = conversion_records(result.conversion)
        print_json({**document, "n_kept_runs": result.n_kept, "report": str(report)})
        return
    print_table(table)
    for sentence in summarize(result.conversion):
        click.echo(sentence)
    click.echo(f"Report: {report}   Runs: {out / 'runs'}")


def _replay(out: Path, *, json_: bool) -> None:
    """Play the example through the meter; print and report what it measured."""
    from isojoule.formats.files import write_whole
    from isojoule.replay_demo import N_EPOCHS, replay_demo
    from isojoule.report.html import render_html
    from isojoule.report.runs import describe_runs
    from isojoule.report.text import summarize_run, windows_table

    with open_store(out / "runs", create=True) as store, progress() as bar:
        task = bar.add_task("playing a made-up GPU training", total=N_EPOCHS)
        run = replay_demo(
            store, on_epoch=lambda epoch: bar.update(task, completed=epoch)
        )
        bar.update(task, completed=N_EPOCHS)
    report = out / "report.html"
    write_whole(report, render_html(describe_runs([run], now=datetime.now(UTC))))
    if json_:
        say(f"Report: {report}")
        click.echo(run_line(run))
        return
    click.echo("\n".join(summarize_run(run)))
    print_table(windows_table(run))
    click.echo(f"Report: {report}   Runs: {out / 'runs'}")
