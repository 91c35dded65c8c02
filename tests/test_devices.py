import sys
from types import SimpleNamespace

import pytest

from isojoule.devices import synchronize_devices


@pytest.fixture
def cuda(monkeypatch):
    """A CUDA of three devices; the first is current, the last holds memory."""
    waited = []
    cuda = SimpleNamespace(
        waited=waited,
        is_initialized=lambda: True,
        is_current_stream_capturing=lambda: False,
        current_device=lambda: 0,
        device_count=lambda: 3,
        memory_reserved=lambda device: 1024 if device == 2 else 0,
        synchronize=waited.append,
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    return cuda


def test_the_devices_in_use_are_waited_for(cuda):
    synchronize_devices()
    assert cuda.waited == [0, 2]


def test_a_capture_of_a_graph_is_not_broken(cuda):
    cuda.is_current_stream_capturing = lambda: True
    synchronize_devices()
    assert cuda.waited == []


def test_nothing_is_started_that_was_not(cuda, monkeypatch):
    cuda.is_initialized = lambda: False
    synchronize_devices()
    assert cuda.waited == []
    monkeypatch.delitem(sys.modules, "torch")
    synchronize_devices()
    assert "torch" not in sys.modules


def test_jax_is_waited_for_through_a_last_piece_of_work(monkeypatch):
    waited = []

    class Number:
        def __init__(self, device):
            self.device = device

        def __add__(self, other):
            return self

        def block_until_ready(self):
            waited.append(self.device)

    monkeypatch.setitem(
        sys.modules,
        "jax",
        SimpleNamespace(
            local_devices=lambda: ["a", "b"],
            device_put=lambda value, device: Number(device),
        ),
    )
    bridge = SimpleNamespace(backends_are_initialized=lambda: False)
    monkeypatch.setitem(sys.modules, "jax._src.xla_bridge", bridge)
    synchronize_devices()
    assert waited == []
    bridge.backends_are_initialized = lambda: True
    synchronize_devices()
    assert waited == ["a", "b"]
