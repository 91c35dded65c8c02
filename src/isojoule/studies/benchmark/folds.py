"""What a method may see of a pair while some of its workloads are held out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from isojoule.normalizers.pairs import FEATURES
from isojoule.records import Calibration, Observation
from isojoule.studies.benchmark.sources import MachinePair
from isojoule.studies.normalization.splits import SPLITS, unusable_models

ThirdMachines = Literal["none", "train", "all"]
THIRD_MACHINES: Final[tuple[ThirdMachines, ...]] = get_args(ThirdMachines)
"""What is shown of the other machines of a source: nothing, all but what is held out,
or everything."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One split of one pair.

    Parameters
    ----------
    calibrations : mapping of str to Calibration
        All machines of the source, in full.
    source, target : str
        The pair.
    seed : int
        Which of the splits.
    train, test : tuple of str
        Shared workloads, by rising source energy.
    held_models : frozenset of str
        Networks that are held out; none in a random split.
    third_machines : {"none", "train", "all"}
        As in `THIRD_MACHINES`.
    """

    calibrations: Mapping[str, Calibration]
    source: str
    target: str
    seed: int
    train: tuple[str, ...]
    test: tuple[str, ...]
    held_models: frozenset[str] = frozenset()
    third_machines: ThirdMachines = "none"

    @property
    def candidates(self) -> list[Observation]:
        """The training part on the source, by rising energy."""
        return self._on_source(self.train)

    @property
    def questions(self) -> list[Observation]:
        """The test part on the source, by rising energy."""
        return self._on_source(self.test)

    def _on_source(self, workloads: Sequence[str]) -> list[Observation]:
        seen = self.calibrations[self.source].observations
        return [seen[name] for name in workloads]

    def all_have(self, features: Sequence[str], workloads: Sequence[str]) -> bool:
        """Return whether all these features of all these workloads are positive."""
        return all(
            (FEATURES[name](seen) or 0) > 0
            for seen in self._on_source(workloads)
            for name in features
        )

    def true_j(self, workloads: Sequence[str]) -> list[float]:
        """Return energies on the target [J]; for the judge alone."""
        seen = self.calibrations[self.target].observations
        return [seen[name].energy_j for name in workloads]

    def visible(self, references: Sequence[str]) -> list[Calibration]:
        """Return what a method is given: the source, these references, third machines.

        Parameters
        ----------
        references : sequence of str
            Workloads measured on the target; of all others it shows nothing.
        """
        known = self.calibrations[self.target].observations
        return [
            self.calibrations[self.source],
            Calibration(self.target, {name: known[name] for name in references}),
            *self._third(),
        ]

    def _third(self) -> Iterator[Calibration]:
        if self.third_machines == "none":
            return
        for machine, calibration in self.calibrations.items():
            if machine not in {self.source, self.target}:
                yield Calibration(
                    machine,
                    {
                        name: seen
                        for name, seen in calibration.observations.items()
                        if self.third_machines == "all" or not self._is_held(seen)
                    },
                )

    def _is_held(self, seen: Observation) -> bool:
        return seen.workload in self.test or seen.model in self.held_models


def split_pair(
    pair: MachinePair,
    calibrations: Mapping[str, Calibration],
    split: str,
    n_seeds: int,
    third_machines: ThirdMachines = "none",
) -> Iterator[Fold]:
    """Yield the folds of one pair.

    Parameters
    ----------
    pair : MachinePair
        The pair.
    calibrations : mapping of str to Calibration
        All machines of its source.
    split : str
        A name of `isojoule.studies.normalization.splits.SPLITS`; nothing is yielded
        where the networks of the pair cannot be held out.
    n_seeds : int
        Folds; by model at most as many as there are whole rounds of the networks.
    third_machines : {"none", "train", "all"}
        As in `THIRD_MACHINES`.
    """
    shared = pair.shared
    if split == "by-model" and unusable_models(shared):
        return
    for seed, is_held in enumerate(SPLITS[split](shared, n_seeds).tolist()):
        marked = list(zip(shared.workloads, shared.models, is_held, strict=True))
        models = {model for _, model, held in marked if held}
        yield Fold(
            calibrations=calibrations,
            source=shared.source,
            target=shared.target,
            seed=seed,
            train=tuple(name for name, _, held in marked if not held),
            test=tuple(name for name, _, held in marked if held),
            held_models=frozenset(models if split == "by-model" else ()),
            third_machines=third_machines,
        )
