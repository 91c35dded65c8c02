"""Small real trainings for `stopping.py`: scores of each epoch, energies of our meter.

Two lists of tasks: on the first the curves and the rule were chosen, the second was
looked at once they were. Data are the digits that come with scikit-learn, or generated.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from isojoule import Meter
from isojoule.estimators.epochs import Epoch
from isojoule.observations import energy_in_scope
from isojoule.records import Run

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Inputs and targets to train on, and to validate with."""

N_EPOCHS = 60


@dataclass(frozen=True)
class Task:
    """One thing to learn.

    Parameters
    ----------
    name : str
        For the tables.
    data : callable
        Makes the data from a generator.
    network : callable
        Makes the network.
    options : dict
        For `train`.
    """

    name: str
    data: Callable[[np.random.Generator], Data]
    network: Callable[[], nn.Module]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def unfrozen_at(self) -> int | None:
        """Epoch at which all layers begin to learn; `None` where all do from 0 on."""
        return self.options.get("unfrozen_at")


def digits(
    rng: np.random.Generator,
    n: int,
    *,
    noise: float = 0.0,
    flipped: float = 0.0,
    image: bool = False,
) -> Data:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    x, y = x[order] / 16.0, y[order]
    x = x + noise * rng.standard_normal(x.shape)
    x = x.reshape(-1, 1, 8, 8) if image else x
    train_x, train_y = x[400 : 400 + n], y[400 : 400 + n].copy()
    wrong = rng.random(n) < flipped
    train_y[wrong] = rng.integers(0, 10, wrong.sum())
    return train_x, train_y, x[:400], y[:400]


def split(x: np.ndarray, y: np.ndarray, n_validation: int = 400) -> Data:
    return x[n_validation:], y[n_validation:], x[:n_validation], y[:n_validation]


def teacher(rng: np.random.Generator, n: int, n_inputs: int, n_classes: int) -> Data:
    x = rng.standard_normal((n + 400, n_inputs))
    hidden = np.tanh(2 * x @ rng.standard_normal((n_inputs, 30)) / np.sqrt(n_inputs))
    return split(x, (hidden @ rng.standard_normal((30, n_classes))).argmax(axis=1))


def spirals(rng: np.random.Generator, n: int) -> Data:
    y = rng.integers(0, 3, n + 400)
    radius = rng.random(n + 400)
    angle = 2 * np.pi * (radius + y / 3) + 0.1 * rng.standard_normal(n + 400)
    x = 2 * radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return split(x, y)


def checkers(rng: np.random.Generator, n: int, n_cells: int) -> Data:
    x = rng.uniform(0, 1, (n + 400, 2))
    cells = np.floor(x * n_cells).astype(int)
    return split(2 * x - 1, cells.sum(axis=1) % 2)


def sine(rng: np.random.Generator, n: int) -> Data:
    x = rng.uniform(-1, 1, (n + 400, 4))
    waves = np.sin(3 * x @ rng.standard_normal(4))
    return split(x, waves + 0.2 * rng.standard_normal(n + 400))


def shapes(rng: np.random.Generator, n: int, *, noise: float, size: int = 12) -> Data:
    kinds = rng.integers(0, 4, n + 400)
    images = np.zeros((n + 400, 1, size, size))
    for image, kind in zip(images, kinds, strict=True):
        row, column = rng.integers(2, size - 4, 2)
        length = rng.integers(3, 5)
        if kind == 0:
            image[0, row, column - 2 : column + length] = 1
        elif kind == 1:
            image[0, row - 2 : row + length, column] = 1
        elif kind == 2:
            image[0, row : row + 3, column : column + 3] = 1
        else:
            for step in range(length):
                image[0, row + step, column + step] = 1
    return split(images + noise * rng.standard_normal(images.shape), kinds)


def sequences(rng: np.random.Generator, n: int, length: int = 16) -> Data:
    x = rng.integers(0, 2, (n + 400, length))
    pairs = (x[:, :-1] & x[:, 1:]).sum(axis=1)
    return split(x[..., None].astype(float), (pairs >= length / 4).astype(int))


def mlp(n_inputs: int, n_outputs: int, *widths: int) -> nn.Module:
    sizes = [n_inputs, *(widths or (64, 64))]
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], n_outputs))


def cnn(n_outputs: int, width: int = 8) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * width, n_outputs),
    )


class Gru(nn.Module):
    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        self.body = nn.GRU(1, 16, batch_first=True)
        self.head = nn.Linear(16, n_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x)[0][:, -1])


DEVELOPMENT: Sequence[Task] = (
    Task("digits", lambda r: digits(r, 1200), lambda: mlp(64, 10), {"lr": 3e-4}),
    Task(
        "few digits",
        lambda r: digits(r, 150, noise=0.3),
        lambda: mlp(64, 10, 128, 128),
    ),
    Task(
        "wrong digits",
        lambda r: digits(r, 1000, flipped=0.2),
        lambda: mlp(64, 10),
        {"lr": 0.01, "momentum": 0.9, "schedule": "cosine"},
    ),
    Task(
        "teacher", lambda r: teacher(r, 1500, 20, 5), lambda: mlp(20, 5), {"lr": 5e-4}
    ),
    Task("spirals", lambda r: spirals(r, 800), lambda: mlp(2, 3, 32, 32), {"lr": 3e-3}),
    Task(
        "frozen digits",
        lambda r: digits(r, 800),
        lambda: mlp(64, 10),
        {"lr": 5e-4, "unfrozen_at": 15},
    ),
    Task(
        "sine",
        lambda r: sine(r, 600),
        lambda: mlp(4, 1, 48, 48),
        {"is_regression": True},
    ),
)
"""Those on which curves and rule were chosen."""

