"""All stacks of AWS, applied for real to an account on loopback, looked at, and taken down again.

The tests of this file are one story, told in order, in one account. Each looks at what an earlier
one left; the last takes everything down.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from gleis.contract import platform, project
from gleis.gitops import records, tenants

from .rig import Terraform, copy
from .rig.aws import BACKEND, LACKING, Aws, Root, needs_real, started
from .rig.summary import Record, record

pytestmark = pytest.mark.real

HERE = Path(__file__).parent
REPO = HERE.parents[1]
PLATFORM = platform.load(REPO / "platform.yaml")
ACCOUNT = PLATFORM.clouds["aws"].accounts["dev"]
COMMON = {"organisation": "acme", "environment": "dev", "template_version": "v1.2.3"}
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/platform-admin"
TEAM, PROJECTS = "vision", ("lane-detection", "sign-reading")
TAGS = {"cost-center", "team", "project", "environment", "data-class", "managed-by", "repo",
        "template-version"}  # fmt: skip
# What a plan shows although nothing was changed: moto gives back something else than it was given.
MOTOS_OWN = yaml.safe_load((HERE / "moto.yaml").read_text())


@dataclass(frozen=True)
class Account:
    """What stands in the account, by the name of its stack."""

    aws: Aws
    roots: dict[str, Root]
    outputs: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def account(
    terraform: Terraform,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Account]:
    """Everything applied, in the order and in the words of terraform/stacks/README.md."""
    needs_real(terraform, request.config)
    tree = copy(tmp_path_factory.mktemp("applied"))
    stacks = tree / "stacks" / "aws"
    roots: dict[str, Root] = {}
    outputs: dict[str, dict[str, Any]] = {}
    with started(tmp_path_factory.mktemp("aws"), ACCOUNT) as aws:

        def apply(name: str, key: str, **variables: object) -> None:
            root = Root(stacks / name, terraform, aws, {**COMMON, **variables})
            file = tree / "dev.s3.tfbackend"
            root.init(f"-backend-config={file}", f"-backend-config=key={key}", *BACKEND)
            root.apply()
            roots[name], outputs[name] = root, root.outputs()

        outputs["bootstrap"] = bootstrap(roots, stacks, terraform, aws)
        (tree / "dev.s3.tfbackend").write_text(outputs["bootstrap"]["backend_file"])
        logs = outputs["bootstrap"]["log_store_id"]
        apply("network", "dev/network.tfstate", cidr="10.20.0.0/16")
        apply(
            "cluster", "dev/cluster.tfstate",
            network_id=outputs["network"]["network_id"],
            private_subnet_ids=outputs["network"]["private_subnet_ids"],
            admin_groups=[ADMIN], log_store_id=logs, tracking={"deletion_protection": False},
        )  # fmt: skip
        onboard(tree.parent / "argocd" / "tenants")
        apply(
            "tenants", f"dev/tenants/{TEAM}.tfstate",
            team=TEAM, provider_id=outputs["bootstrap"]["provider_id"], log_store_id=logs,
            cluster_name=outputs["cluster"]["cluster_name"],
            repositories={PROJECTS[0]: {"owner_id": "4711", "repository_id": "815"}},
            team_budgets={"team": 3000}, force_destroy=True,
        )  # fmt: skip
        yield Account(aws, roots, outputs)


def bootstrap(
    roots: dict[str, Root], stacks: Path, terraform: Terraform, aws: Aws
) -> dict[str, Any]:
    """The bucket of the states cannot keep its own state before it is there: it moves in later."""
    root = Root(stacks / "bootstrap", terraform, aws,
                {**COMMON, "jenkins_issuer": "https://jenkins.example.com/oidc",
                 "force_destroy": True})  # fmt: skip
    override = root.folder / "backend_override.tf"
    override.write_text('terraform {\n  backend "local" {}\n}\n')
    root.init()
    root.apply()
    outputs = root.outputs()
    override.unlink()
    backend = [f"-backend-config={key}={value}"
               for key, value in outputs["backend_config"].items()]  # fmt: skip
    root.checked("init", "-no-color", "-migrate-state", "-force-copy", *backend,
                 "-backend-config=key=dev/bootstrap.tfstate", *BACKEND)  # fmt: skip
    (root.folder / "terraform.tfstate").unlink(missing_ok=True)
    roots["bootstrap"] = root
    return outputs


def onboard(root: Path) -> None:
    """The records that `gleis tenant add` would write for two projects of one team."""
    for name in PROJECTS:
        folder = root.parent / "contracts" / name
        folder.mkdir(parents=True)
        fixtures = REPO / "tests" / "contract"
        text = (fixtures / "valid" / "sklearn-online.yaml").read_text()
        text = text.replace("name: bearing-wear", f"name: {name}").replace("drivetrain", TEAM)
        text = text.replace("CC-4711", "CC-4720")
        (folder / project.FILE).write_text(text)
        shutil.copy(fixtures / project.DATA_CONTRACT, folder / project.DATA_CONTRACT)
        tenant = tenants.describe(folder, PLATFORM, f"https://github.com/example-org/{name}.git")
        file = root / TEAM / name / records.PROJECT
        file.parent.mkdir(parents=True)
        file.write_text(records.new_tenant(tenant, ""))


def resources(root: Root) -> list[dict[str, Any]]:
    """What a state holds, with the resources of its modules."""
    shown = json.loads(root.checked("show", "-json"))["values"]["root_module"]

    def below(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from (each for each in module.get("resources", []) if each["mode"] == "managed")
        for child in module.get("child_modules", []):
            yield from below(child)

    return list(below(shown))


def test_every_stack_is_applied_and_its_state_is_in_the_bucket(
    account: Account, record_property: Record
) -> None:
    bucket = account.outputs["bootstrap"]["backend_config"]["bucket"]
    listed = account.aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]

    assert {each["Key"] for each in listed} == {
        "dev/bootstrap.tfstate", "dev/network.tfstate", "dev/cluster.tfstate",
        f"dev/tenants/{TEAM}.tfstate",
    }  # fmt: skip
    for name, root in account.roots.items():
        held = resources(root)
        ours = sorted({LACKING[each["type"]] for each in held if each["type"] in LACKING})
        note = f", {', '.join(ours)} in a stand-in" if ours else ""
        record(record_property, f"stacks/aws/{name}", "applied", f"moto, {len(held)}{note}")


def test_all_modules_of_aws_stand_in_the_account(account: Account, record_property: Record) -> None:
    counts: dict[str, int] = {}
    manifests = [json.loads((root.folder / ".terraform/modules/modules.json").read_text())
                 for root in account.roots.values()]  # fmt: skip
    for root, manifest in zip(account.roots.values(), manifests, strict=True):
        folders = {
            each["Key"]: (root.folder / each["Dir"]).resolve() for each in manifest["Modules"]
        }
        for each in resources(root):
            path = [part.split("[")[0] for part in each["address"].split("module.")[1:]]
            folder = folders[".".join(part.split(".")[0] for part in path)]
            name = folder.relative_to(root.folder.parents[2]).as_posix()
            counts[name] = counts.get(name, 0) + 1
    for name in sorted(counts):
        if name.startswith("modules/"):
            record(record_property, name, "applied", f"moto, {counts[name]}")
    # state-backend is a store with a purpose: all that it makes is made by artifact-store.
    wanted = {f"modules/aws/{path.name}" for path in (REPO / "terraform/modules/aws").iterdir()}
    assert wanted - set(counts) == {"modules/aws/state-backend"}


def test_every_store_is_encrypted_versioned_closed_and_takes_tls_only(account: Account) -> None:
    s3 = account.aws.client("s3")
    names = [each["Name"] for each in s3.list_buckets()["Buckets"]]

    assert len(names) == 3 + 2 * len(PROJECTS)
    for name in names:
        rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        used = rule[0]["ApplyServerSideEncryptionByDefault"]
        if name.endswith("-logs"):
            assert used["SSEAlgorithm"] == "AES256"
        else:
            assert used["SSEAlgorithm"] == "aws:kms"
            assert used["KMSMasterKeyID"].startswith("arn:aws:kms:")
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        assert all(
            s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values()
        )
        policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
        refused = {each["Sid"]: each for each in policy["Statement"] if each["Effect"] == "Deny"}
        assert refused["RefusePlainHttp"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert sorted(refused["RefusePlainHttp"]["Resource"]) == [
            f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*",
        ]  # fmt: skip
        for each in policy["Statement"]:
            assert each["Effect"] == "Deny" or each["Principal"] != {"AWS": "*"}, name


def test_every_key_is_rotated(account: Account) -> None:
    kms = account.aws.client("kms")
    ours = {alias["TargetKeyId"] for alias in kms.list_aliases()["Aliases"]
            if not alias["AliasName"].startswith("alias/aws/")}  # fmt: skip

    assert len(ours) >= 10
    for key in ours:
        assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"], key


def test_images_are_scanned_encrypted_and_their_tags_never_move(account: Account) -> None:
    found = account.aws.client("ecr").describe_repositories()["repositories"]

    assert {each["repositoryName"] for each in found} == {f"acme-ml/{name}" for name in PROJECTS}
    for each in found:
        assert each["imageTagMutability"] == "IMMUTABLE"
        assert each["imageScanningConfiguration"]["scanOnPush"]
        assert each["encryptionConfiguration"]["encryptionType"] == "KMS"


def test_the_cluster_is_private_encrypted_and_logged(account: Account) -> None:
    eks = account.aws.client("eks")
    cluster = eks.describe_cluster(name=account.outputs["cluster"]["cluster_name"])["cluster"]

    network = cluster["resourcesVpcConfig"]
    assert (network["endpointPrivateAccess"], network["endpointPublicAccess"]) == (True, False)
    assert cluster["encryptionConfig"][0]["resources"] == ["secrets"]
    enabled = [each for each in cluster["logging"]["clusterLogging"] if each["enabled"]]
    assert {kind for each in enabled for kind in each["types"]} == {
        "api", "audit", "authenticator", "controllerManager", "scheduler",
    }  # fmt: skip
    pool = eks.describe_nodegroup(clusterName=cluster["name"], nodegroupName="t4")["nodegroup"]
    assert pool["scalingConfig"]["minSize"] == 0
    assert pool["taints"] == [
        {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}
    ]


def test_the_database_is_private_and_its_password_is_in_no_state(account: Account) -> None:
    (found,) = account.aws.client("rds").describe_db_instances()["DBInstances"]

    assert found["StorageEncrypted"]
    assert not found["PubliclyAccessible"]
    (held,) = [each["values"] for each in resources(account.roots["cluster"])
               if each["type"] == "aws_db_instance"]  # fmt: skip
    assert held["manage_master_user_password"] is True
    assert not held["password"]


def test_logs_end_and_are_encrypted(account: Account) -> None:
    groups = account.aws.client("logs").describe_log_groups()["logGroups"]

    assert len(groups) >= 8
    for group in groups:
        assert group["retentionInDays"] >= 30, group["logGroupName"]
        assert group["kmsKeyId"].startswith("arn:aws:kms:"), group["logGroupName"]


def test_everything_that_takes_tags_says_who_pays(account: Account) -> None:
    seen = 0
    for name, root in account.roots.items():
        for each in resources(root):
            values = each["values"]
            if "tags_all" in values:
                seen += 1
                missing = TAGS - set(values["tags_all"])
                assert not missing, f"stack {name}: {each['address']} lacks {sorted(missing)}"
                assert values["tags_all"]["managed-by"] == "terraform"
    assert seen > 80
    # What Terraform believes is one thing, what the services say another.
    tagging = account.aws.client("resourcegroupstaggingapi")
    pages = tagging.get_paginator("get_resources").paginate()
    told = [each for page in pages for each in page["ResourceTagMappingList"]]
    for each in told:
        keys = {tag["Key"] for tag in each["Tags"]}
        assert keys >= TAGS, each["ResourceARN"]
    assert len(told) > 20


def test_the_roles_of_ci_trust_exactly_one_repository(account: Account) -> None:
    iam = account.aws.client("iam")
    issuer = "token.actions.githubusercontent.com"
    repository = f"repo:example-org/{PROJECTS[0]}"
    numbered = f"repo:example-org@4711/{PROJECTS[0]}@815"
    ends = {"build": "ref:refs/heads/main", "deploy": "environment:dev", "read": "pull_request"}
    for role, end in ends.items():
        name = f"{TEAM}-{PROJECTS[0]}-dev-{role}"
        trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        assert trust == {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Git",
                    "Effect": "Allow",
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
                    "Condition": {
                        "StringEquals": {
                            f"{issuer}:aud": "sts.amazonaws.com",
                            f"{issuer}:repository_id": "815",
                            f"{issuer}:sub": [f"{repository}:{end}", f"{numbered}:{end}"],
                        }
                    },
                }
            ],
        }


def test_there_is_no_key_that_anybody_could_lose(account: Account) -> None:
    iam = account.aws.client("iam")

    assert iam.list_users()["Users"] == []


@pytest.mark.parametrize("name", ["bootstrap", "network", "cluster", "tenants"])
def test_a_second_plan_changes_nothing(account: Account, name: str) -> None:
    known = MOTOS_OWN.get(name, {})
    plan = account.roots[name].plan()

    met = set()
    for change in plan["resource_changes"]:
        kind, actions = change["type"], change["change"]["actions"]
        if actions in (["no-op"], ["read"]):
            continue
        before, after = change["change"]["before"] or {}, change["change"]["after"] or {}
        unknown = change["change"]["after_unknown"] or {}
        differ = {key for key in before if before[key] != after.get(key) or unknown.get(key)}
        assert actions == ["update"], f"{change['address']}: {actions}"
        assert differ <= set(known.get(kind, ())), f"{change['address']}: {sorted(differ)}"
        met |= {(kind, key) for key in differ}
    listed = {(kind, key) for kind, keys in known.items() for key in keys}
    assert met == listed, f"moto.yaml lists what no longer differs: {sorted(listed - met)}"


def test_taken_down_backwards_nothing_is_left(account: Account) -> None:
    for name in ("tenants", "cluster", "network"):
        account.roots[name].destroy()
    aws = account.aws
    bucket = account.outputs["bootstrap"]["backend_config"]["bucket"]
    last = account.roots["bootstrap"]
    (last.folder / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    last.checked("init", "-no-color", "-migrate-state", "-force-copy")
    empty(aws, bucket)
    last.destroy()

    left = {
        "buckets": aws.client("s3").list_buckets()["Buckets"],
        "repositories": aws.client("ecr").describe_repositories()["repositories"],
        "clusters": aws.client("eks").list_clusters()["clusters"],
        "roles": aws.client("iam").list_roles()["Roles"],
        "providers": aws.client("iam").list_open_id_connect_providers()[
            "OpenIDConnectProviderList"
        ],
        "databases": aws.client("rds").describe_db_instances()["DBInstances"],
        "log groups": aws.client("logs").describe_log_groups()["logGroups"],
        "alarms": aws.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "topics": aws.client("sns").list_topics()["Topics"],
        "networks": [
            each for each in aws.client("ec2").describe_vpcs()["Vpcs"] if not each["IsDefault"]
        ],
        "budgets": aws.client("budgets").describe_budgets(AccountId=ACCOUNT).get("Budgets", []),
    }
    assert not {kind: found for kind, found in left.items() if found}
    # Keys wait for 30 days before they go.
    kms = aws.client("kms")
    states = {
        kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
        for key in kms.list_keys()["Keys"]
    }
    assert states == {"PendingDeletion"}


def empty(aws: Aws, bucket: str) -> None:
    """By hand, as the README says: Terraform never empties the bucket of the states."""
    s3 = aws.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
