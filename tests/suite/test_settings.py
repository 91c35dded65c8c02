import pytest
import torch

from isojoule.errors import InsufficientDataError, SensorUnavailableError
from isojoule.probe import probe_hardware
from isojoule.suite import Configuration, Settings, available_devices, open_clips
from isojoule.suite.settings import applied, describe_hardware
from suite.conftest import SteadySensor


def test_the_whole_cpu_is_named_like_in_any_other_run():
    whole = describe_hardware(Configuration("cpu"), [])
    assert whole.name == probe_hardware().name
    assert whole.n_threads == torch.get_num_threads()
    one = describe_hardware(Configuration("cpu", 1), [])
    assert one.name == f"{whole.name}, 1 thread"
    assert available_devices()[0] == "cpu"


def test_an_accelerator_that_no_sensor_sees_is_refused():
    with pytest.raises(SensorUnavailableError, match="no sensor sees cuda:0"):
        describe_hardware(Configuration("cuda:0"), [SteadySensor()])


def test_settings_hold_within_and_not_after():
    n_threads = torch.get_num_threads()
    with applied(Settings(tf32=True), Configuration("cpu", 1)):
        assert torch.get_num_threads() == 1
        assert torch.backends.cudnn.allow_tf32
    assert torch.get_num_threads() == n_threads


def test_recordings_that_are_decoded_in_every_step_must_be_there():
    with pytest.raises(InsufficientDataError, match="suite synthesize"):
        open_clips(Settings(mode="as-published"), None)
