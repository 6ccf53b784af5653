"""Terraform: what a plan would do and cost, and where the clouds are no longer as the code says.

from gleis.infra import plan, summary, terraform
"""
