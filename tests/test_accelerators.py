"""Accelerators: figures that agree with each other, names as people write them."""

import duckdb
import pytest

from isojoule.accelerators import (
    Specification,
    find_specification,
    known_names,
    specifications,
)

ALL = list(specifications().values())
GIB = 2**30

CORES_AND_BOOST_HZ = {
    "NVIDIA GeForce GTX 750 Ti": (640, 1085e6),
    "Tesla K80": (2496, 875e6),
    "Tesla P4": (2560, 1063e6),
    "Tesla P40": (3840, 1531e6),
    "Tesla P100-PCIE-16GB": (3584, 1303e6),
    "Tesla P100-SXM2-16GB": (3584, 1480e6),
    "NVIDIA GeForce GTX 1080 Ti": (3584, 1582e6),
    "NVIDIA TITAN Xp": (3840, 1582e6),
    "Tesla V100-PCIE-16GB": (5120, 1380e6),
    "Tesla V100-SXM2-16GB": (5120, 1530e6),
    "NVIDIA TITAN V": (5120, 1455e6),
    "Tesla T4": (2560, 1590e6),
    "NVIDIA GeForce RTX 2080 Ti": (4352, 1545e6),
    "Quadro RTX 6000": (4608, 1770e6),
    "NVIDIA GeForce RTX 3060": (3584, 1777e6),
    "NVIDIA GeForce RTX 3070": (5888, 1725e6),
    "NVIDIA GeForce RTX 3080": (8704, 1710e6),
    "NVIDIA GeForce RTX 3090": (10496, 1695e6),
    "NVIDIA RTX A4000": (6144, 1560e6),
    "NVIDIA RTX A5000": (8192, 1695e6),
    "NVIDIA RTX A6000": (10752, 1800e6),
    "NVIDIA A2": (1280, 1770e6),
    "NVIDIA A10": (9216, 1695e6),
    "NVIDIA A30": (3584, 1440e6),
    "NVIDIA A40": (10752, 1740e6),
    "NVIDIA A100-SXM4-40GB": (6912, 1410e6),
    "NVIDIA L40S": (18176, 2520e6),
    "NVIDIA GeForce RTX 4070": (5888, 2475e6),
    "NVIDIA GeForce RTX 4080": (9728, 2505e6),
    "NVIDIA GeForce RTX 4090": (16384, 2520e6),
    "NVIDIA H100 80GB HBM3": (16896, 1980e6),
    "AMD Instinct MI100": (7680, 1502e6),
    "AMD Instinct MI250X": (14080, 1700e6),
    "NVIDIA Jetson AGX Orin 64GB": (2048, 1300e6),
    "NVIDIA Jetson AGX Xavier": (512, 1377e6),
}
"""Units that multiply and add, and their clock, from other lines of the documents."""

GEFORCE = [s for s in ALL if "GeForce RTX" in s.name]
WORKSTATION = [s for s in ALL if s.name.startswith("NVIDIA RTX ")]


def named(name: str) -> str | None:
    found = find_specification(name)
    return None if found is None else found.name


@pytest.mark.parametrize("name", CORES_AND_BOOST_HZ)
def test_the_peak_is_two_operations_for_each_core_and_cycle(name):
    n_cores, boost_hz = CORES_AND_BOOST_HZ[name]
    spec = specifications()[name]
    assert spec.n_cores == n_cores
    assert spec.peak_fp32_flop_per_s == pytest.approx(2 * n_cores * boost_hz, rel=0.02)


@pytest.mark.parametrize("spec", [s for s in ALL if s.n_cores], ids=lambda s: s.name)
def test_cores_and_peak_imply_a_clock_that_can_be(spec):
    # The lanes of an MI300X issue two products in a cycle.
    per_cycle = 4 if spec.name == "AMD Instinct MI300X" else 2
    clock_hz = spec.peak_fp32_flop_per_s / (per_cycle * spec.n_cores)
    assert 0.8e9 <= clock_hz <= 2.6e9
    multiprocessor = 192 if spec.name == "Tesla K80" else 64
    assert spec.n_cores % multiprocessor == 0


def test_every_board_of_nvidia_and_amd_has_its_cores_and_no_other():
    assert {s.vendor for s in ALL if s.n_cores} == {"nvidia", "amd"}
    assert all(s.n_cores for s in ALL if s.vendor in {"nvidia", "amd"})


@pytest.mark.parametrize(
    ("name", "n_cores", "memory_gib", "tdp_w"),
    [
        ("GTX 750 Ti", 640, 2, 60),
        ("rtx 3070", 5888, 8, 220),
        ("RTX 3090", 10496, 24, 350),
    ],
)
def test_the_boards_of_del_rey_have_the_figures_that_they_used(
    name, n_cores, memory_gib, tdp_w
):
    spec = find_specification(name)
    assert spec.n_cores == n_cores
    assert spec.memory_bytes == memory_gib * GIB
    assert spec.power_limit_w == tdp_w


