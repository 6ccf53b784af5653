"""Which columns the model sees, and in which order.

Training, evaluation, batch and service all go through here, so that a feature is made in one way.
Derived features belong here; what is learnt from data (scales, vocabularies) belongs in `model.py`.
"""

from __future__ import annotations

import pandas as pd

# Columns that are in the data but must not be learnt from, such as an identifier.
LEFT_OUT: frozenset[str] = frozenset()


def features(rows: pd.DataFrame, target: str) -> pd.DataFrame:
    """The model's inputs: every column but the target and those left out."""
    return rows.drop(columns=[target, *LEFT_OUT], errors="ignore")
