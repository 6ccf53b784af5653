"""Makes the workspace of each team in MLflow where it is missing; runs in the cluster, as a job.

Standard library only: it runs in the organisation's Python image. Reads MLFLOW_URL, MLFLOW_USER,
MLFLOW_PASSWORD and, as JSON, WORKSPACES: {name: description}. Deletes nothing. API (MLflow 3.10 and
newer): https://mlflow.org/docs/latest/self-hosting/workspaces/
"""

import base64
import json
import os
import sys
import urllib.error
import urllib.request


def call(path, body=None):
    """The JSON answer of MLflow to `path`; with `body` it is a POST."""
    login = f"{os.environ['MLFLOW_USER']}:{os.environ['MLFLOW_PASSWORD']}"
    request = urllib.request.Request(
        os.environ["MLFLOW_URL"].rstrip("/") + "/api/3.0/mlflow" + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": "Basic " + base64.b64encode(login.encode()).decode(),
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def main():
    wanted = json.loads(os.environ["WORKSPACES"])
    there = {each["name"] for each in call("/workspaces").get("workspaces", [])}
    for name, description in sorted(wanted.items()):
        if name not in there:
            call("/workspaces", {"name": name, "description": description})
            print(f"made the workspace {name}")
    for name in sorted(there - set(wanted) - {"default"}):
        print(f"the workspace {name} is of no team any more; delete it by hand once it is empty")


if __name__ == "__main__":
    try:
        main()
    except urllib.error.HTTPError as error:
        said = error.read(500).decode(errors="replace")
        sys.exit(f"MLflow answered {error.code} to {error.url}: {said}")
    except (urllib.error.URLError, TimeoutError) as error:
        sys.exit(f"MLflow cannot be reached at {os.environ['MLFLOW_URL']}: {error}")
