"""What is to be measured: jobs in shuffled order, and which of them are done."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from isojoule.records import Hardware, Run, Workload
from isojoule.suite.rules import STANDARD, Rules
from isojoule.suite.settings import PHASES, Configuration, Phase, Settings
from isojoule.workloads import ReferenceModel, to_workload

OUT_OF_MEMORY: Final = "out of memory"
"""How the warning of a run begins whose model did not fit."""

_SAME_SOFTWARE: Final = ("torch", "nvidia_driver", "cuda", "cudnn")


@dataclass(frozen=True, slots=True)
class Job:
    """One run to make.

    Parameters
    ----------
    model : ReferenceModel
        Which one.
    phase : {"train", "test"}
        Training or inference.
    repeat : int
        Counted from 0.
    """

    model: ReferenceModel
    phase: Phase
    repeat: int

    def __str__(self) -> str:
        again = f", repeat {self.repeat + 1}" if self.repeat else ""
        return f"{self.model.name} {self.phase}{again}"


@dataclass(frozen=True, slots=True)
class Session:
    """What is to be measured, where and how.

    Parameters
    ----------
    models : tuple of ReferenceModel
        Which ones.
    configuration : Configuration
        Where.
    settings : Settings
        What decides how much work it is.
    rules : Rules
        How long, how often, how rested.
    phases : tuple of {"train", "test"}
        Training, inference or both.
    tags : mapping of str to str
        Further labels for the records.
    """

    models: tuple[ReferenceModel, ...]
    configuration: Configuration = field(default_factory=Configuration)
    settings: Settings = field(default_factory=Settings)
    rules: Rules = STANDARD
    phases: tuple[Phase, ...] = PHASES
    tags: dict[str, str] = field(default_factory=dict)

    def jobs(self) -> list[Job]:
        """Return every run to make, in an order that only the seed decides.

        Notes
        -----
        A machine that warms up, or is used by others in the afternoon, then does not
        favor one family over another.
        """
        jobs = [
            Job(model, phase, repeat)
            for repeat in range(self.rules.n_repeats)
            for model in self.models
            for phase in self.phases
        ]
        random.Random(self.settings.seed).shuffle(jobs)  # noqa: S311
        return jobs

    def tags_of(self, job: Job) -> dict[str, str]:
        """Return the labels of the run of `job`: by them it is found again."""
        configuration = self.configuration
        return {
            **self.tags,
            "suite": self.rules.name,
            "device": configuration.device,
            "repeat": str(job.repeat),
            "min_duration_s": f"{self.rules.min_duration_s:g}",
            "n_epochs": str(self.rules.n_epochs),
            "n_steps": str(self.rules.n_steps or ""),
            "idle_s": f"{self.rules.idle_s:g}",
            "seed": str(self.settings.seed),
        }

    def kept(self, runs: Iterable[Run], hardware: Hardware | None) -> dict[Job, Run]:
        """Return the newest of `runs` that each job need not be done for again.

        Parameters
        ----------
        runs : iterable of Run
            What a store holds.
        hardware : Hardware or None
            Of this session; runs on other machines or under other software do not
            count. `None` where a scheduler chooses the machine.
        """
        settled = [
            run
            for run in runs
            if is_settled(run)
            and (hardware is None or _is_same(run.hardware, hardware))
        ]
        kept = {}
        for job in self.jobs():
            work, tags = self.workload_of(job), self.tags_of(job).items()
            for run in settled:
                found = run.workload
                if (
                    (found.name, found.phase) == (work.name, work.phase)
                    and found.variant == work.variant
                    and tags <= run.tags.items()
                ):
                    kept[job] = run
        return kept

    def workload_of(self, job: Job) -> Workload:
        """Return the record of the work of `job`, its length left open."""
        return to_workload(
            job.model,
            phase=job.phase,
            mode=self.settings.mode,
            settings=self.settings.described(),
        )


def is_settled(run: Run) -> bool:
    """Return whether measuring again would tell nothing new: done, or did not fit."""
    return run.status == "complete" or is_too_large(run)


def is_too_large(run: Run) -> bool:
    """Return whether the model of a run did not fit into the memory."""
    return any(w.startswith(OUT_OF_MEMORY) for w in run.warnings)


def _is_same(one: Hardware, other: Hardware) -> bool:
    return (one.name, one.host, one.n_threads) == (
        other.name,
        other.host,
        other.n_threads,
    ) and all(
        one.software.get(name) == other.software.get(name) for name in _SAME_SOFTWARE
    )
