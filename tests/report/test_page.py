import sys
from datetime import datetime

import pytest

from isojoule.errors import InsufficientDataError
from isojoule.records import ComponentEnergy
from isojoule.report.page import describe_runs


def _facts(page):
    return {fact.label: fact.value for fact in page.facts}


def _section(page, title):
    return next(s for s in page.sections if s.title == title)


def _limits(page):
    return " ".join(_section(page, "Limits").text)


@pytest.fixture
def modelled(make_run):
    return make_run("guess", energies=(ComponentEnergy("cpu", 600.0, "modelled"),))


def test_totals_are_kept_apart_by_provenance_and_scope(
    make_run, modelled, gpu_machine, now
):
    on_gpu = make_run(
        hardware=gpu_machine, energies=(ComponentEnergy("gpu", 2e6, "counter"),)
    )
    facts = _facts(describe_runs([make_run(), make_run(), modelled, on_gpu], now=now))
    read = "parts of the machine that were read"
    assert facts[f"Measured energy, {read}"] == "3 kJ"
    assert facts[f"Modelled energy, {read}"] == "600 J"
    assert facts["Measured energy, GPUs only"] == "2 MJ"
    assert facts["Machines"] == "2"


def test_notice_says_that_all_energies_are_modelled(modelled, now):
    notice = describe_runs([modelled], now=now).notice
    assert notice == "All energies on this page are modelled, not measured."


def test_notice_says_how_many_energies_are_modelled(make_run, modelled, now):
    notice = describe_runs([make_run(), modelled], now=now).notice
    assert "modelled in 1 of 2 runs" in notice


def test_there_is_no_notice_when_all_is_measured(make_run, now):
    assert describe_runs([make_run()], now=now).notice == ""


def test_notice_says_that_no_energy_is_known(make_run, now):
    nothing = make_run(energies=(ComponentEnergy("cpu", None, "absent"),))
    page = describe_runs([nothing], now=now)
    assert page.notice == "No energy is known for any run on this page."
    assert "CPU in the run" in _section(page, "Where the figures come from").text[0]


def test_runs_table_holds_mean_power_and_leaves_empty_columns_out(make_run, now):
    table = _section(describe_runs([make_run()], now=now), "Runs").table
    (row,) = table.rows()
    assert row["mean_power_w"] == pytest.approx(50.0)  # 1500 J in 30 s
    assert "gpu_utilization_fraction" not in row
    assert row["workload"] == "mlp-small"


def test_machines_are_listed_once_with_their_boards(make_run, gpu_machine, now):
    runs = [make_run(hardware=gpu_machine), make_run(hardware=gpu_machine)]
    (row,) = _section(describe_runs(runs, now=now), "Machines").table.rows()
    assert row["accelerators"] == "2 x NVIDIA H200 (139 GiB, limit 700 W)"
    assert row["software"] == "python 3.11.7, driver 570.86"
    assert row["n_runs"] == 2


def test_sources_are_counted_by_component(make_run, modelled, now):
    page = describe_runs([make_run(), make_run(), modelled], now=now)
    rows = _section(page, "Where the figures come from").table.rows()
    assert [(r["source"], r["n_runs"], r["energy_j"]) for r in rows] == [
        ("energy counter", 2, 3000.0),
        ("assumed watts", 1, 600.0),
    ]


def test_limits_follow_from_the_runs(make_run, modelled, gpu_machine, now):
    on_gpu = make_run(
        hardware=gpu_machine,
        status="recovered",
        energies=(ComponentEnergy("gpu", 10.0, "counter"),),
    )
    measured = _limits(describe_runs([make_run()], now=now))
    assert "modelled" not in measured
    assert "2312.02741" not in measured
    assert "No idle draw is subtracted" in measured
    assert "DRAM was not measured and is missing from the energy of the run" in measured
    mixed = _limits(describe_runs([on_gpu, modelled], now=now))
    assert "CPU energy in 1 of 2 runs is modelled" in mixed
    assert "2312.02741" in mixed
    assert "1 run was recovered" in mixed
    assert "covers the GPUs only" in mixed
    assert "neither added up nor comparable" in mixed


def test_limits_say_when_what_an_energy_covers_is_not_stated(make_run, now):
    run = make_run(energies=(ComponentEnergy("unstated", 5.0, "declared"),))
    page = describe_runs([run], now=now)
    assert "is not stated" in _limits(page)
    assert "what somebody stated" in _limits(page)
    assert page.notice == "All energies on this page are declared, not measured."


def test_equal_warnings_are_one_row(make_run, now):
    runs = [make_run(name, warnings=("other jobs ran",)) for name in ("a", "b")]
    (row,) = _section(describe_runs(runs, now=now), "Warnings").table.rows()
    assert row == {"warning": "other jobs ran", "n_runs": 2, "runs": "a, b"}


def test_power_is_drawn_where_there_are_readings(sampled_run, make_run, now):
    assert _section(describe_runs([sampled_run], now=now), "Power over time").figure
    titles = [s.title for s in describe_runs([make_run()], now=now).sections]
    assert "Power over time" not in titles


def test_without_matplotlib_the_page_says_which_extra_draws(
    sampled_run, now, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    section = _section(describe_runs([sampled_run], now=now), "Power over time")
    assert section.figure is None
    assert "isojoule[plots]" in section.text[0]


def test_no_runs_and_naive_dates_are_refused(make_run, now):
    with pytest.raises(InsufficientDataError, match="at least one run"):
        describe_runs([], now=now)
    with pytest.raises(ValueError, match="without a time zone"):
        describe_runs([make_run()], now=datetime(2026, 1, 1))
