"""The stage `train`: learn from the training rows, and keep the model and how it came about."""

from __future__ import annotations

import platform
import sys
import time
from datetime import UTC, datetime

from . import contract, data, files, metrics, model, signature, tracking
from .errors import InputError, one_line
from .features import features

SEED = 0
DECILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


@one_line("train")
def main(argv: list[str] | None = None) -> int:
    """Train, log the run and write `.gleis/out/model/` and `.gleis/out/train.json`."""
    if sys.argv[1:] if argv is None else argv:
        raise InputError("takes no arguments: settings stand in project.yaml and model.py")
    began = time.monotonic()
    agreed = contract.load()
    checked, rows = data.report(), data.part("train")
    inputs, target = features(rows, data.TARGET), rows[data.TARGET]
    commit = tracking.git_commit()
    params = {"framework": agreed.framework, "rows": len(rows), "seed": SEED, **model.PARAMS}
    versions = {"python": platform.python_version(), **model.versions()}
    tags = {"gleis.data_sha256": checked["sha256"], "gleis.git_commit": commit}
    title = f"{agreed.name} {(commit or 'no commit')[:9]} on {checked['sha256'][:8]}"

    with tracking.run(agreed.name, title, tags) as run_id:
        fitted = model.fit(inputs, target, SEED)
        model_sha256 = model.save(fitted, contract.MODEL)
        regression = model.classes(fitted) is None
        signature.Signature(
            name=agreed.name,
            framework=agreed.framework,
            task=agreed.task,
            target=data.TARGET,
            features=signature.describe(inputs),
            classes=model.classes(fitted),
            target_quantiles=target.quantile(DECILES).tolist() if regression else None,
            trusted_types=model.TRUSTED,
            model_sha256=model_sha256,
            data_sha256=checked["sha256"],
            git_commit=commit,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            input_example=inputs.head(1).to_dict(orient="records")[0],
        ).save(contract.MODEL)
        model_uri = model.log(fitted, inputs.head(3))
        tracking.keep(contract.MODEL)
        on_train = metrics.point(target, model.predict(fitted, inputs), model.classes(fitted))
        tracking.record(
            params=params | {f"version.{name}": version for name, version in versions.items()},
            metrics={f"train_{metric}": value for metric, value in on_train.items()},
            tags={"gleis.model_sha256": model_sha256},
        )

    seconds = round(time.monotonic() - began, 3)
    files.write_json(
        contract.TRAIN,
        {
            "run_id": run_id,
            "tracking_uri": tracking.shown_uri(),
            "model_uri": model_uri,
            "params": params,
            "seed": SEED,
            "data_sha256": checked["sha256"],
            "model_sha256": model_sha256,
            "git_commit": commit,
            "versions": versions,
            "seconds": seconds,
        },
    )
    print(f"train: {len(rows)} rows in {seconds:.1f} s, model {model_sha256[:12]}, run {run_id}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
