import pytest
import torch
from torch import library, nn

from isojoule import count_flop
from isojoule.counting.uncounted import looks_like_a_product


@pytest.mark.parametrize(
    "name",
    [
        "mm",
        "_sparse_addmm",
        "_fft_r2c",
        "_cdist_forward",
        "_trilinear",
        "conv_tbc",
        "_cudnn_rnn",
        "linalg_inv_ex",
        "_scaled_dot_product_flash_attention",
    ],
)
def test_names_of_products_are_known(name):
    assert looks_like_a_product("aten", name)


@pytest.mark.parametrize(
    "name",
    [
        "add",
        "_softmax",
        "native_layer_norm",
        "linalg_vector_norm",
        "upsample_bilinear2d",
        "_thnn_fused_gru_cell",
        "_cudnn_rnn_flatten_weight",
    ],
)
def test_names_of_element_wise_work_are_not_taken_for_products(name):
    assert not looks_like_a_product("aten", name)


def test_operations_of_others_may_be_products():
    assert looks_like_a_product("mylib", "relu")
    assert not looks_like_a_product("prim", "device")


class Spectrum(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return torch.fft.rfft(self.layer(x)).abs()


def test_work_without_a_formula_is_told_of():
    with pytest.warns(UserWarning, match="Spectrum lack .* aten::_fft_r2c") as told:
        count = count_flop(Spectrum(), torch.ones(2, 4))
    assert told[0].filename == __file__
    assert count.forward_mac_per_sample == 16
    assert "aten::_fft_r2c" in count.uncounted


def test_an_operation_of_a_library_is_told_of():
    own = library.Library("isojoule_test", "DEF")
    own.define("twice(Tensor x) -> Tensor")
    own.impl("twice", lambda x: 2 * x, "CompositeExplicitAutograd")

    class Twice(nn.Module):
        def forward(self, x):
            return torch.ops.isojoule_test.twice(x)

    with pytest.warns(UserWarning, match="isojoule_test::twice"):
        count = count_flop(Twice(), torch.ones(2, 4))
    assert count.uncounted == ("isojoule_test::twice",)


def test_counted_models_warn_of_nothing(recwarn):
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.Flatten(),
        nn.LayerNorm(4 * 12 * 12),
        nn.Linear(4 * 12 * 12, 3),
        nn.LogSoftmax(dim=1),
    )
    assert count_flop(model, torch.ones(2, 3, 8, 8)).uncounted == ()
    assert not recwarn.list
