import torch
from torch import nn

from isojoule import count_flop
from isojoule.counting.table import count_record, count_table, module_table
from isojoule.workloads import SUITE


def test_reference_models_and_counted_ones_share_a_table():
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    count = count_flop(model, torch.ones(5, 4))
    table = count_table({"mine": count, "mlp-1x512": SUITE["mlp-1x512"]})
    mine, reference = table.rows()
    # 24 + 12 products; backwards all weights, but only the second input.
    assert mine == {
        "name": "mine",
        "n_params": 44,
        "forward_mac_per_sample": 36,
        "forward_flop_per_sample": 72,
        "training_flop_per_sample": 72 + 72 + 24,
        "deepspeed_flop_per_sample": 72 + 6,
        "activation_bytes_per_sample": 4 * (6 + 6 + 2),
    }
    assert reference["n_params"] == SUITE["mlp-1x512"].n_params


def test_the_record_of_a_counted_model_tells_more():
    count = count_flop(nn.Sequential(nn.Linear(4, 6)), torch.ones(5, 4))
    assert count_record("mine", count) == {
        **count_table({"mine": count}).rows()[0],
        "n_samples": 5,
        "forward_mac_per_sample_by_module": {"0": 24},
        "uncounted": [],
        "deepspeed_gap": "",
    }
    assert "n_samples" not in count_record("mlp-1x512", SUITE["mlp-1x512"])


def test_modules_are_shown_to_a_depth_with_their_share():
    model = nn.Sequential(nn.Sequential(nn.Linear(4, 6)), nn.ReLU(), nn.Linear(6, 4))
    count = count_flop(model, torch.ones(5, 4))
    assert module_table("mine", count, depth=1).rows() == [
        {"module": "0", "forward_mac_per_sample": 24, "forward_fraction": 0.5},
        {"module": "2", "forward_mac_per_sample": 24, "forward_fraction": 0.5},
    ]
    names = [row["module"] for row in module_table("mine", count, depth=2).rows()]
    assert names == ["0", "0.0", "2"]
