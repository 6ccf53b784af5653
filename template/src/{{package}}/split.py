"""The fixed split into training and test rows, and the proof that nothing leaks between them.

A row's own content decides where it goes. So a row keeps its place when others come or go, the
order of the source does not matter, and equal rows can never end up on both sides.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pandas as pd

METHOD = "sha256 of the row's features: the lowest {share:.0%} of hashes are test rows"


@dataclass(frozen=True)
class Split:
    """Both parts, in the order of their rows' hashes, and what was found on the way."""

    train: pd.DataFrame
    test: pd.DataFrame
    duplicates: int
    overlap: int


def fingerprints(frame: pd.DataFrame, salt: str = "") -> pd.Series:
    """One SHA-256 per row, from the text of its cells (the same on every machine and version)."""
    lines = frame.to_csv(index=False, header=False, lineterminator="\n").splitlines()
    if len(lines) != len(frame):  # a cell holds a line break
        lines = [repr(row) for row in frame.itertuples(index=False, name=None)]
    hashes = [hashlib.sha256(f"{salt}{line}".encode()).hexdigest() for line in lines]
    return pd.Series(hashes, index=frame.index, dtype="str")


def table_sha256(frame: pd.DataFrame) -> str:
    """Hash of the whole table: column names, and rows in any order."""
    digest = hashlib.sha256(",".join(frame.columns).encode())
    digest.update("".join(sorted(fingerprints(frame))).encode())
    return digest.hexdigest()


def split(frame: pd.DataFrame, target: str, share: float, seed: int) -> Split:
    """Remove repeated rows and give `share` of the rest to the test part."""
    unique = frame.drop_duplicates(ignore_index=True)
    keys = fingerprints(unique.drop(columns=target), salt=f"{seed}:")
    order = keys.sort_values(kind="stable").index
    is_test = keys.str.slice(0, 8).map(lambda digits: int(digits, 16) < share * 16**8)
    chosen = unique.loc[order]
    test, train = chosen[is_test[order]], chosen[~is_test[order]]
    overlap = set(keys[test.index]) & set(keys[train.index])
    return Split(
        train.reset_index(drop=True),
        test.reset_index(drop=True),
        duplicates=len(frame) - len(unique),
        overlap=len(overlap),
    )
