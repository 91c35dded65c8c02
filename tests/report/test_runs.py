import sys

import pytest

from isojoule.errors import InsufficientDataError
from isojoule.records import ComponentEnergy
from isojoule.report.runs import describe_runs


def _facts(page):
    return {fact.label: fact.value for fact in page.facts}


def _section(page, title):
    return next(s for s in page.sections if s.title == title)


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


def test_notice_says_that_all_energies_are_declared(make_run, now):
    run = make_run(energies=(ComponentEnergy("unstated", 5.0, "declared"),))
    notice = describe_runs([run], now=now).notice
    assert notice == "All energies on this page are declared, not measured."


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


def test_a_page_without_runs_is_refused(now):
    with pytest.raises(InsufficientDataError, match="at least one run"):
        describe_runs([], now=now)
