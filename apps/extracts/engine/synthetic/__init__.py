"""A synthetic SNDS: invented people in the real tables, columns, keys and codes.

Deterministic by seed, whatever the number of threads: every draw comes from a generator seeded by (seed, subject,
period). Nothing in it comes from a real person. Each quality filter has planted cases that change a cohort when the
filter is off.
"""

from .generate import SyntheticRequest, generate

__all__ = ["SyntheticRequest", "generate"]
