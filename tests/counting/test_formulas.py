"""Operations that torch fuses, against the same work taken apart."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from isojoule import count_flop
from isojoule.counting.formulas import extra_formulas, grouped_product


def flop_of(work):
    """FLOP of work on real tensors, with the formulas of isojoule."""
    with FlopCounterMode(display=False, custom_mapping=extra_formulas()) as counter:
        work()
    return counter.get_total_flops()


class InGroups(nn.Module):
    """A grouped convolution the slow way: a convolution for each group."""

    def __init__(self, kind, n_in, n_out, n_groups, **options):
        super().__init__()
        self.parts = nn.ModuleList(
            kind(n_in // n_groups, n_out // n_groups, 3, **options)
            for _ in range(n_groups)
        )

    def forward(self, x):
        pieces = x.chunk(len(self.parts), dim=1)
        outputs = [part(p) for part, p in zip(self.parts, pieces, strict=True)]
        return torch.cat(outputs, dim=1)


@pytest.mark.parametrize("trains_input", [False, True])
@pytest.mark.parametrize("n_groups", [1, 2, 4])
@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
def test_grouped_convolutions_count_like_one_for_each_group(
    kind, n_groups, trains_input
):
    x = torch.ones(2, 4, 7, 6, requires_grad=trains_input)
    grouped = count_flop(kind(4, 8, 3, stride=2, groups=n_groups), x)
    apart = count_flop(InGroups(kind, 4, 8, n_groups, stride=2), x)
    assert grouped.forward_mac == apart.forward_mac
    assert grouped.training_flop == apart.training_flop


def test_gradients_of_a_depthwise_convolution_by_hand():
    layer = nn.Conv1d(8, 8, 3, groups=8)
    # 8 channels, 3 weights each, 10 - 2 positions.
    count = count_flop(layer, torch.ones(1, 8, 10, requires_grad=True))
    assert count.forward_mac == 8 * 3 * 8
    assert count.training_flop == 3 * count.forward_flop


@pytest.mark.parametrize("trains", [False, True])
def test_fused_attention_counts_its_two_products(trains):
    query, key, value = (
        torch.ones(2, 3, n_rows, width, requires_grad=trains)
        for n_rows, width in ((5, 4), (6, 4), (6, 4))
    )

    def work():
        output = functional.scaled_dot_product_attention(query, key, value)
        if trains:
            output.sum().backward()

    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        fused = flop_of(work)
    with sdpa_kernel(SDPBackend.MATH):
        apart = flop_of(work)
    product = 2 * 2 * 3 * 5 * 6 * 4
    # Backwards the fused operation computes the scores again.
    assert fused == (7 * product if trains else 2 * product)
    assert apart == (6 * product if trains else 2 * product)


@pytest.mark.parametrize(
    "layer",
    [
        nn.MultiheadAttention(8, 2, batch_first=True),
        nn.TransformerEncoderLayer(8, 2, 24, batch_first=True),
    ],
    ids=["attention", "encoder"],
)
def test_the_fast_path_of_transformers_counts_like_its_parts(layer):
    layer.eval()
    x = torch.ones(2, 5, 8)
    inputs = (x, x, x) if isinstance(layer, nn.MultiheadAttention) else (x,)
    with torch.no_grad():
        fused = flop_of(lambda: layer(*inputs))
    assert fused == count_flop(layer, inputs).forward_flop
    assert fused >= 2 * 10 * 4 * 8 * 8 + 2 * 2 * 2 * 5 * 5 * 8


def test_products_with_vectors_are_counted():
    matrix, vector = torch.ones(3, 4), torch.ones(4)
    assert flop_of(lambda: matrix @ vector) == 2 * 12
    assert flop_of(lambda: torch.addmv(torch.ones(3), matrix, vector)) == 2 * 12
    assert flop_of(lambda: vector @ vector) == 2 * 4
    assert flop_of(lambda: torch.vdot(vector, vector)) == 2 * 4


def test_products_that_are_summed_or_of_integers_are_counted():
    batch = torch.ones(2, 3, 4)
    other = torch.ones(2, 4, 5)
    total = flop_of(lambda: torch.addbmm(torch.zeros(3, 5), batch, other))
    assert total == 2 * 2 * 3 * 4 * 5
    whole = torch.ones(17, 8, dtype=torch.int8)
    assert flop_of(lambda: torch._int_mm(whole, whole.T.contiguous())) == (
        2 * 17 * 8 * 17
    )


def test_every_row_of_a_grouped_product_meets_one_matrix():
    # 6 rows of 8 numbers for 3 experts of 8 x 4 weights.
    assert grouped_product((6, 8), (3, 8, 4)) == 2 * 6 * 8 * 4
    # Backwards, the gradient of the weights of each expert is of its rows.
    assert grouped_product((8, 6), (6, 4)) == 2 * 6 * 8 * 4
    # Each expert has its share of the columns.
    assert grouped_product((3, 5, 8), (8, 6)) == 2 * 5 * 8 * 6
    assert grouped_product((3, 5, 8), (3, 8, 4)) == 2 * 3 * 5 * 8 * 4


def test_a_formula_of_torch_or_of_the_user_is_kept(monkeypatch):
    operation = torch.ops.aten.mv
    assert operation in extra_formulas()
    monkeypatch.setitem(flop_registry, operation, lambda *_, **__: 7)
    assert operation not in extra_formulas()
    assert flop_of(lambda: torch.ones(3, 4) @ torch.ones(4)) == 7
