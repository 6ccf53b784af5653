"""How sure is a metric? The spread that it would have in other samples of the same size.

Every metric here is a function of sums over rows, so a resample is a vector of row weights and all
resamples together are one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RESAMPLES = 500
LEVEL = 0.95
SEED = 0
# Weights held in memory at one time (8 bytes each).
_CHUNK = 4_000_000

FromSums = Callable[[np.ndarray], dict[str, np.ndarray]]
Metrics = dict[str, dict[str, float]]


def intervals(rows: np.ndarray, from_sums: FromSums) -> Metrics:
    """Value and percentile interval of each metric.

    `rows` has one line per row of data and one column per sum; `from_sums` turns lines of sums into
    metrics. A metric that is not defined for these rows (R² of one row) is left out.
    """
    n = len(rows)
    generator = np.random.default_rng(SEED)
    step = max(1, _CHUNK // n)
    sums = [
        generator.multinomial(n, np.full(n, 1 / n), size=min(step, RESAMPLES - start)) @ rows
        for start in range(0, RESAMPLES, step)
    ]
    values = from_sums(rows.sum(axis=0, keepdims=True))
    spread = from_sums(np.concatenate(sums))
    tail = (1 - LEVEL) / 2
    result: Metrics = {}
    for name, value in values.items():
        if np.isfinite(value[0]):
            low, high = np.nanquantile(spread[name], [tail, 1 - tail])
            result[name] = {"value": float(value[0]), "low": float(low), "high": float(high)}
    return result


def method() -> dict[str, str | float]:
    """How the intervals were made, for metrics.json."""
    return {"method": "bootstrap percentile", "level": LEVEL, "resamples": RESAMPLES}
