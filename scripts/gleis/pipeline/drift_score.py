"""What the stage `monitor` measured, where Prometheus finds it: pushed to a Pushgateway.

A stage ends before anybody could scrape it. The chart model-service alerts on this one name.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

VARIABLE = "GLEIS_PUSHGATEWAY"  # address, such as http://pushgateway.example.com:9091
NAME = "gleis_drift_score"
JOB = "gleis-monitor"
_TIMEOUT = 10.0  # seconds; a gateway that is slower than this is broken
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def text(columns: Iterable[Mapping[str, Any]], version: str) -> str:
    """The columns of `monitor.json` in Prometheus' text format; `version` is the champion's.

    A column that lost all of its values has no index, and so the worst that there is.
    """
    lines = [
        f"# HELP {NAME} Population stability index of a column of the inputs",
        f"# TYPE {NAME} gauge",
    ]
    for each in columns:
        psi = each["psi"]
        if psi is None:
            psi = float("inf") if each["drifted"] else 0.0
        shown = "+Inf" if psi == float("inf") else repr(float(psi))
        column = str(each["name"]).translate(_ESCAPED)
        lines.append(f'{NAME}{{column="{column}",model_version="{version}"}} {shown}')
    return "\n".join(lines) + "\n"


def push(address: str, namespace: str, model: str, body: str) -> str:
    """Replace what the gateway has of this model in this namespace; "" or why it could not.

    They are labels of what is pushed: a project's rules see its own namespace only.
    """
    labels = f"job/{JOB}/namespace/{quote(namespace, safe='')}/model/{quote(model, safe='')}"
    request = urllib.request.Request(
        f"{address.rstrip('/')}/metrics/{labels}",
        body.encode(),
        {"Content-Type": "text/plain; version=0.0.4"},
        method="PUT",
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT):
            return ""
    except urllib.error.HTTPError as error:
        return f"it answered {error.code}: {error.read(300).decode('utf-8', 'replace').strip()}"
    except (OSError, ValueError) as error:
        return str(error)
