"""Gleis: the golden track for machine-learning repos."""

__version__ = "0.1.0"
