"""The files of a tenant: read, checked, and rewritten so that people's comments survive."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from gleis.contract import ContractError, document, schema, typed
from gleis.contract.problem import Problem, shown
from gleis.contract.project import Replicas, Slo
from gleis.gitops.errors import GitopsError

PROJECT = "project.yaml"
ENVIRONMENTS = ("dev", "staging", "prod")


@dataclass(frozen=True)
class TenantSource:
    repository: str
    template_version: str = ""


@dataclass(frozen=True)
class TenantServing:
    mode: str
    target: str
    cloud: str
    slo: Slo | None = None
    replicas: Replicas | None = None


@dataclass(frozen=True)
class TenantTraining:
    """What a training run asks the cluster for."""

    framework: str
    engine: str
    nodes: int
    gpus_per_node: int
    gpu_type: str
    max_hours: float


@dataclass(frozen=True)
class Share:
    """What a project may use of its team's quota in each environment: CPU cores and GPUs."""

    cpu: int
    gpu: int


@dataclass(frozen=True)
class Tenant:
    """project.yaml of a tenant: who it is and what it may use."""

    project: str
    team: str
    owner: str
    cost_center: str
    data_class: str
    risk: str
    source: TenantSource
    serving: TenantServing
    quota: Share
    environments: tuple[str, ...]
    namespaces: dict[str, str]
    schedule: str = ""
    training: TenantTraining | None = None

    @property
    def name(self) -> str:
        """`team/project`: how people and commits call it."""
        return f"{self.team}/{self.project}"


@dataclass(frozen=True)
class ReleaseEvidence:
    digest: str
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Release:
    """What runs in an environment, and what stands behind it."""

    model_version: str
    model_sha256: str
    image: str
    image_digest: str
    metrics: dict[str, float]
    evidence: ReleaseEvidence
    promoted_by: str
    source_commit: str
    since: str
    approver: str = ""

    def same_workload(self, other: Release | None) -> bool:
        """Whether the clusters would run the same for both."""
        return other is not None and (
            (self.model_version, self.model_sha256, self.image, self.image_digest)
            == (other.model_version, other.model_sha256, other.image, other.image_digest)
        )


@dataclass(frozen=True)
class Record:
    """A tenant with what runs in each of its environments (None: nothing yet)."""

    tenant: Tenant
    releases: dict[str, Release | None] = field(default_factory=dict)

    @property
    def live(self) -> dict[str, Release]:
        """The environments in which something runs."""
        return {name: release for name, release in self.releases.items() if release}


def folder(root: str, team: str, project: str) -> str:
    """Where the files of a tenant lie in the repository. Raises GitopsError for odd names."""
    for what, name in (("team", team), ("project", project)):
        if not _is_name(name):
            raise GitopsError(
                f"{shown(name)} is not the name of a {what}: at most 40 lower-case letters, digits "
                "and hyphens, starting with a letter"
            )
    return f"{root}/{team}/{project}"


