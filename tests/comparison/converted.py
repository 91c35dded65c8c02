"""Sites with references, and the rules that convert their energies."""

from comparison.submitted import figure, rules, submission
from isojoule.comparison.rules import Errors, PhaseRules, Reference
from isojoule.comparison.systems import normalize_submissions
from isojoule.records import Calibration, Observation
from isojoule.submissions import ReferenceRun

NO_ERRORS = Errors(meter_fraction=0.0, repeat_fraction=0.0, model_fraction=0.0)


def one(submission_, rules_):
    (system,) = normalize_submissions([submission_], rules_)
    return system


def with_phase(method, *pairs_j, name="train", **changes):
    """Rules of one phase with references of these energies at the organizers' [J]."""
    references = tuple(
        Reference(name=f"r{n}", phase=name, energy_j=energy_j)
        for n, energy_j in enumerate(pairs_j)
    )
    phase = PhaseRules(name=name, method=method, references=references, **changes)
    return rules(phases={name: phase})


def site(energy_j, *references_j, label="A_1", **changes):
    """A submission with a training energy and references r0, r1 ... [J]."""
    runs = tuple(
        ReferenceRun(f"r{n}", "train", figure(text, line=n + 2))
        for n, text in enumerate(references_j)
        if text is not None
    )
    return submission(
        label,
        energies={} if energy_j is None else {"train": figure(energy_j)},
        references=runs,
        **changes,
    )


def doubt(found, source, of=""):
    (line,) = [d for d in found.doubts if d.source == source and of in d.of]
    return line


def measured(hardware, phase="train", **energies_j):
    seen = {
        name: Observation(name, hardware, energy_j, phase=phase, scope="gpu")
        for name, energy_j in energies_j.items()
    }
    return Calibration(hardware, seen)
