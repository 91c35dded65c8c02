import pytest
import torch

from isojoule.errors import SensorUnavailableError, UnknownNameError
from isojoule.observations import observe
from isojoule.probe import probe_hardware
from isojoule.records import Channel
from isojoule.suite import (
    Configuration,
    Length,
    available_devices,
    describe,
    n_samples_in,
    run_suite,
)
from isojoule.workloads import SUITE
from isojoule.workloads.synthetic import synthetic_clips


class SteadySensor:
    """40 W, always."""

    name, quantity = "steady", "power_w"
    channels = (Channel("cpu0_power_w", "cpu", "power_w", "cpu0"),)

    def read(self, quantities=None):
        return (40.0,)

    def close(self):
        pass


@pytest.fixture
def steady(monkeypatch):
    monkeypatch.setattr("isojoule.suite.open_sensors", lambda: [SteadySensor()])


@pytest.fixture(scope="module")
def clips():
    return synthetic_clips(24, seed=1)


def run_all(names, clips, **options):
    options.setdefault("length", Length(n_steps=2))
    return list(
        run_suite(
            [SUITE[name] for name in names],
            options.pop("configuration", Configuration("cpu", 1)),
            clips=clips,
            on_start=options.pop("on_start", lambda model: None),
            **options,
        )
    )


def test_an_epoch_is_198_steps_and_1578_clips():
    assert n_samples_in(1) == 8
    assert n_samples_in(197) == 1576
    assert n_samples_in(198) == 1578
    assert n_samples_in(199) == 1586
    assert n_samples_in(1980) == 15780


@pytest.mark.parametrize("options", [{"n_steps": 0}, {"duration_s": 0.0}])
def test_a_length_of_nothing_is_refused(options):
    with pytest.raises(ValueError, match="needs"):
        Length(**options)


@pytest.mark.usefixtures("steady")
@pytest.mark.parametrize("name", ["mlp-1x512", "cnn-1x128", "rnn-1x128"])
def test_a_model_of_each_family_is_trained_and_measured(clips, name):
    (run,) = run_all([name], clips)
    assert run.workload.name == name
    assert run.workload.n_samples == 16
    assert run.workload.mode == "device-only"
    assert run.hardware.n_threads == 1
    assert run.tags["device"] == "cpu"
    assert run.status == "complete"
    assert [w.phase for w in run.windows] == ["train"]
    assert run.cpu_energy_j == pytest.approx(40.0 * run.duration_s)
    seen = observe(run)
    assert seen.energy_j == pytest.approx(run.cpu_energy_j * 1578 / 16)


@pytest.mark.usefixtures("steady")
def test_the_time_decides_the_number_of_steps(clips):
    (run,) = run_all(["rnn-1x128"], clips, length=Length(duration_s=0.3))
    assert run.workload.n_samples >= 8
    assert run.duration_s > 0.05


@pytest.mark.usefixtures("steady")
def test_settings_of_the_user_are_put_back(clips):
    before = torch.get_num_threads(), torch.backends.cudnn.allow_tf32
    state = torch.random.get_rng_state()
    run_all(["rnn-1x128"], clips, configuration=Configuration("cpu", 2))
    assert (torch.get_num_threads(), torch.backends.cudnn.allow_tf32) == before
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.usefixtures("steady")
def test_models_are_announced_before_they_run(clips):
    names = []
    run_all(["rnn-1x128", "mlp-1x512"], clips, on_start=lambda m: names.append(m.name))
    assert names == ["rnn-1x128", "mlp-1x512"]


def test_a_device_that_is_not_there_is_answered_with_those_that_are(clips):
    with pytest.raises(UnknownNameError, match="no device 'cuda:9'"):
        run_all(["rnn-1x128"], clips, configuration=Configuration("cuda:9"))
    assert available_devices()[0] == "cpu"


def test_the_whole_cpu_is_named_like_in_any_other_run():
    whole = describe(Configuration("cpu"), [])
    assert whole.name == probe_hardware().name
    assert whole.n_threads == torch.get_num_threads()
    assert describe(Configuration("cpu", 1), []).name == f"{whole.name}, 1 thread"


def test_an_accelerator_that_no_sensor_sees_is_refused():
    with pytest.raises(SensorUnavailableError, match="no sensor sees cuda:0"):
        describe(Configuration("cuda:0"), [SteadySensor()])
