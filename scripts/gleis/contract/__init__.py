"""Loads and validates every YAML file that people write; typed models of what they say."""

from gleis.contract.problem import ContractError, Position, Problem

__all__ = ["ContractError", "Position", "Problem"]
