"""isojoule doctor."""

import click

from isojoule.cli.options import as_json, examples, print_json, print_table


@click.command(epilog=examples("isojoule doctor", "isojoule doctor --json"))
@click.option(
    "--seconds",
    "duration_s",
    type=click.FloatRange(0.5, 60),
    default=2.0,
    show_default=True,
    help="How long to try the sensors",
)
@as_json
def doctor(duration_s: float, json_: bool) -> None:
    """Tell which sensors this machine has, what is missing and how to get it.

    The sensors that can be used are tried: how often their counters move, the power
    right now (idle, if the machine is), and what one reading costs.
    """
    from isojoule.checkup import check_sensors
    from isojoule.describe import drivers_of
    from isojoule.probe import probe_hardware
    from isojoule.report.tables import to_records
    from isojoule.report.text import checks_table, describe_sensors, sensors_table
    from isojoule.sensors import close_sensors, probe_sensors

    states = probe_sensors()
    opened = [s.sensor for s in states if s.sensor is not None]
    hardware = probe_hardware(
        accelerators=[a for s in opened for a in getattr(s, "accelerators", ())],
        drivers={k: v for s in opened for k, v in drivers_of(s).items()},
    )
    table = sensors_table(states)
    checks = checks_table(
        check_sensors(opened, duration_s=duration_s) if opened else []
    )
    close_sensors(states)
    if json_:
        from msgspec import to_builtins

        print_json(
            {
                "hardware": to_builtins(hardware),
                "sensors": to_records(table),
                "devices": to_records(checks),
            }
        )
        return
    memory_gib = (hardware.memory_bytes or 0) / 2**30
    click.echo(f"{hardware.name}: {hardware.n_cpus} CPUs, {memory_gib:.0f} GiB")
    click.echo(describe_sensors(states))
    if opened:
        print_table(checks)
    for sensor in opened:
        for doubt in getattr(sensor, "doubts", ()):
            click.echo(f"{sensor.name}: {doubt}")
    for state in states:
        if state.remedy:
            click.echo(f"To use {state.name}: {state.remedy}")
