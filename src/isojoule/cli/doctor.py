"""isojoule doctor."""

import click

from isojoule.cli.options import as_json, examples, print_json


@click.command(epilog=examples("isojoule doctor", "isojoule doctor --json"))
@as_json
def doctor(json_: bool) -> None:
    """Tell which sensors this machine has, what is missing and how to get it."""
    from isojoule.probe import probe_hardware
    from isojoule.report.tables import to_records
    from isojoule.report.text import describe_sensors, sensors_table
    from isojoule.sensors import close_sensors, probe_sensors

    states = probe_sensors()
    accelerators = [
        a for s in states if s.sensor for a in getattr(s.sensor, "accelerators", ())
    ]
    hardware = probe_hardware(accelerators=accelerators)
    table = sensors_table(states)
    close_sensors(states)
    if json_:
        from msgspec import to_builtins

        print_json({"hardware": to_builtins(hardware), "sensors": to_records(table)})
        return
    memory_gib = (hardware.memory_bytes or 0) / 2**30
    click.echo(f"{hardware.name}: {hardware.n_cpus} CPUs, {memory_gib:.0f} GiB")
    click.echo(describe_sensors(states))
    for state in states:
        if state.remedy:
            click.echo(f"To use {state.name}: {state.remedy}")
