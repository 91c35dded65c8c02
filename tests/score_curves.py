"""Score curves made by hand or drawn, and a slow oracle of what their fit says."""

import numpy as np

from isojoule.estimators.epochs import Epoch


def epochs_with(scores, *, energy_j=100.0, first=0):
    """Epochs of 10 s with these scores and one energy, or one energy each."""
    energies = np.broadcast_to(energy_j, len(scores))
    return [
        Epoch(first + n, 10.0 * n, 10.0 * n + 10.0, float(e), s)
        for n, (s, e) in enumerate(zip(scores, energies, strict=True))
    ]


def saturating(n, *, limit=0.9, rise=0.5, constant=6.0, noise=0.0, seed=0):
    """An exponential approach to a limit, as accuracies make it."""
    rng = np.random.default_rng(seed)
    curve = limit - rise * np.exp(-np.arange(n) / constant)
    return [float(v) for v in curve + noise * rng.standard_normal(n)]


def drawn_curve(rng, n):
    """Scores around a curve of one of six families, of which the fit knows three.

    Families and parameters are those of Domhan et al. (2015), Table 1, in ranges that
    make curves of accuracies; the noise is even, or fades as trainings settle.
    """
    t = np.arange(1.0, n + 1)
    limit = rng.uniform(0.6, 0.95)
    rise = rng.uniform(0.05, 0.4)
    family = rng.integers(6)
    left = (
        lambda: t ** -rng.uniform(0.4, 1.5),
        lambda: np.exp(-t / rng.uniform(2, 20)),
        lambda: 1 / (1 + (t / rng.uniform(2, 15)) ** rng.uniform(1, 4)),
        lambda: np.exp(-((t / rng.uniform(2, 20)) ** rng.uniform(0.6, 2))),
        lambda: 0.8 / np.log(t + 1.5),
        lambda: 0.7 * np.exp(-t / rng.uniform(1, 4)) + 0.3 * np.exp(-t / 20),
    )[family]()
    size = rng.choice([0.003, 0.01, 0.02])
    fading = 1.0 if rng.random() < 0.5 else np.sqrt(n / t) / 2
    return limit - rise * left + size * fading * rng.standard_normal(n)


class NaiveCurve:
    """One candidate, conditioned as one big normal vector; slow and obvious.

    Scores are scaled as the fit does: 0 is the first, 1 their range.
    """

    def __init__(self, scores, rise, residual, noise, n_ahead):
        n = len(scores)
        self.scale = float(np.ptp(scores))
        self.base = scores[0]
        seen = (np.array(scores) - self.base) / self.scale
        n_all = n + n_ahead
        fading = [(n / t) ** residual.fading for t in range(1, n_all + 1)]
        drift = self._drift(residual, noise, fading)
        of_curve = np.outer(rise, rise) * 1.5**2 + 1.0
        of_levels = of_curve + drift
        mean = np.asarray(rise)
        of_scores = of_levels + np.diag(noise**2 * np.array(fading))
        gain = of_levels[:, :n] @ np.linalg.inv(of_scores[:n, :n])
        self.level = self.base + self.scale * (mean + gain @ (seen - mean[:n]))
        self.level_variance = self.scale**2 * np.diag(
            of_levels - gain @ of_levels[:n, :]
        )
        self.noise_variance = self.scale**2 * noise**2 * np.array(fading)
        off = seen - mean[:n]
        sign, log_det = np.linalg.slogdet(of_scores[:n, :n])
        assert sign > 0
        self.log_evidence = -0.5 * (
            off @ np.linalg.solve(of_scores[:n, :n], off) + log_det
        )

    @staticmethod
    def _drift(residual, noise, fading):
        """Covariance of the drift, from what each single step does."""
        n_all = len(fading)
        covariance = np.zeros((n_all, n_all))
        for step in range(1, n_all):
            effect = np.zeros(n_all)
            slope, level = 1.0, 0.0
            for epoch in range(step, n_all):
                level += slope
                slope *= residual.persistence
                effect[epoch] = level
            variance = residual.ratio * noise**2 * fading[step]
            covariance += variance * np.outer(effect, effect)
        return covariance