@pytest.mark.parametrize("spec", ALL, ids=lambda s: s.name)
def test_every_row_says_where_it_is_from_and_how_much_power_it_may_take(spec):
    assert spec.source
    assert 2014 <= spec.released_year <= 2025
    if spec.vendor in {"nvidia", "amd"}:
        assert 30 <= spec.power_limit_w <= 1000
        assert 2 * GIB <= spec.memory_bytes <= 192 * GIB


@pytest.mark.parametrize(
    "spec", [s for s in ALL if s.peak_fp32_flop_per_s], ids=lambda s: s.name
)
def test_figures_of_one_board_are_in_proportion(spec):
    flop_per_byte = spec.peak_fp32_flop_per_s / spec.memory_bandwidth_byte_per_s
    assert 8 <= flop_per_byte <= 125
    if spec.power_limit_w:
        flop_per_j = spec.peak_fp32_flop_per_s / spec.power_limit_w
        assert 2e10 <= flop_per_j <= 5e11
    if spec.peak_fp16_flop_per_s:
        assert 1.9 <= spec.peak_fp16_flop_per_s / spec.peak_fp32_flop_per_s <= 31


@pytest.mark.parametrize(
    "spec", [s for s in GEFORCE if s.released_year >= 2020], ids=lambda s: s.name
)
def test_tensor_cores_of_a_geforce_sum_in_fp32_at_twice_the_plain_rate(spec):
    ratio = spec.peak_fp16_flop_per_s / spec.peak_fp32_flop_per_s
    assert ratio == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize("spec", WORKSTATION, ids=lambda s: s.name)
def test_tensor_cores_of_a_workstation_board_run_at_four_times_the_plain_rate(spec):
    ratio = spec.peak_fp16_flop_per_s / spec.peak_fp32_flop_per_s
    assert ratio == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("K80", "P100"),
        ("P100", "V100"),
        ("V100", "A100"),
        ("A100", "H100"),
        ("H100", "B200"),
        ("T4", "L4"),
        ("A40", "L40"),
        ("RTX 3090", "RTX 4090"),
        ("MI100", "MI250X"),
        ("MI250X", "MI300X"),
    ],
)
def test_a_newer_board_of_a_line_has_the_higher_peak(older, newer):
    before, after = find_specification(older), find_specification(newer)
    assert after.released_year > before.released_year
    assert after.peak_fp32_flop_per_s > before.peak_fp32_flop_per_s
    if before.peak_fp16_flop_per_s:
        assert after.peak_fp16_flop_per_s > before.peak_fp16_flop_per_s


def test_the_figures_of_one_row_arrive_in_si_units():
    spec = find_specification("NVIDIA A40")
    assert spec.vendor == "nvidia"
    assert spec.power_limit_w == 300.0
    assert spec.memory_bytes == 48 * 1024**3
    assert spec.memory_bandwidth_byte_per_s == 696e9
    assert spec.peak_fp32_flop_per_s == 37.4e12
    assert spec.peak_fp16_flop_per_s == 149.7e12
    assert spec.is_checked


def test_what_a_maker_does_not_publish_is_none():
    assert find_specification("Tesla P40").peak_fp16_flop_per_s is None
    assert find_specification("Apple M1 Pro").power_limit_w is None
    assert find_specification("Apple M1 Pro").n_cores is None
    coral = find_specification("Google Coral USB")
    assert (coral.power_limit_w, coral.peak_fp32_flop_per_s) == (2.0, None)


def test_most_rows_were_checked_and_those_that_were_not_say_so():
    unchecked = [s.name for s in ALL if not s.is_checked]
    assert "NVIDIA GH200 480GB" in unchecked
    assert len(unchecked) <= len(ALL) / 6


def test_no_name_or_alias_stands_for_two_rows():
    for spec in ALL:
        for name in (spec.name, *spec.aliases):
            assert named(name) == spec.name


def test_every_name_that_is_offered_is_found():
    offered = known_names()
    assert {"RTX 3090", "NVIDIA GeForce RTX 3090"} <= offered
    assert all(find_specification(name) for name in offered)


