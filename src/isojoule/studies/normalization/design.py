"""What a study asks: which fits are made, drawn, and compared with each other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from isojoule.normalizers.pairs import Floats
from isojoule.studies.normalization.methods import METHODS
from isojoule.studies.normalization.sampling import SAMPLINGS
from isojoule.studies.normalization.splits import Folds, Ints


@dataclass(frozen=True, slots=True)
class Variant:
    """A method with its inputs and its way to references.

    Parameters
    ----------
    method : str
        A name of `METHODS`.
    features : tuple of str
        What it takes beside the source energy.
    sampling : str, default "all"
        A name of `SAMPLINGS`.
    fraction : float or None, default 1.0
        Share of the training part that is offered as references, in (0, 1], to the
        nearest number and at least as many as the method needs; `None` offers just as
        many as it needs.
    """

    method: str
    features: tuple[str, ...] = ()
    sampling: str = "all"
    fraction: float | None = 1.0

    @property
    def label(self) -> str:
        """The variant in words."""
        words = self.method
        if self.features:
            words += f" with {' and '.join(self.features)}"
        if self.sampling == "all":
            return words
        if self.fraction is None:
            return f"{words} by {self.sampling}"
        return f"{words} on {self.fraction:.0%} by {self.sampling}"

    @property
    def n_min(self) -> int:
        """Fewest references that it needs."""
        return METHODS[self.method].n_min + len(self.features)

    def weights(self, folds: Folds, orders: dict[str, Ints]) -> Floats:
        """Return 1 for the references that are offered, else 0: (n_folds, width).

        Parameters
        ----------
        folds : Folds
            The folds.
        orders : dict of str to ndarray
            Orders of these folds that are known already, by sampling; others are added.
        """
        if self.sampling not in orders:
            orders[self.sampling] = SAMPLINGS[self.sampling](folds)
        n_train = folds.n_train
        n_offered = np.full_like(n_train, self.n_min)
        if self.fraction is not None:
            nearest = np.floor(self.fraction * n_train + 0.5).astype(np.intp)
            n_offered = np.maximum(nearest, self.n_min)
        n_offered = np.minimum(n_offered, n_train)
        is_offered = orders[self.sampling] < n_offered[:, np.newaxis]
        return np.asarray(is_offered, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Question:
    """A statement that one variant is better than another.

    Parameters
    ----------
    id : str
        Name that stays.
    text : str
        The statement.
    better, worse : Variant
        What it says is better, and than what.
    """

    id: str
    text: str
    better: Variant
    worse: Variant


@dataclass(frozen=True, slots=True)
class Design:
    """What one study asks.

    Parameters
    ----------
    study : str
        Its name.
    features : tuple of str
        Features that every workload of it must have.
    variants : tuple of Variant
        The fits that are scored.
    drawn : tuple of Variant
        Those of which there are panels.
    questions : tuple of Question
        Between variants that are scored.
    """

    study: str
    features: tuple[str, ...]
    variants: tuple[Variant, ...]
    drawn: tuple[Variant, ...]
    questions: tuple[Question, ...]

    @property
    def places(self) -> Mapping[Variant, int]:
        """Place of each variant that is scored."""
        return {variant: place for place, variant in enumerate(self.variants)}
