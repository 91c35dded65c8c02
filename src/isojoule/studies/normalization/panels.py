"""What scatter panels draw: single fits with all their points."""

from collections.abc import Iterator, Sequence

import numpy as np

from isojoule.studies.normalization.design import Design, Variant
from isojoule.studies.normalization.methods import Fitted
from isojoule.studies.normalization.pairs import SharedPair
from isojoule.studies.normalization.results import Panel
from isojoule.studies.normalization.scores import score_all
from isojoule.studies.normalization.scoring import fit_variants
from isojoule.studies.normalization.splits import Folds, make_folds


def make_panels(pairs: Sequence[SharedPair], design: Design) -> tuple[Panel, ...]:
    """Return a panel of each drawn variant of each pair: first random split.

    Parameters
    ----------
    pairs : sequence of SharedPair
        The pairs of a study.
    design : Design
        The study.
    """
    found: list[tuple[int, int, Panel]] = []
    for folds in make_folds(pairs, design.features, "random", 1):
        for place, chosen, fitted in fit_variants(folds, design.drawn):
            panels = _panels(pairs, design.drawn[place], folds, chosen, fitted)
            found += [(pair, place, panel) for pair, panel in panels]
    return tuple(panel for *_, panel in sorted(found, key=lambda each: each[:2]))


def _panels(
    pairs: Sequence[SharedPair],
    variant: Variant,
    folds: Folds,
    chosen: Folds,
    fitted: Fitted,
) -> Iterator[tuple[int, Panel]]:
    scores = score_all(fitted.predicted_j, chosen.target_energy_j, chosen.is_test)
    shown = fitted.is_reference | chosen.is_test
    for row, pair_place in enumerate(chosen.pair.tolist()):
        pair = pairs[pair_place]
        places = np.flatnonzero(shown[row])
        values = pair.feature_values[places]
        yield (
            pair_place,
            Panel(
                source=pair.source,
                target=pair.target,
                method=variant.method,
                features=variant.features,
                workloads=tuple(pair.workloads[i] for i in places),
                source_energy_j=tuple(pair.source_energy_j[places].tolist()),
                true_energy_j=tuple(pair.target_energy_j[places].tolist()),
                predicted_energy_j=tuple(fitted.predicted_j[row, places].tolist()),
                is_reference=tuple(fitted.is_reference[row, places].tolist()),
                feature_values={
                    name: tuple(values[:, i].tolist())
                    for i, name in enumerate(folds.features)
                },
                coefficients={
                    name: float(column[row])
                    for name, column in fitted.coefficients.items()
                },
                **{name: float(scores[name][row]) for name in _SHOWN},
            ),
        )


_SHOWN = ("r2", "mse_kwh2", "mdape")
