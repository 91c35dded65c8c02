import pytest

from isojoule.errors import SensorUnavailableError
from isojoule.sensors.amd_cards import cards_of_process, visible_positions

UUIDS = ("GPU-8f3a11c0de000001", "GPU-8f3a11c0de000002", "GPU-1b2c3d4e5f607182")


def addresses_of(cards):
    return [card.folder.name for card in cards]


@pytest.fixture
def three_gpus(add_amd_gpu):
    """Three GPUs that HIP counts in another order than their PCI addresses."""
    add_amd_gpu("0000:03:00.0", node=3, unique_id="8f3a11c0de000002")
    add_amd_gpu("0000:c1:00.0", node=2, unique_id="8f3a11c0de000001")
    add_amd_gpu("0001:43:1f.1", node=10, unique_id="1b2c3d4e5f607182")


def test_cards_have_the_order_and_the_indices_of_hip(three_gpus, sysfs):
    cards, doubts = cards_of_process(sysfs, {})
    assert addresses_of(cards) == ["0000:c1:00.0", "0000:03:00.0", "0001:43:1f.1"]
    assert [card.device for card in cards] == ["amdgpu0", "amdgpu1", "amdgpu2"]
    assert [card.uuid for card in cards] == list(UUIDS)
    assert not doubts


def test_a_hidden_card_keeps_the_indices_of_the_others(three_gpus, sysfs):
    cards, _ = cards_of_process(sysfs, {"HIP_VISIBLE_DEVICES": "2,1"})
    assert [card.index for card in cards] == [2, 1]


def test_a_cpu_is_no_gpu(three_gpus, sysfs):
    properties = sysfs / "class/kfd/kfd/topology/nodes/0/properties"
    properties.parent.mkdir()
    properties.write_text("cpu_cores_count 64\nsimd_count 0\nlocation_id 0\n")
    cards, _ = cards_of_process(sysfs, {})
    assert addresses_of(cards)[0] == "0000:c1:00.0"


def test_the_partitions_of_a_card_are_one_card(add_amd_gpu, sysfs):
    add_amd_gpu("0000:03:00.0", node=1)
    add_amd_gpu.node(2, "0000:03:00.0")
    # A partition has its number in the highest bits of its location.
    second = sysfs / "class/kfd/kfd/topology/nodes/2/properties"
    second.write_text(f"simd_count 38\nlocation_id {1 << 28 | 3 << 8}\ndomain 0\n")
    add_amd_gpu("0000:05:00.0", node=3)
    cards, _ = cards_of_process(sysfs, {"HIP_VISIBLE_DEVICES": "0,1,2"})
    assert [(card.index, card.n_partitions) for card in cards] == [(0, 2), (2, 1)]


def test_without_the_compute_driver_the_pci_order_is_taken(add_amd_gpu, sysfs):
    add_amd_gpu("0000:c1:00.0", node=None)
    add_amd_gpu("0000:03:00.0", node=None)
    cards, doubts = cards_of_process(sysfs, {})
    assert addresses_of(cards) == ["0000:03:00.0", "0000:c1:00.0"]
    assert not doubts
    cards, (doubt,) = cards_of_process(sysfs, {"HIP_VISIBLE_DEVICES": "1"})
    assert addresses_of(cards) == ["0000:c1:00.0"]
    assert "how HIP numbers" in doubt


def test_gpus_that_a_container_was_not_given_are_not_counted(
    three_gpus, sysfs, monkeypatch
):
    denied = {"2"}
    path_class = type(sysfs)
    real_read = path_class.read_text

    def read_text(path, *args, **options):
        if path.parent.name in denied:
            raise PermissionError(1, "Operation not permitted", str(path))
        return real_read(path, *args, **options)

    monkeypatch.setattr(path_class, "read_text", read_text)
    cards, _ = cards_of_process(sysfs, {"ROCR_VISIBLE_DEVICES": "0"})
    assert addresses_of(cards) == ["0000:03:00.0"]
    denied |= {"3", "10"}
    with pytest.raises(SensorUnavailableError, match="none of the 3") as caught:
        cards_of_process(sysfs, {})
    assert "--device /dev/kfd" in caught.value.remedy


def test_a_machine_without_the_driver_is_unavailable(sysfs):
    with pytest.raises(SensorUnavailableError, match="no AMD GPU") as caught:
        cards_of_process(sysfs, {})
    assert "modprobe amdgpu" in caught.value.remedy


def test_each_rank_takes_its_share_of_the_cards(three_gpus, sysfs):
    ranked = {"LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "3"}
    cards, (doubt,) = cards_of_process(sysfs, ranked)
    assert [card.index for card in cards] == [1]
    assert "local rank 1 of 3" in doubt


@pytest.mark.parametrize(
    ("environ", "positions"),
    [
        ({}, [0, 1, 2]),
        ({"HIP_VISIBLE_DEVICES": "2, 0"}, [2, 0]),
        ({"CUDA_VISIBLE_DEVICES": "1"}, [1]),
        ({"HIP_VISIBLE_DEVICES": "2", "CUDA_VISIBLE_DEVICES": "1"}, [2]),
        ({"ROCR_VISIBLE_DEVICES": "1,2", "HIP_VISIBLE_DEVICES": "1"}, [2]),
        ({"ROCR_VISIBLE_DEVICES": UUIDS[2]}, [2]),
        ({"ROCR_VISIBLE_DEVICES": "gpu-1B2C,0"}, [2, 0]),
        ({"HIP_VISIBLE_DEVICES": "1,1,0"}, [1, 0]),
        # An entry that fits none, or several, ends the list.
        ({"HIP_VISIBLE_DEVICES": "1,7,0"}, [1]),
        ({"HIP_VISIBLE_DEVICES": "0,-1,1"}, [0]),
        ({"ROCR_VISIBLE_DEVICES": "2,GPU-8f3a,1"}, [2]),
    ],
)
def test_variables_choose_gpus_as_rocm_reads_them(environ, positions):
    assert visible_positions(environ, UUIDS) == positions


@pytest.mark.parametrize(
    "environ",
    [
        {"ROCR_VISIBLE_DEVICES": ""},
        {"HIP_VISIBLE_DEVICES": "-1"},
        {"CUDA_VISIBLE_DEVICES": "3"},
        {"CUDA_VISIBLE_DEVICES": "GPU-"},
        {"ROCR_VISIBLE_DEVICES": "0", "HIP_VISIBLE_DEVICES": "1"},
    ],
)
def test_variables_that_leave_no_gpu_are_named(environ):
    name, value = list(environ.items())[-1]
    with pytest.raises(SensorUnavailableError) as caught:
        visible_positions(environ, UUIDS)
    assert f"{name}={value!r}" in caught.value.reason


def test_a_gpu_without_an_identity_fits_no_uuid():
    assert visible_positions({"HIP_VISIBLE_DEVICES": "GPU-8f"}, [None, UUIDS[0]]) == [1]
