"""Inputs of rules: each made once per check, from the tree and from other inputs, by name.

A provider is a function registered with `@provides`; its name is the input's name and its
parameters name what it needs. `reader` is the tree, with a record of what this input read;
`platform` and `today` come from the caller. Providers stand in `check/sources` and
`check/runners`, and are found by being there.
"""

from __future__ import annotations

import inspect
import pkgutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, TypeVar

from gleis.check.tree import CannotCheck, Reader, Tree

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Collected(Generic[T]):
    """Things read from many files, and the files that could not be read.

    A rule gets `items`; the engine reports each of `unreadable` for every rule that asked.
    """

    items: tuple[T, ...]
    unreadable: tuple[CannotCheck, ...] = ()


@dataclass(frozen=True)
class Provider:
    """How an input is made. A `slow` one is started early, beside the others."""

    name: str
    make: Callable[..., Any]
    needs: tuple[str, ...]
    slow: bool


PROVIDERS: dict[str, Provider] = {}


def provides(*, slow: bool = False) -> Callable[[F], F]:
    """Register a function as the provider of the input that has its name."""

    def register(function: F) -> F:
        name = function.__name__
        if name in PROVIDERS:
            raise ValueError(f"the input {name} has two providers")
        needs = tuple(inspect.signature(function).parameters)
        PROVIDERS[name] = Provider(name, function, needs, slow)
        return function

    return register


def load() -> dict[str, Provider]:
    """All providers, by the name of their input."""
    from gleis.check import runners, sources

    for package in (sources, runners):
        for module in pkgutil.iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")
    return PROVIDERS


def collect(
    reader: Reader, paths: Iterable[str], parse: Callable[[Reader, str], T | None]
) -> Collected[T]:
    """`parse(reader, path)` for each path; what raises CannotCheck is set aside."""
    items: list[T] = []
    unreadable: list[CannotCheck] = []
    for path in paths:
        try:
            item = parse(reader, path)
        except CannotCheck as error:
            unreadable.append(error)
            continue
        if item is not None:
            items.append(item)
    return Collected(tuple(items), tuple(unreadable))


class Inputs:
    """The inputs of one check. Safe to use from several threads."""

    def __init__(self, tree: Tree, given: dict[str, Any]) -> None:
        """`given` are the inputs that the caller brings (`platform`, `today`)."""
        self._tree = tree
        self._given = given
        self._providers = load()
        self._made: dict[str, Any] = {}
        self._readers: dict[str, Reader] = {}
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def get(self, name: str) -> Any:
        """The input `name`. Raises what its provider raises, each time anew."""
        if name in self._given:
            return self._given[name]
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._made:
                try:
                    self._made[name] = self._make(name)
                except Exception as error:  # kept, so that every rule that asks is told
                    self._made[name] = _Raised(error)
        made = self._made[name]
        if isinstance(made, _Raised):
            raise made.error
        return made

    def _make(self, name: str) -> Any:
        provider = self._providers[name]
        reader = self._readers[name] = Reader(self._tree)
        arguments = {}
        for need in provider.needs:
            value = reader if need == "reader" else self.get(need)
            arguments[need] = value
        return provider.make(**arguments)

    def all_needs(self, names: Iterable[str]) -> frozenset[str]:
        """`names` and all inputs that they are made from."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found and name in self._providers:
                found.add(name)
                waiting += self._providers[name].needs
        return frozenset(found)

    def slow(self, names: Iterable[str]) -> list[str]:
        """The slow inputs that `names` are made from, themselves included."""
        return sorted(name for name in self.all_needs(names) if self._providers[name].slow)

    def waits(self, names: Iterable[str]) -> bool:
        """Whether one of `names` stands on a slow input."""
        return bool(self.slow(names))

    def reads(self, names: Iterable[str]) -> frozenset[str]:
        """Paths of all files that the inputs `names` were made from, missing ones included."""
        readers = [self._readers[name] for name in self.all_needs(names) if name in self._readers]
        return frozenset().union(*(reader.reads for reader in readers))


@dataclass(frozen=True)
class _Raised:
    error: Exception
