"""Reading a table from wherever it lies: the bundled example, a file, or an object store."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from .errors import InputError

BUNDLED = "bundled:"


class Unreadable(InputError):
    """The source is there, but it is not the table that its name promises."""


def read(source: str) -> pd.DataFrame:
    """Read the table at `source`: a path or URI that ends in .csv or .parquet.

    Parquet on s3:// and gs:// needs nothing more; other URIs need their fsspec package (s3fs).
    """
    if source.startswith(BUNDLED):
        from .bundled import table

        return table()
    if "://" not in source and not Path(source).is_file():
        raise InputError(f"{source} is not a file: check the path (SOURCE in data.py)")
    try:
        if source.endswith(".parquet"):
            return pd.read_parquet(source)
        if source.endswith(".csv"):
            return pd.read_csv(source)
    except ImportError as error:
        raise InputError(
            f"{source}: {error}. Add the package to pyproject.toml and lock again (README.md)"
        ) from None
    except OSError as error:
        raise InputError(f"{source} cannot be opened: {error}") from None
    except ValueError as error:
        raise Unreadable(f"{source} is no table: {error}") from None
    raise InputError(f"{source}: only .csv and .parquet are read; extend source.py for more")
