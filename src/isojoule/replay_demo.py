"""A measured GPU training on any machine: a record played through the real meter."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from isojoule.meter import Meter
from isojoule.records import Accelerator, Channel, Hardware, Run, Samples, Workload
from isojoule.sensors.replay import ReplaySensor
from isojoule.store import RunStore

N_EPOCHS: Final = 3
_TRAIN_S: Final = 2.4
_VALIDATION_S: Final = 0.8
_REFRESH_S: Final = 0.1
_STEP_S: Final = 0.005
_DOUBT: Final = "the readings are a made-up example, played to the meter"
_COUNTER_J: Final = 412_345.0

_GPU: Final = Accelerator("Example GPU (replayed)", "nvidia", power_limit_w=300.0)


def example_samples() -> Samples:
    """Return what a GPU could have said of a small training: made up, not measured.

    Returns
    -------
    Samples
        Counter [J] with a refresh of 0.1 s, power [W] and utilization, every 5 ms.
    """
    length_s = N_EPOCHS * (_TRAIN_S + _VALIDATION_S) + 4.0
    time_s = np.arange(0.0, length_s, _STEP_S)
    in_epoch_s = time_s % (_TRAIN_S + _VALIDATION_S)
    epoch = time_s // (_TRAIN_S + _VALIDATION_S)
    training_w = 262.0 + 14.0 * np.sin(2 * np.pi * in_epoch_s / 0.6)
    working_w = np.where(in_epoch_s < _TRAIN_S, training_w, 171.0)
    power_w = np.where(epoch < N_EPOCHS, working_w, 58.0)
    energy_j = _COUNTER_J + np.concatenate([[0.0], np.cumsum(power_w * _STEP_S)])[:-1]
    tick = np.floor(time_s / _REFRESH_S + 1e-9) * round(_REFRESH_S / _STEP_S)
    channels = (
        Channel("gpu0_energy_j", "gpu", "energy_j", "gpu0", gain_error_fraction=0.05),
        Channel("gpu0_power_w", "gpu", "power_w", "gpu0", gain_error_fraction=0.05),
        Channel("gpu0_utilization_fraction", "gpu", "utilization_fraction", "gpu0"),
    )
    busy = np.where(epoch < N_EPOCHS, 0.97, 0.0)
    return Samples(
        channels,
        time_s,
        np.array([energy_j[tick.astype(int)], np.round(power_w, 3), busy]),
    )


def replay_demo(
    store: RunStore,
    *,
    on_epoch: Callable[[int], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Run:
    """Return the run of the example, measured by a real meter as it is played.

    Parameters
    ----------
    store : RunStore
        Keeps the run.
    on_epoch : callable
        Called with the number of each epoch before it begins, from 0.
    sleep : callable
        Waits for so many seconds.

    Raises
    ------
    StoreError
        If the journal cannot be made.
    """
    sensor = ReplaySensor.open(example_samples(), doubts=(_DOUBT,))
    meter = Meter(
        "replayed training",
        workload=Workload("replayed training"),
        hardware=Hardware(_GPU.name, accelerators=(_GPU,)),
        sensors=[sensor],
        store=store,
    )
    with meter:
        for epoch in range(N_EPOCHS):
            on_epoch(epoch)
            with meter.window("train", phase="train", epoch=epoch):
                sleep(_TRAIN_S)
            with meter.window("validation", phase="validation", epoch=epoch):
                sleep(_VALIDATION_S)
    sensor.close()
    return meter.run
