"""What the energies of a comparison are: brought to one machine, or as stated."""

from isojoule.comparison.rules import Rules
from isojoule.report.comparison.words import shown

_AS_STATED = "none"


def is_normalized(rules: Rules, phase: str) -> bool:
    """Return whether the energies of a phase are brought to the hardware of the rules.

    Parameters
    ----------
    rules : Rules
        With the method of every phase.
    phase : str
        One of them.
    """
    return rules.phases[phase].method != _AS_STATED


def describe_energies(rules: Rules) -> str:
    """Return what the energies of all phases are, as part of a sentence."""
    stated = [shown(p) for p in rules.phases if not is_normalized(rules, p)]
    brought = [shown(p) for p in rules.phases if is_normalized(rules, p)]
    if not brought:
        return "energies as the sites stated them, each on its own hardware"
    if not stated:
        return f"energies brought to {shown(rules.hardware)}"
    return (
        f"energies of {' and '.join(brought)} brought to {shown(rules.hardware)}, "
        f"those of {' and '.join(stated)} as the sites stated them"
    )


def machine_text(rules: Rules, phase: str, hardware: str | None = None) -> str:
    """Return the machine that the energies of a phase are of, after their name.

    Parameters
    ----------
    rules : Rules
        With the method of every phase.
    phase : str
        One of them.
    hardware : str or None
        How the hardware of the rules is called, where there is little room.
    """
    if not is_normalized(rules, phase):
        return "as stated"
    return f"on {shown(rules.hardware) if hardware is None else hardware}"
