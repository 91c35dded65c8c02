"""All machines at once, with priors from other pairs of machines."""

from isojoule.normalizers.joint.normalizer import JointNormalizer

__all__ = ["JointNormalizer"]
