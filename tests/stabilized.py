"""A study of stabilization made by hand, without asking stumpy."""

from dataclasses import replace

import numpy as np

from isojoule.records import Run
from isojoule.studies.stabilization.findings import Finding
from isojoule.studies.stabilization.fluss import Arcs, Change
from isojoule.studies.stabilization.results import (
    StabilizationQuestion,
    StabilizationStudy,
)
from isojoule.studies.stabilization.study import study_stabilization
from isojoule.studies.stabilization.traces import trace_of
from trainings import make_training

ASKED = StabilizationQuestion(n_draws=20, windows=(1, 2, 5, 10))


def searched(finding: Finding, *, published_s: float, sane_s: float | None) -> Finding:
    """A finding with changes of power at these times, and a false one where none is."""
    time_s = np.arange(0.0, 580.0)
    heights = 1 - 0.5 * np.exp(-(((time_s - published_s) / 30) ** 2))
    arcs = Arcs(time_s, heights, 30, 549)
    none = "" if sane_s is not None else "the lowest minimum is 0.40, above 0.1"
    return replace(
        finding,
        changes={
            "published": Change(
                published_s, 0.5, "first" if published_s == 30.0 else None, arcs
            ),
            "published-unrounded": Change(published_s + 4.0, 0.5, None, arcs),
            "sane": Change(sane_s, 0.05 if sane_s else 0.4, None, arcs, none),
        },
        controls={
            "published": Change(30.0, 0.9, "first", arcs),
            "sane": Change(None, 0.6, None, arcs, "no"),
        },
    )


def make_stabilization_study(**changes) -> StabilizationStudy:
    """Two environments; four runs with power, one without; one left out."""
    runs = [
        make_training("a", noise_w=3.0),
        make_training("b", watts=(100, 150), n_epochs=14),
        make_training("c", measures={"fluss_s": 210.0}),
        make_training("d", has_samples=False, watts=(90, 180)),
        make_training("e", windows=()),
    ]
    office = replace(runs[2].hardware, host="office")
    runs[2] = replace(runs[2], hardware=office)
    blind = [replace(run, samples=None) for run in runs]
    study = study_stabilization(blind, question=ASKED)
    by_id = {run.run_id: run for run in runs}
    placed = {"a": (198.0, 199.0), "b": (30.0, None), "c": (208.0, 201.0)}
    findings = tuple(
        searched(
            with_power(finding, by_id[i]),
            published_s=placed[i][0],
            sane_s=placed[i][1],
        )
        if (i := finding.case.run.run_id) in placed
        else finding
        for finding in study.findings
    )
    detectors = ("published", "published-unrounded", "sane")
    return replace(study, findings=findings, detectors=detectors, **changes)


def with_power(finding: Finding, run: Run) -> Finding:
    """The same finding, its case with the power of `run`."""
    return replace(finding, case=replace(finding.case, trace=trace_of(run)))
