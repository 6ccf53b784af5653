"""The same for many roots at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from gleis.infra.roots import Root
from gleis.tools import process

Answer = TypeVar("Answer")
WORKERS = 8  # Terraform waits for a cloud most of the time


def nothing() -> None:
    """What happens after each root when nobody wants to know."""


def over(
    roots: Sequence[Root],
    ask: Callable[[Root], Answer],
    *,
    workers: int = WORKERS,
    done: Callable[[], None] = nothing,
) -> tuple[Answer, ...]:
    """`ask` of every root, in its order; `done` is called after each, in this thread.

    When one raises, or we are interrupted, those that run are killed and the rest is not begun.
    """
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(roots)))) as pool:
        waiting = [pool.submit(ask, root) for root in roots]
        try:
            for future in as_completed(waiting):
                future.result()
                done()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            process.stop_all()
            raise
    return tuple(future.result() for future in waiting)
