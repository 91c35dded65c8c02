"""What tests of counting share."""

import pytest
import torch

from isojoule import count_flop


@pytest.fixture(scope="session", autouse=True)
def _warm_torch():
    """Have torch import what it needs for counting before the first test."""
    count_flop(torch.nn.Linear(1, 1), torch.ones(1, 1))
