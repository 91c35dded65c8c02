from math import log, sqrt

import pytest

from isojoule.accelerators import Specification
from isojoule.errors import InsufficientDataError
from isojoule.normalizers.joint.prior import SpecificationPrior
from isojoule.normalizers.joint.specification import (
    difference_of,
    index_of,
    specified,
)


def board(limit_w=200.0, bandwidth=4e11, peak=9e12) -> Specification:
    return Specification(
        name="Board",
        vendor="nvidia",
        power_limit_w=limit_w,
        memory_bytes=None,
        memory_bandwidth_byte_per_s=bandwidth,
        peak_fp32_flop_per_s=peak,
        peak_fp16_flop_per_s=None,
        released_year=2020,
        source="by hand",
        is_checked=False,
    )


def test_the_index_is_energy_at_the_limit_between_memory_and_arithmetic():
    assert index_of(board()) == pytest.approx(log(200.0 / sqrt(4e11 * 9e12)))


@pytest.mark.parametrize("unknown", ["limit_w", "bandwidth", "peak"])
def test_a_board_with_a_figure_unknown_has_none(unknown):
    assert index_of(board(**{unknown: None})) is None


def test_from_a40_to_v100_takes_figures_of_both():
    # 250 W, 900 GB/s, 14 TFLOP/s against 300 W, 696 GB/s, 37.4 TFLOP/s.
    expected = log(250 / 300) - log(900 / 696) / 2 - log(14 / 37.4) / 2
    assert difference_of("A40", "V100") == pytest.approx(expected)
    assert difference_of("V100", "A40") == pytest.approx(-expected)
    told = specified(SpecificationPrior(0.5, 0.3, 3.0), "A40", "V100")
    assert told == pytest.approx(expected / 2)


@pytest.mark.parametrize(
    ("source", "target", "missing"),
    [
        ("my laptop", "V100", "my laptop"),
        ("V100", "my laptop", "my laptop"),
        ("V100", "Coral", "Coral"),  # no bandwidth is published
    ],
)
def test_without_a_specification_it_says_what_to_run(source, target, missing):
    told = f"specification of {missing} is not known: run a reference model on both"
    with pytest.raises(InsufficientDataError, match=told):
        difference_of(source, target)
