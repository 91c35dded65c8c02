"""isojoule count."""

import re
from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import click

from isojoule.cli.options import as_json, examples, print_json, print_table

if TYPE_CHECKING:
    from torch import Tensor

    from isojoule.counting import FlopCount
    from isojoule.counting.table import Counted


@click.command(
    epilog=examples(
        "isojoule count",
        "isojoule count mlp-1x512 cnn-2x128 --json",
        "isojoule count torchvision.models:resnet50 --input 1x3x224x224",
        "isojoule count model.py:build --input tokens=1x128:int64 --depth 2",
    )
)
@click.argument("models", nargs=-1)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="[NAME=]SHAPE[:DTYPE]",
    help="Input of a model of your own, such as 1x3x224x224; repeat it for several",
)
@click.option(
    "--dtype", default="float32", show_default=True, help="Of inputs that state none"
)
@click.option(
    "--samples",
    "n_samples",
    type=click.IntRange(1),
    help="Samples in the input  [default: the first number of its shape]",
)
@click.option("--forward-only", is_flag=True, help="Do not count a training pass")
@click.option(
    "--depth",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Levels of modules to show of a model of your own",
)
@as_json
def count(
    models: tuple[str, ...],
    inputs: tuple[str, ...],
    dtype: str,
    n_samples: int | None,
    forward_only: bool,
    depth: int,
    json_: bool,
) -> None:
    """Count parameters, operations and activations of models, on no device.

    MODELS are reference models or subsets of them (all where none is named), or models
    of your own: package.module:name or file.py:name, where name is a model, or a class
    or function that makes one without arguments. Their code is imported and run.
    """
    from isojoule.counting.record import CONVENTIONS, FlopCount
    from isojoule.counting.table import count_record, count_table, module_table
    from isojoule.workloads import resolve

    _check_use_of_inputs(inputs, models)
    counts: dict[str, Counted] = {}
    for name in models or ("full",):
        if ":" in name:
            counts[name] = count_own(
                name,
                inputs=inputs,
                dtype=dtype,
                n_samples=n_samples,
                training=not forward_only,
            )
        else:
            counts |= {model.name: model for model in resolve([name])}
    if json_:
        records = [count_record(name, found) for name, found in counts.items()]
        print_json({"conventions": dict(CONVENTIONS), "models": records})
        return
    print_table(count_table(counts))
    for name, found in counts.items():
        if not isinstance(found, FlopCount):
            continue
        if found.by_module:
            print_table(module_table(name, found, depth=depth))
        click.echo(f"{name} was called with {found.n_samples} samples.")
        if found.deepspeed_gap:
            click.echo(f"{name} has no DeepSpeed FLOP: {found.deepspeed_gap}.")
    for word, meaning in CONVENTIONS.items():
        click.echo(
            fill(
                f"{word}: {meaning}.",
                width=96,
                subsequent_indent="  ",
                break_on_hyphens=False,
            )
        )


def _check_use_of_inputs(inputs: Sequence[str], models: Sequence[str]) -> None:
    """Refuse inputs that nothing takes.

    Raises
    ------
    ValueError
        If there are inputs but no model of the user's own.
    """
    if inputs and not any(":" in name for name in models):
        raise ValueError(
            "--input is for models of your own, as in file.py:name; none is named"
        )


def count_own(
    name: str,
    *,
    inputs: Sequence[str],
    dtype: str,
    n_samples: int | None,
    training: bool,
) -> "FlopCount":
    """Return the counts of a model of the user's.

    Raises
    ------
    ValueError
        If the model or its input is not what it should be.
    """
    from isojoule.counting import count_flop
    from isojoule.workloads.reference import require_torch

    require_torch()
    from isojoule.counting.loading import load_model, told_as

    if not inputs:
        raise ValueError(f"{name} needs an input: add --input, such as 1x3x224x224")
    example_input = _example_input(inputs, dtype)
    model = load_model(name)
    with told_as("counting", name):
        return count_flop(model, example_input, n_samples=n_samples, training=training)


def _example_input(
    inputs: Sequence[str], dtype: str
) -> "tuple[Tensor, ...] | dict[str, Tensor]":
    """Return tensors without values, by place or by name.

    Raises
    ------
    ValueError
        If an input is not understood, or only some have names.
    """
    parsed = [_parsed(text, dtype) for text in inputs]
    named = {name: tensor for name, tensor in parsed if name}
    if not named:
        return tuple(tensor for _, tensor in parsed)
    if len(named) < len(parsed):
        raise ValueError("give every --input a name of its own, or none")
    return named


def _parsed(text: str, dtype: str) -> "tuple[str, Tensor]":
    """Return name and tensor of one input.

    Raises
    ------
    ValueError
        If it is not understood.
    """
    import torch

    found = re.fullmatch(r"(?:(\w+)=)?(\d+(?:x\d+)*)(?::(\w+))?", text)
    if found is None:
        raise ValueError(
            f"--input {text!r} is not understood: write a shape such as 1x3x224x224, "
            "with a name as in tokens=1x128, with a type as in 1x128:int64"
        )
    name, shape, own_dtype = found.groups()
    kind = getattr(torch, own_dtype or dtype, None)
    if not isinstance(kind, torch.dtype):
        raise ValueError(
            f"torch has no type {own_dtype or dtype!r}: write float32, int64, ..."
        )
    sizes = [int(size) for size in shape.split("x")]
    return name or "", torch.empty(sizes, dtype=kind, device="meta")
