"""Fixtures that all tests share: where the data are, readings made by hand."""

import os
from pathlib import Path

import numpy as np
import pytest

from builders import skip_or_fail
from isojoule.records import Channel, Samples

DATA = Path(
    os.environ.get("ISOJOULE_DATA", Path(__file__).parents[2] / "shared" / "data")
)


@pytest.fixture
def zeus_table() -> Path:
    """Training on four GPUs, as published; skips where the data are not there."""
    path = DATA / "cross_hardware" / "zeus_nsdi23.parquet"
    if not path.exists():
        skip_or_fail(f"measurements not found at {path}; set ISOJOULE_DATA")
    return path


@pytest.fixture
def delrey_table() -> Path:
    """Runs of del Rey et al.; skips where the data are not there."""
    path = DATA / "delrey2024" / "runs.parquet"
    if not path.exists():
        skip_or_fail(f"measurements not found at {path}; set ISOJOULE_DATA")
    return path


@pytest.fixture
def dcase_folder() -> Path:
    """Folder with the results of two challenges; skips where they are not there."""
    path = DATA / "dcase"
    if not path.is_dir():
        skip_or_fail(f"measurements not found at {path}; set ISOJOULE_DATA")
    return path


@pytest.fixture
def cross_hardware() -> Path:
    """Folder with tables of several machines; skips where the data are not there."""
    path = DATA / "cross_hardware"
    if not path.is_dir():
        skip_or_fail(f"measurements not found at {path}; set ISOJOULE_DATA")
    return path


@pytest.fixture
def power_samples() -> Samples:
    """A GPU at 100 W for 1 s, then at 300 W for 1 s, with its counter."""
    channels = (
        Channel("gpu0_energy_j", "gpu", "energy_j", "gpu0"),
        Channel("gpu0_power_w", "gpu", "power_w", "gpu0"),
    )
    return Samples(
        channels,
        np.array([0.0, 1.0, 2.0]),
        np.array([[5000.0, 5100.0, 5400.0], [100.0, 300.0, 300.0]]),
    )
