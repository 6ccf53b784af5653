"""The heavy part, in worker processes: charts rendered, objects validated, rules asked.

A job is an item with all it needs, its result is plain data that can be kept: nothing in it depends
on other items. What depends on several is `references`.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gleis.gitops import batch, charts, compat
from gleis.gitops.batch import Item
from gleis.gitops.charts import Chart
from gleis.gitops.compat import Compat
from gleis.gitops.preview.helm import Helm
from gleis.gitops.preview.kept import packed
from gleis.gitops.preview.rules import broken, queues
from gleis.gitops.preview.rules.owner import Owner
from gleis.gitops.preview.rules.tenancy import CLUSTER_KINDS
from gleis.gitops.preview.schemas import Schemas

CHUNK = 120  # items of one call of Helm: long enough to pay for its start, short enough to hold
WORKERS = 2
# Of each worker's Helm: cleaning up memory less often takes a fifth of its time away.
GARBAGE = {"GOGC": "400"}
_ALONE = 2  # chunks that are done before a worker process would have started


@dataclass(frozen=True)
class Result:
    """`light` is what every preview asks for; the objects stay packed until somebody compares."""

    light: dict[str, Any]
    objects: bytes


@dataclass(frozen=True)
class Job:
    """A chart with values, or objects that are there already; whose they are, and where they go."""

    key: str
    owner: Owner
    cluster: str
    namespace: str
    item: Item | None = None
    objects: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Setting:
    """What every worker needs: Helm, the charts, the folder of custom resources' schemas, and which
    API versions go (None where the platform does not say)."""

    helm: Helm
    charts: Mapping[str, Chart]
    schemas: Path | None
    compat: Compat | None = None


def run(
    jobs: Sequence[Job],
    setting: Setting,
    done: Callable[[int], None],
    take: Callable[[dict[str, Result]], None],
) -> None:
    """Give `take` the result of each job by its key; `done` hears how many jobs are through."""
    chunks = [jobs[start : start + CHUNK] for start in range(0, len(jobs), CHUNK)]
    if len(chunks) <= _ALONE:
        _prepare(setting)
        for chunk in chunks:
            take(_chunk(chunk))
            done(len(chunk))
        return
    # Not forked: whoever calls us may have threads, and a fork in the middle of them may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        WORKERS, mp_context=context, initializer=_begin, initargs=(setting,)
    ) as pool:
        try:
            for count, result in _in_turn(pool, chunks):
                take(result)
                done(count)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _in_turn(
    pool: ProcessPoolExecutor, chunks: Sequence[Sequence[Job]]
) -> Iterator[tuple[int, dict[str, Result]]]:
    """Results as they come; only a few chunks are under way, so that memory stays bounded."""
    pending: dict[Future[dict[str, Result]], int] = {}
    coming = iter(chunks)
    while True:
        while len(pending) < 2 * WORKERS and (chunk := next(coming, None)) is not None:
            pending[pool.submit(_chunk, chunk)] = len(chunk)
        if not pending:
            return
        ready, _ = wait(pending, return_when=FIRST_COMPLETED)
        for each in ready:
            yield pending.pop(each), each.result()


_given: list[Setting] = []  # what `_prepare` was told last, once in the life of a worker


def _prepare(setting: Setting) -> None:
    _given[:] = [setting]


def _begin(setting: Setting) -> None:
    """As `_prepare`, in a process of its own."""
    os.environ.update({name: os.environ.get(name, value) for name, value in GARBAGE.items()})
    _prepare(setting)


@functools.cache
def _schemas(folder: Path | None) -> Schemas:
    return Schemas(folder)


def _chunk(jobs: Sequence[Job]) -> dict[str, Result]:
    setting = _given[-1]
    schemas = _schemas(setting.schemas)
    results = {}
    for job, objects, problems in _rendered(jobs, setting):
        if problems:
            results[job.key] = _nothing(problems)
        else:
            results[job.key] = _judged(job, objects, schemas, setting.compat)
    return results


def _rendered(
    jobs: Sequence[Job], setting: Setting
) -> Iterator[tuple[Job, Sequence[Any], list[tuple[str, str]]]]:
    """The objects of each job, or the rules that keep it from having any."""
    wanted = [(job, job.item) for job in jobs if job.item is not None]
    items = [item for _, item in wanted]
    shared = _shared(items)
    yield from ((job, job.objects, []) for job in jobs if job.item is None)
    rendered = batch.render(
        [_without(item, shared) for item in items],
        shared=shared,
        known=setting.charts,
        helm=setting.helm.program,
        chunk=CHUNK,
    )
    for (job, item), done in zip(wanted, rendered, strict=True):
        chart = setting.charts[item.chart]
        rule = "chart"
        if done.problems and chart.objections(charts.over(chart.defaults, item.values)):
            rule = "chart-value"
        yield job, done.objects, [(rule, each) for each in done.problems]


def _shared(items: Sequence[Item]) -> dict[str, Any]:
    """What is the very same in all items: the organisation's values, which come from one file."""
    if not items:
        return {}
    first, *others = items
    return {
        key: value
        for key, value in first.values.items()
        if all(each.values.get(key) is value for each in others)
    }


