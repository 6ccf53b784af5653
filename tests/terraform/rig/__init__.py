"""Terraform for tests: a program, providers for it, a copy of `terraform/`, a table of what held.

Nothing here reads the settings of the person who runs the tests, and nothing is written beside the
modules: they are copied first.
"""

from .program import Terraform, bare, find
from .providers import KINDS, Providers
from .tree import TERRAFORM, Module, copy, modules

__all__ = [
    "KINDS",
    "TERRAFORM",
    "Module",
    "Providers",
    "Terraform",
    "bare",
    "copy",
    "find",
    "modules",
]
