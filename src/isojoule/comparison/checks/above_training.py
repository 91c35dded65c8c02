"""An inference that takes more energy than the training before it."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import in_kwh, positive_of
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission

CHECK: Final = "test-above-training"


def find_tests_above_training(
    submissions: Sequence[Submission],
    rules: Rules,  # noqa: ARG001 - of the contract
) -> Iterator[Finding]:
    """Yield a note where the energy of the test exceeds that of the training.

    Parameters
    ----------
    submissions : sequence of Submission
        Their energies of ``train`` and ``test``.
    rules : Rules
        Not used.
    """
    for submission in submissions:
        training = submission.energies.get("train")
        test = submission.energies.get("test")
        training_j, test_j = positive_of(training), positive_of(test)
        if training_j is None or test_j is None or test_j <= training_j:
            continue
        seen = f"the test takes {in_kwh(test)}, the training {in_kwh(training)}"
        yield finding_about(
            submission,
            CHECK,
            "note",
            text=f"{seen}: rare; the two may be swapped or in different units",
            mail=(
                f"In your figures {seen}. Are the two in the same unit and not swapped?"
            ),
            evidence=(("train energy", training), ("test energy", test)),
        )
