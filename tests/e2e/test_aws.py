"""A cloud from nothing to nothing: all stacks of AWS, two projects, a plan, a drift, a teardown.

Everything is real but the cloud, which is moto on loopback: Terraform, the provider of AWS, Copier,
git, `gleis`. The tests of this file are one story, told in order, in one account: each looks at
what an earlier one left, and the last takes everything down.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.terraform.rig import Terraform, find
from tests.terraform.rig.aws import LACKING, Aws, Root, needs_real, started
from tests.terraform.rig.summary import Record, record

from gleis.contract import platform

from .conftest import REPO, Repo, git, make

pytestmark = pytest.mark.real

PLATFORM = platform.load(REPO / "platform.yaml")
ACCOUNT = PLATFORM.clouds["aws"].accounts["dev"]
COMMON = {"organisation": "acme", "environment": "dev", "template_version": "v1.2.3"}
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/platform-admin"
ADDRESS = "https://github.com/example-org"
TEAM, PROJECTS = "vision", ("lane-detection", "sign-reading")
TAGS = {"cost-center", "team", "project", "environment", "data-class", "managed-by", "repo",
        "template-version"}  # fmt: skip
# What a plan shows although nothing was changed: moto gives back something else than it was given.
MOTOS_OWN = yaml.safe_load((REPO / "tests" / "terraform" / "moto.yaml").read_text())
LIVE = "terraform/live/aws/dev"
# The block that terraform/stacks/README.md asks for once the states have a bucket.
INFRA = """
infra:
  organisation: acme
  states:
    aws:
      dev: {{bucket: {bucket}, region: {region}}}
"""


@dataclass(frozen=True)
class Account:
    """What stands in the account, by the name of its stack; `top` is the platform's checkout."""

    aws: Aws
    top: Path
    projects: dict[str, Repo]
    env: dict[str, str]
    roots: dict[str, Root]
    outputs: dict[str, dict[str, Any]]

    def apply(self, name: str, key: str, file: str, **variables: object) -> None:
        """Apply a stack in the words of terraform/stacks/README.md."""
        var_file = self.top / LIVE / file
        var_file.parent.mkdir(parents=True, exist_ok=True)
        values = {**COMMON, **variables}
        var_file.write_text("".join(f"{it} = {json.dumps(values[it])}\n" for it in values))
        folder = self.top / "terraform" / "stacks" / "aws" / name
        root = Root(folder, var_file, self.roots["bootstrap"].terraform, self.aws)
        backend = self.top / LIVE / "dev.s3.tfbackend"
        root.init(f"-backend-config={backend}", f"-backend-config=key={key}")
        root.apply()
        self.roots[name], self.outputs[name] = root, root.outputs()

    def gleis(self, *argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "gleis", *argv],
            cwd=cwd or self.top, env={**self.roots["bootstrap"].terraform.env, **self.env},
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip


@pytest.fixture(scope="module")
def account(
    platform_clone: Path,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Account]:
    """Everything applied: bootstrap, network, cluster, then what two projects of one team get."""
    terraform = find(tmp_path_factory.mktemp("terraform"))
    needs_real(terraform, request.config)
    top = tmp_path_factory.mktemp("organisation") / "gleis"
    hosted = top.with_name("hosted.git")
    git(platform_clone, "clone", "--quiet", "--bare", str(platform_clone), str(hosted))
    git(platform_clone, "clone", "--quiet", str(hosted), str(top))
    with started(tmp_path_factory.mktemp("aws"), ACCOUNT) as aws:
        env = {
            **aws.env,
            "GLEIS_PLATFORM": str(top / "platform.yaml"),
            "GLEIS_TERRAFORM": shlex.join(terraform.argv),
            # Modules come from the git host, which is this checkout here.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{top.as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": f"{ADDRESS}/gleis.git",
        }
        made = Account(aws, top, {}, env, {}, {})
        bootstrap(made, terraform)
        for name in PROJECTS:
            made.projects[name] = onboarded(made, platform_clone, name)
        logs = made.outputs["bootstrap"]["log_store_id"]
        made.apply("network", "dev/network.tfstate", "network.tfvars", cidr="10.20.0.0/16")
        made.apply(
            "cluster", "dev/cluster.tfstate", "cluster.tfvars",
            network_id=made.outputs["network"]["network_id"],
            private_subnet_ids=made.outputs["network"]["private_subnet_ids"],
            admin_groups=[ADMIN], log_store_id=logs, tracking={"deletion_protection": False},
        )  # fmt: skip
        made.apply(
            "tenants", f"dev/tenants/{TEAM}.tfstate", f"tenants/{TEAM}.tfvars",
            team=TEAM, provider_id=made.outputs["bootstrap"]["provider_id"], log_store_id=logs,
            cluster_name=made.outputs["cluster"]["cluster_name"],
            repositories={PROJECTS[0]: {"owner_id": "4711", "repository_id": "815"}},
            team_budgets={"team": 3000}, force_destroy=True,
        )  # fmt: skip
        yield made


