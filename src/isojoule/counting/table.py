"""Counts as tables and records."""

from collections.abc import Mapping
from typing import Final, Protocol

from isojoule.counting.record import FlopCount
from isojoule.tables import Cell, Table

_COLUMNS: Final[Mapping[str, str]] = {
    "n_params": "Parameters",
    "forward_mac_per_sample": "Forward MAC",
    "forward_flop_per_sample": "Forward FLOP",
    "training_flop_per_sample": "Training FLOP",
    "deepspeed_flop_per_sample": "DeepSpeed FLOP",
    "activation_bytes_per_sample": "Activations",
}
"""Headings by name of a count."""


class Counted(Protocol):
    """A reference model or a `FlopCount`: counts per sample."""

    @property
    def n_params(self) -> int:
        """Trainable parameters."""

    @property
    def forward_mac_per_sample(self) -> float:
        """Multiply-accumulates of the forward pass [MAC]."""

    @property
    def forward_flop_per_sample(self) -> float:
        """Twice those [FLOP]."""

    @property
    def training_flop_per_sample(self) -> float | None:
        """Forward pass and gradients [FLOP]."""

    @property
    def deepspeed_flop_per_sample(self) -> float | None:
        """Forward pass as DeepSpeed counts [FLOP]."""

    @property
    def activation_bytes_per_sample(self) -> float:
        """Outputs of all layers in float32 [bytes]."""


def count_table(counts: Mapping[str, Counted]) -> Table:
    """Return the counts per sample of models, one row each.

    Parameters
    ----------
    counts : mapping of str to counts
        By name of the model.
    """
    return Table.from_rows(
        "Counts per sample",
        [_row(name, count) for name, count in counts.items()],
        labels={"name": "Model", **_COLUMNS},
    )


def _row(name: str, count: Counted) -> dict[str, Cell]:
    return {"name": name, **{key: getattr(count, key) for key in _COLUMNS}}


def count_record(name: str, count: Counted) -> dict[str, object]:
    """Return the counts per sample of one model for JSON.

    Parameters
    ----------
    name : str
        Of the model.
    count : counts
        Of a reference model, or those that were counted: these have more to tell.
    """
    if not isinstance(count, FlopCount):
        return {**_row(name, count)}
    return {
        **_row(name, count),
        "n_samples": count.n_samples,
        "forward_mac_per_sample_by_module": {
            row["module"]: row["forward_mac_per_sample"]
            for row in module_table(name, count).rows()
        },
        "uncounted": list(count.uncounted),
        "deepspeed_gap": count.deepspeed_gap,
    }


def module_table(name: str, count: FlopCount, *, depth: int | None = None) -> Table:
    """Return the forward work of the modules of a model, one row each.

    Parameters
    ----------
    name : str
        Of the model.
    count : FlopCount
        Its counts.
    depth : int or None
        How many levels of modules inside modules to show; `None` shows all.
    """
    rows: list[dict[str, Cell]] = [
        {
            "module": module,
            "forward_mac_per_sample": count.per_sample(mac),
            "forward_fraction": mac / count.forward_mac,
        }
        for module, mac in count.by_module.items()
        if mac and (depth is None or module.count(".") < depth)
    ]
    return Table.from_rows(
        name,
        rows,
        labels={
            "module": "Module",
            "forward_mac_per_sample": "Forward MAC",
            "forward_fraction": "Share",
        },
    )
