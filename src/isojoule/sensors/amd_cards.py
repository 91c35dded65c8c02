"""Which AMD GPUs a process may use: those that HIP shows to it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isojoule.errors import SensorUnavailableError
from isojoule.sensors.visible import local_rank, share_of_rank

_FILTERS: Final = (
    ("ROCR_VISIBLE_DEVICES",),
    ("HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"),
)
"""Variables that hide GPUs: the second line numbers those that the first one leaves,
and of a line only the first that is set counts (ROCm documentation, "GPU isolation
techniques")."""


@dataclass(frozen=True, slots=True)
class Card:
    """One GPU of the machine.

    Parameters
    ----------
    index : int
        Index that HIP gives it where nothing is hidden.
    folder : Path
        Files of the driver for it; the name is its PCI address.
    n_partitions : int
        GPUs that HIP sees in it.
    """

    index: int
    folder: Path
    n_partitions: int = 1

    @property
    def device(self) -> str:
        """Name of its channels; ``gpu<i>`` may be taken by another vendor."""
        return f"amdgpu{self.index}"

    @property
    def uuid(self) -> str | None:
        """Identity as ROCm writes it; `None` before Vega."""
        return _uuid(self.folder)

    @property
    def is_part_of_a_cpu(self) -> bool:
        """Whether its power is that of a whole chip, CPU included.

        Tables of revision 1 are of cards, later ones of such chips (Linux,
        ``kgd_pp_interface.h``, ``metrics_table_header``).
        """
        try:
            header = (self.folder / "gpu_metrics").read_bytes()[:4]
        except OSError:
            return False
        return len(header) == 4 and header[2] > 1

    @property
    def is_asleep(self) -> bool:
        """Whether the driver has switched it off until somebody uses it."""
        return text_of(self.folder / "power/runtime_status") == "suspended"


def text_of(path: Path) -> str:
    """Return the text of a small file; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def cards_of_process(
    root: Path, environ: Mapping[str, str]
) -> tuple[list[Card], list[str]]:
    """Return the GPUs that a process may use, and the doubts about the choice.

    Parameters
    ----------
    root : Path
        Where sysfs is mounted.
    environ : mapping of str to str
        Environment of the process.

    Returns
    -------
    (list of Card, list of str)
        At least one card.

    Raises
    ------
    SensorUnavailableError
        If there are none.
    """
    folders = {f.name: f for f in (root / "bus/pci/drivers/amdgpu").glob("*:*:*.*")}
    if not folders:
        raise SensorUnavailableError(
            "no AMD GPU with a loaded amdgpu driver on this machine",
            "with an AMD GPU, load its driver (sudo modprobe amdgpu)",
        )
    addresses = [a for a in _hip_addresses(root) if a in folders]
    doubts = []
    if not addresses:
        addresses = sorted(folders)
        if len(addresses) > 1 and any(name in environ for f in _FILTERS for name in f):
            doubts.append(
                "The driver does not tell how HIP numbers the AMD GPUs: the order of "
                "their PCI addresses was taken."
            )
    uuids = [_uuid(folders[address]) for address in addresses]
    visible = [addresses[p] for p in visible_positions(environ, uuids)]
    cards = [
        Card(addresses.index(address), folders[address], addresses.count(address))
        for address in dict.fromkeys(visible)
    ]
    share, doubt = share_of_rank(range(len(cards)), local_rank(environ))
    doubts += [doubt] if doubt else []
    return [cards[i] for i in share], doubts


def visible_positions(
    environ: Mapping[str, str], uuids: Sequence[str | None]
) -> list[int]:
    """Return which GPUs the variables of ROCm leave to a process.

    Parameters
    ----------
    environ : mapping of str to str
        Environment of the process.
    uuids : sequence of str or None
        UUID of every GPU, in the order of HIP; `None` where unknown.

    Returns
    -------
    list of int
        Positions in `uuids`, at least one.

    Raises
    ------
    SensorUnavailableError
        If the variables hide all GPUs.

    Notes
    -----
    An entry that fits no GPU ends a list. An empty list hides all GPUs: so ROCm's
    runtime and PyTorch read it.
    """
    positions = list(range(len(uuids)))
    for names in _FILTERS:
        variable = next((name for name in names if name in environ), None)
        if variable is None:
            continue
        chosen: list[int] = []
        for entry in environ[variable].split(","):
            position = _position_of(entry.strip(), [uuids[p] for p in positions])
            if position is None:
                break
            chosen.append(positions[position])
        if not chosen:
            raise SensorUnavailableError(
                f"{variable}={environ[variable]!r} leaves this process none of "
                f"{len(positions)} AMD GPUs",
                "unset it, or name the GPUs to use (`amd-smi list` shows them)",
            )
        positions = list(dict.fromkeys(chosen))
    return positions


def _position_of(entry: str, uuids: Sequence[str | None]) -> int | None:
    """Return the one GPU that an entry names; `None` if it names none or several."""
    if entry.isdecimal():
        return int(entry) if int(entry) < len(uuids) else None
    folded = entry.casefold()
    if not folded.startswith("gpu-") or folded == "gpu-":
        return None
    fitting = [i for i, u in enumerate(uuids) if u and u.casefold().startswith(folded)]
    return fitting[0] if len(fitting) == 1 else None


def _uuid(folder: Path) -> str | None:
    unique_id = text_of(folder / "unique_id")
    return f"GPU-{unique_id}" if unique_id else None


def _hip_addresses(root: Path) -> list[str]:
    """Return the PCI address of every GPU of HIP, in its order.

    HIP numbers the GPUs by the nodes of the compute driver (KFD). A GPU split into
    partitions has a node for each. Nodes that a container was not given cannot be read.

    Raises
    ------
    SensorUnavailableError
        If no GPU was given to this process.
    """
    by_node, n_denied = {}, 0
    for file in (root / "class/kfd/kfd/topology/nodes").glob("*/properties"):
        try:
            text = file.read_text(encoding="utf-8")
        except PermissionError:
            n_denied += 1
            continue
        except OSError:
            continue
        properties = {
            name: int(value)
            for name, value in re.findall(r"^(\w+) (\d+)$", text, re.MULTILINE)
        }
        if properties.get("simd_count") and "location_id" in properties:
            by_node[int(file.parent.name)] = _address(properties)
    if n_denied and not by_node:
        raise SensorUnavailableError(
            f"this process was given none of the {n_denied} AMD GPUs of the machine",
            "docker run --device /dev/kfd --device /dev/dri",
        )
    return [address for _, address in sorted(by_node.items())]


def _address(properties: Mapping[str, int]) -> str:
    # Bits 28 to 31 of the location number the partitions of one device.
    location = properties["location_id"] & 0xFFFF
    bus, device, function = location >> 8, location >> 3 & 0x1F, location & 0x7
    return f"{properties.get('domain', 0):04x}:{bus:02x}:{device:02x}.{function}"
