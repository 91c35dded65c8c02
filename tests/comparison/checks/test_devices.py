import pytest

from isojoule.comparison.checks.devices import family_of, specification_of


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Telsa A100", "NVIDIA A100-SXM4-40GB"),
        ("A100 40Gb", "NVIDIA A100-SXM4-40GB"),
        ("A100 GPUs", "NVIDIA A100-SXM4-40GB"),
        ("4 A100", "NVIDIA A100-SXM4-40GB"),
        ("V-100", "Tesla V100-PCIE-16GB"),
        ("GTX 3090", "NVIDIA GeForce RTX 3090"),
        ("GTX 2080 Ti", "NVIDIA GeForce RTX 2080 Ti"),
        ("RTX 1080 Ti", "NVIDIA GeForce GTX 1080 Ti"),
        ("3090 Ti", "NVIDIA GeForce RTX 3090 Ti"),
        ("Gefroce RTX3060", "NVIDIA GeForce RTX 3060"),
        ("Qaudro RTX 8000", "Quadro RTX 8000"),
        ("Titan RTX", "NVIDIA TITAN RTX"),
    ],
)
def test_a_name_that_people_write_is_found(written, meant):
    assert specification_of(written).name == meant


@pytest.mark.parametrize(
    "written",
    ["", "our cluster", "RTX 9999", "A100 MIG 1g.5gb", "\x00" * 10, "7" * 9999],
)
def test_what_is_not_certain_is_not_guessed(written):
    assert specification_of(written) is None


def test_boards_of_one_chip_are_one_family():
    names = ["A100", "Telsa A100", "NVIDIA A100-PCIE-40GB", "A100-SXM4-80GB"]
    assert {family_of(name) for name in names} == {"NVIDIA A100"}
    assert family_of("RTX 3060") != family_of("RTX 3060 Ti")


def test_unknown_devices_are_told_apart_by_their_letters_and_digits():
    assert family_of("RTX 9999") == family_of("rtx-9999")
    assert family_of("RTX 9999") != family_of("RTX 9998")
