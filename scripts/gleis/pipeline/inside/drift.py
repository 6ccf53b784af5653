"""How far the values of a window lie from those that the model was trained on, column by column.

PSI, the population stability index: sum of (q - p) * ln(q / p) over the deciles of the reference
(numbers) or its values (everything else). KS: the two-sample Kolmogorov-Smirnov test, numbers only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BINS = 10
_FLOOR = 1e-4  # share of an empty bin, so that the logarithm exists


def compare(
    reference: str, window: str, model: str, psi_limit: float, p_limit: float, rows: int
) -> dict[str, Any]:
    """Compare the features of `model` in two parquet files.

    A column drifted when its PSI exceeds `psi_limit` and, for numbers, the KS test agrees at
    `p_limit` divided by the number of columns (Bonferroni). Answers `refused` for a window that
    cannot be judged: fewer than `rows` rows, or a missing column.
    """
    import pandas as pd

    facts = json.loads((Path(model) / "model.json").read_text(encoding="utf-8"))
    features = [feature["name"] for feature in facts["features"]]
    seen, known = pd.read_parquet(window), pd.read_parquet(reference, columns=features)
    missing = [name for name in features if name not in seen]
    if missing:
        return {"refused": f"it lacks {', '.join(missing)}, which the model reads"}
    if len(seen) < rows:
        return {"refused": f"it has {len(seen)} rows; fewer than {rows} say nothing about drift"}
    limit = p_limit / max(1, len(features))
    columns = [_column(name, known[name], seen[name], psi_limit, limit) for name in features]
    return {
        "columns": columns,
        "drifted": any(each["drifted"] for each in columns),
        "rows": {"reference": len(known), "window": len(seen)},
    }


def _column(name: str, known: Any, seen: Any, psi_limit: float, p_limit: float) -> dict[str, Any]:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_numeric_dtype(known) and not is_bool_dtype(known):
        return _numbers(name, known, seen, psi_limit, p_limit)
    p, shares = (part.astype(str).value_counts(normalize=True) for part in (known, seen))
    values = sorted({*p.index, *shares.index})
    psi = _psi(*[[float(part.get(each, 0)) for each in values] for part in (p, shares)])
    return {"name": name, "psi": psi, "ks": None, "p": None, "drifted": psi > psi_limit}


def _numbers(name: str, known: Any, seen: Any, psi_limit: float, p_limit: float) -> dict[str, Any]:
    import numpy as np
    import pandas as pd
    from scipy.stats import ks_2samp

    seen = pd.to_numeric(seen, errors="coerce")
    a, b = known.to_numpy(float, na_value=np.nan), seen.to_numpy(float, na_value=np.nan)
    here, there = a[~np.isnan(a)], b[~np.isnan(b)]
    # A value that is missing more often than before is drift too: it is a bin of its own.
    empty = [len(a) - len(here)], [len(b) - len(there)]
    if not len(here) or not len(there):
        drifted = bool(len(here) or len(there))
        return {"name": name, "psi": None, "ks": None, "p": None, "drifted": drifted}
    edges = np.unique(np.quantile(here, np.linspace(0, 1, BINS + 1)[1:-1]))
    counts = [
        [*np.bincount(np.searchsorted(edges, part, side="left"), minlength=len(edges) + 1), *none]
        for part, none in ((here, empty[0]), (there, empty[1]))
    ]
    psi = _psi(*[[float(each) / sum(part) for each in part] for part in counts])
    test = ks_2samp(here, there)
    ks, p = float(test.statistic), float(test.pvalue)
    drifted = psi > psi_limit and (p < p_limit or empty[0] != empty[1])
    return {"name": name, "psi": psi, "ks": ks, "p": p, "drifted": bool(drifted)}


def _psi(p: list[float], q: list[float]) -> float:
    import math

    pairs = [(max(a, _FLOOR), max(b, _FLOOR)) for a, b in zip(p, q, strict=True)]
    return sum((b - a) * math.log(b / a) for a, b in pairs)