def bootstrap(made: Account, terraform: Terraform) -> None:
    """The bucket of the states cannot keep its own state before it is there: it moves in later."""
    folder = made.top / "terraform" / "stacks" / "aws" / "bootstrap"
    var_file = made.top / "bootstrap.tfvars"
    values = {**COMMON, "jenkins_issuer": "https://jenkins.example.com/oidc", "force_destroy": True}
    var_file.write_text("".join(f"{it} = {json.dumps(values[it])}\n" for it in values))
    root = made.roots["bootstrap"] = Root(folder, var_file, terraform, made.aws)
    override = folder / "backend_override.tf"
    override.write_text('terraform {\n  backend "local" {}\n}\n')
    root.init()
    root.apply()
    outputs = made.outputs["bootstrap"] = root.outputs()
    file = made.top / LIVE / "dev.s3.tfbackend"
    file.parent.mkdir(parents=True)
    file.write_text(outputs["backend_file"])
    override.unlink()
    root.init("-migrate-state", "-force-copy", f"-backend-config={file}",
              "-backend-config=key=dev/bootstrap.tfstate")  # fmt: skip
    (folder / "terraform.tfstate").unlink(missing_ok=True)
    said = outputs["backend_config"]
    with (made.top / "platform.yaml").open("a") as stream:
        stream.write(INFRA.format(bucket=said["bucket"], region=said["region"]))
    git(made.top, "commit", "--quiet", "--all", "--message", "Say where the states lie")
    git(made.top, "push", "--quiet")


def onboarded(made: Account, platform_clone: Path, name: str) -> Repo:
    """A repo made from the template, and its record."""
    repo = make(platform_clone, made.top.parent / name, name=name, team=TEAM)
    git(repo.path, "remote", "add", "origin", f"{ADDRESS}/{name}.git")
    done = made.gleis("tenant", "add", str(repo.path))
    assert done.returncode == 0, done.stdout + done.stderr
    git(made.top, "pull", "--quiet", "--ff-only")
    assert (made.top / "argocd" / "tenants" / TEAM / name / "project.yaml").is_file()
    return repo


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
        held = root.resources()
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
        for each in root.resources():
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
    (held,) = [each["values"] for each in account.roots["cluster"].resources()
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
        for each in root.resources():
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
    allowed = {(kind, key) for kind, keys in MOTOS_OWN.get(name, {}).items() for key in keys}
    met = set()
    for each in account.roots[name].plan()["resource_changes"]:
        change = each["change"]
        if change["actions"] in (["no-op"], ["read"]):
            continue
        before, after, unknown = change["before"], change["after"], change["after_unknown"]
        assert None not in (before, after), f"{each['address']}: {change['actions']}"
        differ = {
            (each["type"], key)
            for key in after
            if before.get(key) != after[key] and not unknown.get(key)
        }
        assert differ, f"{each['address']}: {change['actions']}"
        assert differ <= allowed, f"{each['address']}: {sorted(differ - allowed)}"
        met |= differ
    assert met == allowed, f"moto.yaml lists what no longer differs: {sorted(allowed - met)}"


def test_the_plan_of_a_repo_agrees_with_what_the_platform_applied(account: Account) -> None:
    repo = account.projects[PROJECTS[0]]

    done = account.gleis("run", "--stage", "infra-plan", "--environment", "dev", cwd=repo.path)

    assert done.returncode == 0, done.stdout + done.stderr
    plan = json.loads((repo.path / ".gleis" / "out" / "infra-plan.json").read_text())
    assert plan["planned"], plan
    assert "planned against the" in plan["basis"]
    assert not any(plan["counts"].get(kind) for kind in ("create", "update", "replace", "delete"))


def test_a_policy_that_was_changed_by_hand_is_found_by_name(account: Account) -> None:
    # The cluster is left out: what moto forgets of it would be a drift, too.
    (account.top / LIVE / "cluster.tfvars").rename(account.top / "cluster.tfvars")
    clean = account.gleis("infra", "drift")
    assert clean.returncode == 0, clean.stdout + clean.stderr

    bucket = f"acme-{TEAM}-{PROJECTS[0]}-dev-data"
    s3 = account.aws.client("s3")
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    plain = next(each for each in policy["Statement"] if each["Sid"] == "RefusePlainHttp")
    plain["Condition"] = {"Bool": {"aws:SecureTransport": "true"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    found = account.gleis("infra", "drift")
    told = account.gleis("infra", "drift", "--json")

    assert found.returncode == 1, found.stdout + found.stderr
    address = f'module.project["{PROJECTS[0]}"].module.data.aws_s3_bucket_policy.this'
    assert address in found.stdout
    assert address in told.stdout
    assert "aws_s3_bucket_policy" not in found.stdout.replace(address, "")
    account.roots["tenants"].apply()
    assert account.gleis("infra", "drift").returncode == 0


def test_taken_down_backwards_nothing_is_left(account: Account) -> None:
    for name in ("tenants", "cluster", "network"):
        account.roots[name].destroy()
    aws = account.aws
    bucket = account.outputs["bootstrap"]["backend_config"]["bucket"]
    last = account.roots["bootstrap"]
    (last.folder / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    last.init("-migrate-state", "-force-copy")
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
