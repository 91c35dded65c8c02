"""How the benchmark is run."""

from dataclasses import asdict, dataclass
from typing import Final

from isojoule.errors import UnknownNameError
from isojoule.studies.benchmark.contenders import ALL, N_REFERENCES, word_of
from isojoule.studies.benchmark.folds import THIRD_MACHINES, ThirdMachines
from isojoule.studies.normalization.running import LEAST_SHARED, MIN_SHARED
from isojoule.studies.normalization.splits import SPLITS

MAX_WORKLOADS: Final = 120


@dataclass(frozen=True, slots=True)
class Settings:
    """How the benchmark is run.

    Parameters
    ----------
    ks : tuple of int or None
        Numbers of references, `None` for all; by default 1, 2, 3, 4, 6 and all.
    methods : tuple of str
        Names of methods; all where empty. The published protocol is always run.
    selectors : tuple of str
        Ways to choose references; all where empty.
    splits : tuple of str, default ("random", "by-model")
        Names of splits.
    n_seeds : int, default 5
        Folds of each pair and split.
    min_shared : int, default 8
        Fewest workloads of a pair.
    max_workloads : int, default 120
        Most workloads of one phase of a file.
    third_machines : {"none", "train", "all"}
        What is shown of other machines: see `isojoule.studies.benchmark.folds`.
    level : float, default 0.9
        Coverage that intervals are asked to have, in (0, 1).
    judged : str
        Method that bars are judged for; the best where empty.
    seed : int, default 0
        For thinning and for the intervals of ratios.
    n_jobs : int, default 1
        Processes at a time; the numbers do not depend on it.

    Raises
    ------
    UnknownNameError
        If there is no such split.
    ValueError
        If a number is too small, or the level or the third machines are none of theirs.
    """

    ks: tuple[int | None, ...] = N_REFERENCES
    methods: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    splits: tuple[str, ...] = tuple(SPLITS)
    n_seeds: int = 5
    min_shared: int = MIN_SHARED
    max_workloads: int = MAX_WORKLOADS
    third_machines: ThirdMachines = "none"
    level: float = 0.9
    judged: str = ""
    seed: int = 0
    n_jobs: int = 1

    def __post_init__(self) -> None:
        if not self.ks:
            raise ValueError("no number of references is given: name one, or all")
        for k in self.ks:
            if k is not ALL and k < 1:
                raise ValueError(f"a number of references must be at least 1, got {k}")
        for name in self.splits:
            if name not in SPLITS:
                raise UnknownNameError("split", name, SPLITS)
        if self.third_machines not in THIRD_MACHINES:
            raise ValueError(
                f"third machines are {', '.join(THIRD_MACHINES)}; got "
                f"{self.third_machines!r}"
            )
        if not 0 < self.level < 1:
            raise ValueError(f"the level must lie in (0, 1), got {self.level}")
        for what, value, least in (
            ("number of seeds", self.n_seeds, 1),
            ("fewest shared workloads", self.min_shared, LEAST_SHARED),
            ("most workloads", self.max_workloads, self.min_shared),
            ("number of jobs", self.n_jobs, 1),
            ("seed", self.seed, 0),
        ):
            if value < least:
                raise ValueError(f"the {what} must be at least {least}, got {value}")

    @property
    def document(self) -> dict[str, object]:
        """All but the number of jobs, as JSON can hold it: numbers do not depend on it.

        The numbers of references are words, for ``all`` is one of them.
        """
        found: dict[str, object] = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if name != "n_jobs"
        }
        return {**found, "ks": [word_of(k) for k in self.ks]}
