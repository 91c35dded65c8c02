"""A sensor whose hardware is here but cannot be read: it only says so."""

from collections.abc import Collection, Sequence
from typing import Literal

from isojoule.records import Channel, Quantity


class UnusableSensor:
    """Stands for a sensor that could not be opened, so that runs tell of it.

    Parameters
    ----------
    name : str
        Name of the sensor.
    reason, remedy : str
        Why it could not, and what helps.
    """

    quantity: Literal["power_w"] = "power_w"
    channels: Sequence[Channel] = ()

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        self.name = name
        why = f"{reason}; {remedy}" if remedy else reason
        self.doubts = (f"{name} is not used: {why}",)

    def read(self, quantities: Collection[Quantity] | None = None) -> list[float]:
        """Return no reading.

        Parameters
        ----------
        quantities : collection of str or None
            Not heeded.
        """
        del quantities
        return []

    def close(self) -> None:
        """Do nothing: nothing is open."""
