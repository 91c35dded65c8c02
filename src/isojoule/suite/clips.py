"""The clips that the models train on: cached, or decoded in every step."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from isojoule.errors import InsufficientDataError
from isojoule.suite.settings import Data, Settings
from isojoule.workloads import N_SAMPLES_PER_EPOCH
from isojoule.workloads.desed import (
    STAND_IN_FILE,
    DesedFolder,
    decode_batch,
    load_clips,
    open_desed,
)
from isojoule.workloads.synthetic import synthetic_clips

if TYPE_CHECKING:
    import torch

Batch: TypeAlias = "tuple[torch.Tensor, torch.Tensor]"
"""Inputs (n, 1, 128, 64) and labels (n, 10)."""


class Clips(Protocol):
    """Where batches come from."""

    @property
    def n_clips(self) -> int:
        """Clips in an epoch."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What is missing of the recordings."""
        ...

    def batch(self, indices: "torch.Tensor", device: str) -> Batch:
        """Return the clips of `indices` on `device`."""
        ...


@dataclass(slots=True)
class CachedClips:
    """Clips that lie on the device before anything is measured.

    Parameters
    ----------
    inputs : torch.Tensor of shape (n, 1, 128, 64)
        Spectrograms.
    labels : torch.Tensor of shape (n, 10)
        Zeros and ones.
    notes : tuple of str
        What is missing of the recordings.
    """

    inputs: "torch.Tensor"
    labels: "torch.Tensor"
    notes: tuple[str, ...] = ()

    @property
    def n_clips(self) -> int:
        """Clips in an epoch."""
        return len(self.inputs)

    def batch(self, indices: "torch.Tensor", device: str) -> Batch:
        """Return the clips of `indices` on `device`, where all of them stay."""
        if str(self.inputs.device) != device:
            self.inputs, self.labels = self.inputs.to(device), self.labels.to(device)
        chosen = indices.to(device)
        return self.inputs[chosen], self.labels[chosen]


@dataclass(frozen=True, slots=True)
class DecodedClips:
    """Recordings that every step decodes anew and moves over, as published.

    Parameters
    ----------
    folder : DesedFolder
        The recordings.
    """

    folder: DesedFolder

    @property
    def n_clips(self) -> int:
        """Clips in an epoch."""
        return len(self.folder.paths)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is missing of the recordings."""
        return self.folder.notes

    def batch(self, indices: "torch.Tensor", device: str) -> Batch:
        """Return the clips of `indices`: decoded, whole spectrograms, then moved."""
        inputs, labels = decode_batch(self.folder, indices.tolist())
        return inputs.to(device), labels.to(device)


def kind_of(data: Path | None) -> Data:
    """Return what sort of clips a folder holds; without one they are made up."""
    if data is None:
        return "synthetic"
    return "stand-in" if (data / STAND_IN_FILE).exists() else "desed"


def open_clips(
    settings: Settings,
    data: Path | None,
    *,
    on_clip: Callable[[int], None] | None = None,
) -> Clips:
    """Return the clips that `settings` ask for.

    Parameters
    ----------
    settings : Settings
        Mode, data and seed.
    data : Path or None
        Folder in the layout of DESED, where `settings` ask for one.
    on_clip : callable or None
        Called with the number of clips that are ready.

    Raises
    ------
    InsufficientDataError
        If the mode needs recordings and there is no folder of them.
    FormatError
        If the folder is not one of such recordings.
    MissingExtraError
        If PyTorch or soundfile is not installed.
    """
    if data is None:
        if settings.mode == "as-published":
            raise InsufficientDataError(
                "mode as-published decodes recordings in every step: name their folder "
                "with --data DIR, or make one with isojoule suite synthesize DIR"
            )
        return CachedClips(*synthetic_clips(N_SAMPLES_PER_EPOCH, seed=settings.seed))
    folder = open_desed(data)
    if settings.mode == "as-published":
        return DecodedClips(folder)
    return CachedClips(*load_clips(folder, on_clip=on_clip), notes=folder.notes)
