"""Groups studies whose numbers can be checked in the head, for reports and commands."""

from group_runs import make_training, make_trainings
from isojoule.records import Run
from isojoule.studies.cleaning import CleaningRules
from isojoule.studies.groups.asking import GroupsQuestion
from isojoule.studies.groups.study import GroupsStudy, study_groups

ENERGIES_J = (100.0, 101, 102, 103, 104)
SCORES = {"small": 0.80, "large": 0.81, "best": 0.90}
TIMES = {"small": 1, "large": 2, "best": 4}


def trainings() -> list[Run]:
    """Three networks on two machines, 1, 2 and 4 times the energy, thrice on B.

    One network on A has further batch sizes, and one more has data of its own.
    """
    runs = [
        run
        for hardware, factor, memory in (("A", 1, 16), ("B", 3, 32))
        for model, times in TIMES.items()
        for run in make_trainings(
            *(factor * times * e for e in ENERGIES_J),
            hardware=hardware,
            memory_gib=memory,
            model=model,
            measures={"f1": SCORES[model]},
        )
    ]
    for batch, times in ((20, 0.5), (40, 0.25)):
        runs += make_trainings(
            *(times * e for e in ENERGIES_J),
            memory_gib=16,
            model="small",
            batch_size=batch,
            measures={"f1": SCORES["small"]},
        )
    return [
        *runs,
        *make_trainings(*ENERGIES_J, model="odd", task="dogs", memory_gib=16),
    ]


def studied(**question) -> GroupsStudy:
    """The study of these trainings, of which one failed."""
    failed = make_training(999.0, fields={"status": "failed"})
    return study_groups(
        [*trainings(), failed],
        question=GroupsQuestion(**question),
        cleaning=CleaningRules(),
    )
