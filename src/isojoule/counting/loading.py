"""A model of somebody else's code, by its name."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from operator import attrgetter
from pathlib import Path
from types import ModuleType

import torch
from torch import nn


def load_model(reference: str) -> nn.Module:
    """Return the model that ``package.module:name`` or ``file.py:name`` stands for.

    Parameters
    ----------
    reference : str
        After the colon stands the name of a model, or of what returns one without
        arguments. It is called inside the meta device, so that its weights take no
        memory, and without it where it fails there.

    Raises
    ------
    ValueError
        If there is nothing of that name, or it is no model, or its code fails.
    """
    place, _, name = reference.rpartition(":")
    with _importable(Path.cwd()), told_as("importing", place):
        module = _file(Path(place)) if place.endswith(".py") else import_module(place)
    try:
        found = attrgetter(name)(module)
    except AttributeError as error:
        raise ValueError(f"{place} has no {name!r}") from error
    if not isinstance(found, nn.Module):
        found = _called(reference, found)
    if not isinstance(found, nn.Module):
        kind = type(found).__name__
        raise ValueError(f"{reference} gives a {kind}, not a torch.nn.Module")
    return found


@contextmanager
def told_as(doing: str, what: str) -> Iterator[None]:
    """Have errors of other people's code told in one line.

    Parameters
    ----------
    doing, what : str
        What is tried, for the message.

    Raises
    ------
    ValueError
        If any of the errors comes up that Python code commonly raises.
    """
    try:
        yield
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        ImportError,
        LookupError,
        NameError,
        OSError,
        RuntimeError,
        SyntaxError,
        TypeError,
        ValueError,
    ) as error:
        line = " ".join(str(error).split("\n", 1)[0].split())
        kind = "" if isinstance(error, ValueError) else f" with {type(error).__name__}"
        raise ValueError(f"{doing} {what} failed{kind}: {line}") from error


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _file(path: Path) -> ModuleType:
    """Return the module in a file, which may import its neighbours.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    module = module_from_spec(spec)
    sys.modules.setdefault(spec.name, module)  # dataclasses look themselves up
    with _importable(path.parent.resolve()):
        spec.loader.exec_module(module)
    return module


def _called(reference: str, factory: object) -> object:
    """Return what `factory` makes.

    Raises
    ------
    ValueError
        If it cannot be called without arguments.
    """
    if not callable(factory):
        raise ValueError(f"{reference} is neither a model nor makes one")
    with told_as("calling", reference):
        try:
            with torch.device("meta"):
                return factory()
        except RuntimeError:
            # It asks for values, as for a schedule of drop rates, or loads some.
            return factory()
