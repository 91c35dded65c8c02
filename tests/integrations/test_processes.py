import json
import sys
from types import SimpleNamespace

from isojoule.integrations.processes import world_size


def test_a_single_process_is_one(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    assert world_size() == 1


def test_the_number_of_processes_is_known_from_launcher_or_pytorch(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert world_size() == 4
    monkeypatch.delenv("WORLD_SIZE")
    group = SimpleNamespace(
        is_available=lambda: True, is_initialized=lambda: True, get_world_size=lambda: 2
    )
    monkeypatch.setitem(sys.modules, "torch.distributed", group)
    assert world_size() == 2


def test_the_workers_of_tensorflow_are_counted(monkeypatch):
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"], "ps": ["d:1"]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster}))
    assert world_size() == 3
    for odd in ("", "{", "[]", '{"cluster": {"worker": 3}}', '{"cluster": []}'):
        monkeypatch.setenv("TF_CONFIG", odd)
        assert world_size() == 1


def test_jax_is_asked_where_it_is_imported(monkeypatch):
    def without_backend():
        raise RuntimeError("no backend")

    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(process_count=lambda: 4))
    assert world_size() == 4
    broken = SimpleNamespace(process_count=without_backend)
    monkeypatch.setitem(sys.modules, "jax", broken)
    assert world_size() == 1