def _without(item: Item, shared: dict[str, Any]) -> Item:
    return replace(item, values={k: v for k, v in item.values.items() if k not in shared})


def _nothing(broken_rules: list[tuple[str, str]]) -> Result:
    light = {"broken": broken_rules, "identities": [], "facts": {}, "unknown": []}
    return Result(light, packed({}))


def _judged(job: Job, objects: Sequence[Any], schemas: Schemas, known: Compat | None) -> Result:
    """What there is to say about the objects of a job, and what others may ask of them."""
    said: list[tuple[str, str]] = []
    unknown: list[str] = []
    facts: dict[str, list[Any]] = {}
    found: dict[str, Any] = {}
    identities = []
    for each in objects:
        if not _is_object(each):
            said.append(("object", f"a document is {str(each)[:80]!r}"))
            continue
        name = title(each, job.namespace)
        verdict = schemas.verdict(each)
        said += [("schema", f"{name}: {mistake}") for mistake in verdict.mistakes]
        if verdict.removed:
            where = ", ".join(verdict.removed)
            gone = f"{name}: {each['apiVersion']} is not in Kubernetes {where}"
            said.append(("removed-api", gone))
        if known:
            said += [("removed-api", sentence) for sentence in compat.removed(known, [each])]
            said += [("unknown-api", sentence) for sentence in compat.unknown(known, [each])]
        if verdict.unknown:
            unknown.append(f"{each['apiVersion']} {each['kind']}")
        said += [(rule, f"{name}: {message}") for rule, message in broken(each, job.owner)]
        _note(each, job, facts)
        identities.append(identity(each, job))
        found[identities[-1]] = each
    light = {"broken": said, "identities": identities, "facts": facts, "unknown": unknown}
    return Result(light, packed(found))


def _is_object(item: Any) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("metadata"), dict):
        return False
    words = (item.get("apiVersion"), item.get("kind"), item["metadata"].get("name"))
    return all(isinstance(each, str) and each for each in words)


def title(item: Any, namespace: str) -> str:
    """Kind, namespace and name of an object, to call it by."""
    meta = item["metadata"]
    if item["kind"] in CLUSTER_KINDS:
        return f"{item['kind']} {meta['name']}"
    return f"{item['kind']} {meta.get('namespace', namespace)}/{meta['name']}"


def identity(item: Any, job: Job) -> str:
    """What there can be only one of: cluster, group, kind, namespace and name."""
    group = str(item["apiVersion"]).rpartition("/")[0]
    return f"{job.cluster} {group or 'core'} {title(item, job.namespace)}"


def _note(item: Any, job: Job, facts: dict[str, list[Any]]) -> None:
    """What rules about several objects need of this one."""
    kind, meta, spec = item["kind"], item["metadata"], item.get("spec") or {}
    namespace = meta.get("namespace", job.namespace)
    if kind == "AppProject":
        facts.setdefault("projects", []).append(
            {
                "name": meta["name"],
                "destinations": spec.get("destinations") or [],
                "sources": spec.get("sourceRepos") or [],
            }
        )
    elif kind == "LocalQueue":
        facts.setdefault("localQueues", []).append(
            [job.cluster, namespace, meta["name"], spec.get("clusterQueue")]
        )
    elif kind == "ClusterQueue":
        flavors = [
            flavor.get("name")
            for group in spec.get("resourceGroups") or []
            for flavor in group.get("flavors") or []
        ]
        facts.setdefault("clusterQueues", []).append([job.cluster, meta["name"], flavors])
    elif kind == "ResourceFlavor":
        facts.setdefault("flavors", []).append([job.cluster, meta["name"]])
    queue = queues.queued(item)
    if queue:
        facts.setdefault("jobs", []).append([job.cluster, namespace, queue, title(item, namespace)])