def test_the_table_is_read_once_and_cannot_be_changed():
    assert specifications() is specifications()
    with pytest.raises(TypeError):
        specifications()["mine"] = ALL[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NVIDIA GeForce RTX 3090", "NVIDIA GeForce RTX 3090"),
        ("rtx3090", "NVIDIA GeForce RTX 3090"),
        ("RTX3090Ti", "NVIDIA GeForce RTX 3090 Ti"),
        ("GTX1080Ti", "NVIDIA GeForce GTX 1080 Ti"),
        ("NVIDIA A100-SXM4-80GB", "NVIDIA A100-SXM4-80GB"),
        ("a100_sxm4_80gb", "NVIDIA A100-SXM4-80GB"),
        ("A100 SXM 80 GB", "NVIDIA A100-SXM4-80GB"),
        ("NVIDIA A100 80GB PCIe", "NVIDIA A100 80GB PCIe"),
        ("A100-PCI-E-40GB", "NVIDIA A100-PCIE-40GB"),
        ("NVIDIA A100 Tensor Core GPU", "NVIDIA A100-SXM4-40GB"),
        ("Tesla T4 16GB", "Tesla T4"),
        ("V100 (SXM2, 32 GB)", "Tesla V100-SXM2-32GB"),
        ("Quadro RTX 6000", "Quadro RTX 6000"),
        ("RTX6000", "Quadro RTX 6000"),
        ("RTX A6000", "NVIDIA RTX A6000"),
        ("RTX 6000 Ada", "NVIDIA RTX 6000 Ada Generation"),
        ("H100 SXM", "NVIDIA H100 80GB HBM3"),
        ("NVIDIA H100 PCIe", "NVIDIA H100 PCIe"),
        ("AMD Instinct MI250X / MI250", "AMD Instinct MI250X"),
        ("Apple M1 (MacBook Pro)", "Apple M1"),
        ("laptop + Google Coral USB", "Google Coral USB Accelerator"),
    ],
)
def test_a_name_is_found_in_the_spellings_of_drivers_and_people(written, meant):
    assert named(written) == meant


@pytest.mark.parametrize(
    ("bare", "meant"),
    [
        ("P100", "Tesla P100-PCIE-16GB"),
        ("V100", "Tesla V100-PCIE-16GB"),
        ("V100 32GB", "Tesla V100-PCIE-32GB"),
        ("V100-SXM2", "Tesla V100-SXM2-16GB"),
        ("A100", "NVIDIA A100-SXM4-40GB"),
        ("A100 80GB", "NVIDIA A100-SXM4-80GB"),
        ("A100 PCIe", "NVIDIA A100-PCIE-40GB"),
        ("H100", "NVIDIA H100 80GB HBM3"),
        ("GH200", "NVIDIA GH200 480GB"),
        ("RTX 6000", "Quadro RTX 6000"),
        ("Jetson AGX Orin", "NVIDIA Jetson AGX Orin 64GB"),
    ],
)
def test_a_name_that_leaves_the_variant_open_takes_the_stated_default(bare, meant):
    assert named(bare) == meant


@pytest.mark.parametrize(
    "counted", ["2x NVIDIA A40", "2 \u00d7 A40", "A40 x2", "2xA40"]
)
def test_a_count_of_devices_is_left_to_the_caller(counted):
    assert find_specification(counted) == find_specification("A40")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "CPU",
        "Intel Core i7-10610U",
        "RTX 3080 12GB",  # another chip than the one with 10 GB
        "RTX 3080 (12 GB)",
        "RTX 4090 Laptop GPU",
        "RTX 4090 (Laptop)",
        "RTX 4070 Ti",
        "NVIDIA H100 NVL",
        "NVIDIA H100 80GB HBM2e",
        "Tesla V100-SXM3-32GB",  # 350 W
        "P100 12GB",
        "A100 MIG 1g.5gb",
        "NVIDIA A40-48Q",
        "NVIDIA RTX PRO 6000 Blackwell",
        "Apple M1 Max",
        "Jetson AGX",  # Xavier or Orin
        "Orin",  # AGX, NX and Nano alike
        "A100 + V100",
    ],
)
def test_what_the_table_cannot_tell_for_certain_is_not_guessed(name):
    assert find_specification(name) is None


def test_every_accelerator_of_the_known_tables_is_found(cross_hardware):
    tables = f"{cross_hardware}/*.parquet"
    rows = duckdb.execute("SELECT DISTINCT hardware FROM read_parquet(?)", [tables])
    unknown = {name for (name,) in rows.fetchall() if find_specification(name) is None}
    # The rest ran on the processor alone, that of the Jetson included.
    assert {n for n in unknown if not n.startswith("Intel Core")} <= {
        "Jetson AGX (ARMv8 rev 1)"
    }
    assert not {n for n in unknown if "Coral" in n or "NCS2" in n}


def test_a_limit_that_a_run_was_made_at_is_the_one_of_the_row(cross_hardware):
    rows = duckdb.execute(
        "SELECT hardware, max(power_limit_w) FROM read_parquet(?) GROUP BY hardware",
        [f"{cross_hardware}/zeus_nsdi23.parquet"],
    ).fetchall()
    for name, limit_w in rows:
        assert find_specification(name).power_limit_w == limit_w


@pytest.mark.parametrize("power_limit_w", [0.0, -1.0, float("nan"), float("inf")])
def test_a_figure_that_cannot_be_is_refused(power_limit_w):
    with pytest.raises(ValueError, match="cannot have a figure"):
        Specification(
            "X", "x", power_limit_w, None, None, None, None, 2024, "by hand", True
        )


def test_figures_without_a_source_are_refused():
    with pytest.raises(ValueError, match="needs a source"):
        Specification("X", "x", 100.0, None, None, None, None, 2024, " ", True)
