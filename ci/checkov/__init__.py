"""Policies of ours that Checkov runs: it loads folders that are packages only."""
