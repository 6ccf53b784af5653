"""Gleis: the golden track for machine-learning repos."""

__version__ = "0.4.0"