def _is_name(text: str) -> bool:
    import re

    return re.fullmatch(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", text) is not None


def read_tenant(text: str, name: str) -> Tenant:
    """The tenant in the project.yaml `text` at path `name`. Raises ContractError."""
    return tenant_in(document.parse(text, Path(name), name=name))


def tenant_in(loaded: document.Document) -> Tenant:
    """As `read_tenant`, of a file that has been parsed; its name is the path."""
    _hold(loaded, "Tenant")
    tenant = typed.build(Tenant, loaded.data["tenant"])
    *_, team, project, _ = PurePosixPath(loaded.name).parts
    for key, wanted in (("team", team), ("project", project)):
        if getattr(tenant, key) != wanted:
            raise ContractError(
                [
                    Problem(
                        "tenant/folder",
                        f"{key} is {shown(getattr(tenant, key))} in the folder of {shown(wanted)}",
                        loaded.position("tenant", key),
                        getattr(tenant, key),
                        wanted,
                    )
                ]
            )
    return tenant


def read_release(text: str, name: str) -> Release | None:
    """What runs according to the environment file `text` at path `name`. Raises ContractError."""
    return release_in(document.parse(text, Path(name), name=name))


def release_in(loaded: document.Document) -> Release | None:
    """As `read_release`, of a file that has been parsed; its name is the path."""
    _hold(loaded, "TenantEnvironment")
    environment = PurePosixPath(loaded.name).stem
    if loaded.data["environment"] != environment:
        raise ContractError(
            [
                Problem(
                    "tenant/environment",
                    f"environment is {shown(loaded.data['environment'])} in {environment}.yaml",
                    loaded.position("environment"),
                    loaded.data["environment"],
                    environment,
                )
            ]
        )
    release = loaded.data["release"]
    return typed.build(Release, release) if release else None


def in_folder(path: Path) -> list[Tenant]:
    """The tenants of a checkout's tenants folder, such as `argocd/tenants`, by team and project.

    For what renders from the records; what a remote holds is read by `tenants.listed`.
    """
    files = sorted(path.glob(f"*/*/{PROJECT}"))
    found = []
    for file in files:
        loaded = document.load(file, root=path)
        text = loaded.path.read_text(encoding="utf-8-sig")
        found.append(read_tenant(text, file.relative_to(path.parent).as_posix()))
    return found


def new_tenant(tenant: Tenant, schema_line: str) -> str:
    """project.yaml of a new tenant."""
    head = (
        "# Who this project is and what it may use. `gleis tenant diff` says how it differs from\n"
        "# the project's own contract; `gleis tenant add --update` takes that over.\n"
    )
    content = {"apiVersion": "gleis/v1", "kind": "Tenant", "tenant": plain(tenant)}
    return _header(schema_line) + head + _dump(_commented(content))


def new_environment(environment: str, schema_line: str) -> str:
    """An environment file in which nothing runs yet."""
    return (
        _header(schema_line)
        + f"# What runs in {environment}. Written by `gleis promote` and `gleis rollback`, one\n"
        "# commit for this file alone.\n"
        "apiVersion: gleis/v1\n"
        "kind: TenantEnvironment\n"
        f"environment: {environment}\n"
        "release: {}\n"
    )


def with_tenant(text: str, name: str, tenant: Tenant) -> str:
    """project.yaml `text` saying `tenant`; comments and the order of keys stay."""
    return _rewritten(text, name, "Tenant", "tenant", plain(tenant))


def with_release(text: str, name: str, release: Release) -> str:
    """An environment file `text` saying `release`; comments and the order of keys stay."""
    return _rewritten(text, name, "TenantEnvironment", "release", plain(release))


def plain(value: Any) -> dict[str, Any]:
    """A tenant or a release as the mapping that stands in its file; what is empty is left out."""
    import dataclasses

    found: dict[str, Any] = {}
    for item in dataclasses.fields(value):
        each = getattr(value, item.name)
        if each in ("", None):
            continue
        if dataclasses.is_dataclass(each):
            each = plain(each)
        found[typed.camel(item.name)] = list(each) if isinstance(each, tuple) else each
    return found


def _header(schema_line: str) -> str:
    return f"# yaml-language-server: $schema={schema_line}\n"


def _checked(text: str, name: str, kind: str) -> document.Document:
    loaded = document.parse(text, Path(name), name=name)
    _hold(loaded, kind)
    return loaded


def _hold(loaded: document.Document, kind: str) -> None:
    """Raises ContractError where a file breaks the schema, or is of another kind."""
    problems = schema.check(loaded, "tenant")
    if not problems and loaded.data["kind"] != kind:
        place = loaded.position("kind")
        problems = [Problem("tenant/kind", "kind is wrong here", place, loaded.data["kind"], kind)]
    if problems:
        raise ContractError(problems)


def _rewritten(text: str, name: str, kind: str, key: str, value: dict[str, Any]) -> str:
    _checked(text, name, kind)
    loaded = _yaml().load(text)
    if loaded[key]:
        _update(loaded[key], value)
    else:
        loaded[key] = _commented(value)
    result = _dump(loaded)
    # What was written is read again the way everybody else will read it.
    again = _checked(result, name, kind).data[key]
    if again != value:
        raise GitopsError(
            f"{name} could not be rewritten without changing what it says: write the mapping "
            f"{key} as plain block YAML, one key a line"
        )
    return result


def _update(target: Any, value: dict[str, Any]) -> None:
    """Make the mapping `target` say `value`, touching only what differs."""
    for key in [key for key in target if key not in value]:
        del target[key]
    for key, new in value.items():
        if isinstance(new, dict) and isinstance(target.get(key), dict):
            _update(target[key], new)
        elif isinstance(new, float) or key not in target or target[key] != new:
            # A number that ruamel.yaml has read may come out rounded: it is always written anew.
            target[key] = _commented(new)


def _commented(value: Any) -> Any:
    """`value` for ruamel.yaml: mappings in blocks, lists in one line, text quoted where it could
    be taken for something else."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, dict):
        mapping = CommentedMap()
        for key, each in value.items():
            mapping[key] = _commented(each)
        return mapping
    if isinstance(value, list):
        sequence = CommentedSeq(value)
        sequence.fa.set_flow_style()
        return sequence
    if isinstance(value, str) and not value[:1].isalpha():
        return DoubleQuotedScalarString(value)
    if isinstance(value, str) and (len(value) >= 40 or " " in value):
        return DoubleQuotedScalarString(value)
    return value


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dump(value: Any) -> str:
    stream = io.StringIO()
    _yaml().dump(value, stream)
    return stream.getvalue()
