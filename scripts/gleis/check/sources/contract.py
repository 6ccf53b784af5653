"""project.yaml, data-contract.yaml and waivers: the YAML files of the contract room."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis.check.inputs import provides
from gleis.check.tree import CannotCheck, Reader
from gleis.contract import ContractError, Problem
from gleis.contract.document import Document, parse
from gleis.contract.platform import Platform

PROJECT = "project.yaml"
DATA_CONTRACT = "data-contract.yaml"


@dataclass(frozen=True)
class Contract:
    """project.yaml as it stands, valid or not. `problems` has all that is wrong with it."""

    document: Document
    problems: tuple[Problem, ...]

    def get(self, *pointer: str | int) -> Any:
        """The value at `pointer`, None where nothing stands there."""
        return self.document.get(*pointer)

    def line(self, *pointer: str | int) -> int:
        """The line of the value at `pointer`, or of what should hold it."""
        return self.document.position(*pointer).line

    def column(self, *pointer: str | int) -> int:
        """The column of the value at `pointer`, or of what should hold it."""
        return self.document.position(*pointer).column


@provides()
def contract(reader: Reader, platform: Platform) -> Contract:
    """project.yaml. Raises ContractError when it is not YAML that could be read at all."""
    from gleis.contract.project import problems_in

    text = reader.text(PROJECT)
    if text is None:
        raise CannotCheck(f"{PROJECT} is missing: every project has one", PROJECT)
    loaded = parse(text.text, Path(PROJECT), name=PROJECT)
    reader.reads.add(DATA_CONTRACT)
    try:
        problems = problems_in(loaded, reader.root, platform)
    except ContractError:  # the data contract is not readable; SOP-007 says so
        problems = problems_in(loaded, None, platform)
    return Contract(loaded, tuple(problems))


@provides()
def data_contract(reader: Reader) -> Document | None:
    """data-contract.yaml. Raises ContractError when it is not YAML that could be read."""
    text = reader.text(DATA_CONTRACT)
    return parse(text.text, Path(DATA_CONTRACT), name=DATA_CONTRACT) if text else None
