"""The reference models: 43 networks whose training is the same work on every machine.

Listing and counting them is arithmetic; only building one and making clips for it
imports `torch` (the ``suite`` extra).
"""

from collections.abc import Mapping, Sequence

from isojoule.errors import UnknownNameError
from isojoule.records import Workload
from isojoule.tables import Cell, Table
from isojoule.workloads.cnn import cnn
from isojoule.workloads.crnn import crnn
from isojoule.workloads.mlp import mlp
from isojoule.workloads.reference import (
    BATCH_SIZE,
    INPUT_SHAPE,
    LEARNING_RATE,
    N_CLASSES,
    N_EPOCHS,
    N_SAMPLES_PER_EPOCH,
    STEPS_PER_EPOCH,
    ReferenceModel,
)
from isojoule.workloads.rnn import rnn

__all__ = [
    "BATCH_SIZE",
    "INPUT_SHAPE",
    "LEARNING_RATE",
    "N_CLASSES",
    "N_EPOCHS",
    "N_SAMPLES_PER_EPOCH",
    "STEPS_PER_EPOCH",
    "SUBSETS",
    "SUITE",
    "ReferenceModel",
    "resolve",
    "suite_table",
    "to_workload",
]

# The lines of `launch_experiment.sh` (ConstanceDws/toolbox_energy, 4c6f87d).
SUITE: Mapping[str, ReferenceModel] = {
    "mlp-1x512": mlp(1, 512),
    "mlp-1x1024": mlp(1, 1024),
    "mlp-1x2048": mlp(1, 2048),
    "mlp-4x1024": mlp(4, 1024),
    "mlp-4x2048": mlp(4, 2048),
    "mlp-4x4096": mlp(4, 4096),
    "mlp-6x4096": mlp(6, 4096),
    "mlp-10x4096": mlp(10, 4096),
    "mlp-16x4096": mlp(16, 4096),
    "mlp-32x4096": mlp(32, 4096),
    "cnn-1x128": cnn(1, 128),
    "cnn-1x256": cnn(1, 256),
    "cnn-1x512": cnn(1, 512),
    "cnn-1x1024": cnn(1, 1024),
    "cnn-2x128": cnn(2, 128),
    "cnn-2x256": cnn(2, 256),
    "cnn-2x384": cnn(2, 384),
    "cnn-2x512": cnn(2, 512),
    "cnn-2x768": cnn(2, 768),
    "cnn-2x1024": cnn(2, 1024),
    "cnn-6x384": cnn(6, 384),
    "cnn-6x768": cnn(6, 768),
    "rnn-1x128": rnn(1, 128),
    "rnn-1x512": rnn(1, 512),
    "rnn-1x1024": rnn(1, 1024),
    "rnn-1x2048": rnn(1, 2048),
    "rnn-2x2048": rnn(2, 2048),
    "rnn-4x1024": rnn(4, 1024),
    "rnn-4x2048": rnn(4, 2048),
    "rnn-6x1024": rnn(6, 1024),
    "rnn-6x2048": rnn(6, 2048),
    "rnn-10x2048": rnn(10, 2048),
    "rnn-14x2048": rnn(14, 2048),
    "crnn-1x1-64x64": crnn((1, 1), (64, 64)),
    "crnn-2x1-64x64": crnn((2, 1), (64, 64)),
    "crnn-1x2-64x64": crnn((1, 2), (64, 64)),
    "crnn-1x1-256x64": crnn((1, 1), (256, 64)),
    "crnn-1x1-512x256": crnn((1, 1), (512, 256)),
    "crnn-1x2-512x256": crnn((1, 2), (512, 256)),
    "crnn-1x2-1024x256": crnn((1, 2), (1024, 256)),
    "crnn-2x1-512x256": crnn((2, 1), (512, 256)),
    "crnn-2x2-728x256": crnn((2, 2), (728, 256)),
    "crnn-2x2-1024x256": crnn((2, 2), (1024, 256)),
}
"""Every reference model by name: layers x width, of a CRNN convolution x recurrent."""

