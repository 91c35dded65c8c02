"""Energy of a training before it begins, from what it computes and on what."""

from isojoule.estimators.physics.estimator import PhysicsEstimator

__all__ = ["PhysicsEstimator"]