HELD_OUT: Sequence[Task] = (
    Task("shapes", lambda r: shapes(r, 600, noise=0.6), lambda: cnn(4), {"lr": 2e-3}),
    Task(
        "noisy shapes",
        lambda r: shapes(r, 400, noise=0.9),
        lambda: cnn(4, 16),
        {"lr": 3e-3},
    ),
    Task(
        "digit images",
        lambda r: digits(r, 700, noise=0.25, flipped=0.1, image=True),
        lambda: cnn(10),
        {"lr": 2e-3, "schedule": "step"},
    ),
    Task("sequences", lambda r: sequences(r, 500), lambda: Gru(2), {"lr": 5e-3}),
    Task(
        "checkers",
        lambda r: checkers(r, 1200, 4),
        lambda: mlp(2, 2, 48, 48, 48),
        {"lr": 2e-3},
    ),
    Task(
        "deep teacher",
        lambda r: teacher(r, 1000, 30, 8),
        lambda: mlp(30, 8, 96, 96, 96),
        {"lr": 0.02, "momentum": 0.9, "schedule": "cosine"},
    ),
    Task(
        "frozen checkers",
        lambda r: checkers(r, 900, 3),
        lambda: mlp(2, 2, 64, 64),
        {"lr": 5e-3, "unfrozen_at": 12},
    ),
)
"""Those that are reported."""


def run_task(task: Task, seed: int) -> dict[str, tuple[Epoch, ...]]:
    """Return the epochs of one training, once with its score and once with its loss."""
    rng = np.random.default_rng([seed, *task.name.encode()])
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    data, network = task.data(rng), task.network()
    with Meter(task.name, hz=20.0) as meter:
        train(meter, data, network, seed=seed, **task.options)
    return {name: timed_epochs(meter.run, name) for name in ("val_score", "val_loss")}


def timed_epochs(run: Run, score: str) -> tuple[Epoch, ...]:
    """Return the epochs of a run by their lengths and its mean power.

    Those of so small a network last some 20 ms: too short for an energy of their own.
    """
    total = energy_in_scope(run.energies, run.default_scope)
    if total is None or not run.duration_s:
        raise SystemExit(f"no energy was metered: {run.warnings}")
    power_w = total[0] / run.duration_s
    return tuple(
        Epoch(w.epoch, w.start_s, w.end_s, power_w * w.duration_s, w.scores[score])
        for w in sorted(run.windows, key=lambda w: w.start_s)
        if w.epoch is not None
    )


def train(
    meter: Meter,
    data: Data,
    network: nn.Module,
    *,
    seed: int,
    lr: float = 1e-3,
    momentum: float = 0.0,
    schedule: str = "none",
    unfrozen_at: int | None = None,
    is_regression: bool = False,
) -> None:
    """Train a network, one window of the meter per epoch, and report its scores."""
    kind = torch.float32 if is_regression else torch.long
    x, validation_x = (torch.tensor(data[n], dtype=torch.float32) for n in (0, 2))
    y, validation_y = (torch.tensor(data[n], dtype=kind) for n in (1, 3))
    criterion = nn.MSELoss() if is_regression else nn.CrossEntropyLoss()
    optimizer = (
        torch.optim.SGD(network.parameters(), lr, momentum)
        if momentum
        else torch.optim.Adam(network.parameters(), lr)
    )
    rates = {
        "none": lambda _: 1.0,
        "cosine": lambda epoch: 0.5 * (1 + np.cos(np.pi * epoch / N_EPOCHS)),
        "step": lambda epoch: 0.1 ** (3 * epoch // N_EPOCHS),
    }
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, rates[schedule])
    order = torch.Generator().manual_seed(seed)
    body = list(network.parameters())[:-2]
    for epoch in range(N_EPOCHS):
        for parameter in body:
            parameter.requires_grad_(unfrozen_at is None or epoch >= unfrozen_at)
        with meter.window("train", phase="train", epoch=epoch):
            for batch in torch.randperm(len(x), generator=order).split(32):
                optimizer.zero_grad()
                output = network(x[batch])
                criterion(output.squeeze(-1), y[batch]).backward()
                optimizer.step()
            scheduler.step()
            scores = validate(network, validation_x, validation_y, criterion)
        meter.report(scores, epoch=epoch)


def validate(
    network: nn.Module, x: torch.Tensor, y: torch.Tensor, criterion: nn.Module
) -> dict[str, float]:
    """Return loss and score: accuracy, or the share of variance that is explained."""
    with torch.no_grad():
        output = network(x).squeeze(-1)
        loss = float(criterion(output, y))
    if y.is_floating_point():
        return {"val_loss": loss, "val_score": 1 - loss / float(y.var())}
    share = float((output.argmax(dim=1) == y).float().mean())
    return {"val_loss": loss, "val_score": share}
