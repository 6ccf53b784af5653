"""The report of a project's last run, as one self-contained HTML file.

`build(root)` reads the evidence of the run and returns the text of the page. What it reads is
untrusted: parsed into frozen dataclasses at the edge, escaped on the way out.
"""

from gleis.report.page import build

__all__ = ["build"]
