from dataclasses import replace

from builders import make_run
from isojoule.records import ComponentEnergy, Window
from isojoule.report.text import describe_energy, summarize_run, windows_table

BOUNDED = ComponentEnergy("gpu", 1000.0, "counter", 940.0, 1060.0, 0.05)


def test_an_energy_is_told_with_bounds_and_source():
    assert describe_energy(BOUNDED) == "gpu 1 kJ (940 J to 1.06 kJ, counter)"
    modelled = ComponentEnergy("cpu", 12.0, "modelled")
    assert describe_energy(modelled) == "cpu 12 J (modelled)"
    absent = ComponentEnergy("dram", None, "absent")
    assert describe_energy(absent) == "dram not measured"


def test_the_summary_tells_idle_power_and_what_is_left_out():
    idle = ComponentEnergy("gpu", 120.0, "counter")
    run = replace(
        make_run(),
        windows=(Window("idle before", "idle", None, 0.0, 2.0, (idle,)),),
        left_out=("CPU", "memory"),
    )
    lines = "\n".join(summarize_run(run))
    assert "idle before gpu 60 W" in lines
    assert "left out    CPU, memory" in lines


def test_the_table_of_windows_has_bounds_only_where_there_are_some():
    windows = (Window("train", "train", 0, 0.0, 2.0, (BOUNDED,)),)
    run = replace(make_run(), energies=(BOUNDED,), windows=windows)
    assert "gpu_energy_low_j" in [c.name for c in windows_table(run).columns]
    plain = replace(windows[0], energies=(ComponentEnergy("gpu", 9.0, "measured"),))
    run = replace(make_run(), energies=plain.energies, windows=(plain,))
    assert "gpu_energy_low_j" not in [c.name for c in windows_table(run).columns]


def test_an_idle_with_too_little_energy_to_know_is_still_told():
    idle = ComponentEnergy("cpu", None, "absent")
    run = replace(
        make_run(), windows=(Window("idle before", "idle", None, 0.0, 0.5, (idle,)),)
    )
    assert "  idle before too little to tell" in summarize_run(run)
