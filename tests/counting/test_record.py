import pytest

from isojoule.counting import CONVENTIONS, FlopCount


def counted(**changes):
    fields = {
        "n_samples": 4,
        "n_params": 10,
        "forward_mac": 40,
        "training_flop": 200,
        "deepspeed_flop": 84,
        "activation_bytes": 32,
        "by_module": {"0": 40},
    }
    return FlopCount(**{**fields, **changes})


def test_shares_are_whole_where_the_samples_divide_the_total():
    count = counted()
    assert count.forward_flop == 80
    shares = (
        count.forward_mac_per_sample,
        count.forward_flop_per_sample,
        count.training_flop_per_sample,
        count.deepspeed_flop_per_sample,
        count.activation_bytes_per_sample,
    )
    assert shares == (10, 20, 50, 21, 8)
    assert all(type(share) is int for share in shares)


def test_what_is_done_once_for_all_samples_is_shared():
    assert counted(forward_mac=42).forward_mac_per_sample == 10.5


def test_what_was_not_counted_has_no_share():
    count = counted(training_flop=None, deepspeed_flop=None, deepspeed_gap="einsum")
    assert count.training_flop_per_sample is None
    assert count.deepspeed_flop_per_sample is None


def test_a_call_without_samples_is_refused():
    with pytest.raises(ValueError, match="n_samples is 0"):
        counted(n_samples=0)


def test_every_convention_is_told():
    assert {"multiply-accumulate", "flop", "deepspeed"} <= CONVENTIONS.keys()