SUBSETS: Mapping[str, tuple[str, ...]] = {
    # The fewest and the most training FLOP.
    "dual": ("rnn-1x128", "crnn-2x2-1024x256"),
    # All four families, small enough for a CPU in about a minute.
    "quick": (
        "mlp-1x512",
        "mlp-1x1024",
        "mlp-4x1024",
        "cnn-1x128",
        "cnn-2x128",
        "rnn-1x128",
        "rnn-1x512",
        "crnn-2x1-64x64",
    ),
    # The four that the 43 lie nearest to, by standardized logarithms of training FLOP
    # and parameters: the smallest sum of distances over all sets of four.
    "medoid-4": ("mlp-4x1024", "mlp-6x4096", "cnn-2x512", "crnn-2x1-64x64"),
    "full": tuple(SUITE),
}
"""Names that stand for several models."""


def resolve(names: Sequence[str]) -> list[ReferenceModel]:
    """Return the models that `names` stand for, each once, in the order of asking.

    Parameters
    ----------
    names : sequence of str
        Keys of `SUITE` and `SUBSETS`, in any mixture.

    Raises
    ------
    UnknownNameError
        If a name is neither.
    """
    found: dict[str, ReferenceModel] = {}
    for name in names:
        members = SUBSETS.get(name, (name,))
        if not SUITE.keys() >= set(members):
            known = [*SUITE, *SUBSETS]
            unknown = UnknownNameError("reference model or subset", name, known)
            raise unknown
        found |= {member: SUITE[member] for member in members}
    return list(found.values())


def suite_table() -> Table:
    """Return the counts of all reference models, one row each."""
    rows: list[dict[str, Cell]] = [
        {
            "name": model.name,
            "family": model.family,
            "num_layers": _joined(model.num_layers),
            "hidden_sizes": _joined(model.hidden_sizes),
            "n_params": model.n_params,
            "forward_mac_per_sample": model.forward_mac_per_sample,
            "forward_flop_per_sample": model.forward_flop_per_sample,
            "training_flop_per_sample": model.training_flop_per_sample,
            "deepspeed_flop_per_sample": model.deepspeed_flop_per_sample,
            "activation_bytes_per_sample": model.activation_bytes_per_sample,
        }
        for model in SUITE.values()
    ]
    return Table.from_rows(
        "Reference models",
        rows,
        labels={
            "name": "Model",
            "family": "Family",
            "num_layers": "Layers",
            "hidden_sizes": "Width",
            "n_params": "Parameters",
            "forward_mac_per_sample": "Forward MAC per sample",
            "forward_flop_per_sample": "Forward FLOP per sample",
            "training_flop_per_sample": "Training FLOP per sample",
            "deepspeed_flop_per_sample": "DeepSpeed FLOP per sample",
            "activation_bytes_per_sample": "Activations per sample",
        },
    )


def _joined(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes))


def to_workload(
    model: ReferenceModel,
    *,
    phase: str = "train",
    mode: str = "device-only",
    settings: Mapping[str, str] | None = None,
    n_samples: int | None = None,
) -> Workload:
    """Return the workload record of a reference model.

    Parameters
    ----------
    model : ReferenceModel
        What is trained.
    phase, mode : str
        As in `Workload`.
    settings : mapping of str to str
        As in `Workload`.
    n_samples : int or None
        Samples that the run processes; `None` where it is not known.

    Raises
    ------
    ValueError
        If `n_samples` is not positive.
    """
    return Workload(
        name=model.name,
        phase=phase,
        model=model.name,
        family=model.family,
        task="reference-suite",
        mode=mode,
        settings=dict(settings or {}),
        batch_size=BATCH_SIZE,
        n_samples=n_samples,
        n_samples_per_epoch=N_SAMPLES_PER_EPOCH,
        n_params=model.n_params,
        forward_flop_per_sample=model.forward_flop_per_sample,
        training_flop_per_sample=model.training_flop_per_sample,
        activation_bytes_per_sample=model.activation_bytes_per_sample,
    )
