"""AWS on loopback: moto's server, and the parts of EKS and Budgets that it lacks.

`moto_server.py PORT REGION`, in the environment of requirements/terraform.lock. What stands here
keeps what it is sent and gives it back: enough to see what Terraform sends, no more than that.
LACKING in aws.py names it, so that the summary of a run can say what moto did not keep.
"""

# mypy: ignore-errors
import io
import json
import re
import sys
import threading
import time
import uuid
from urllib.parse import unquote

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple
from werkzeug.wrappers import Request, Response

_CLUSTER = re.compile(r"^/clusters/(?P<cluster>[^/]+)/(?P<rest>(addons|access-entries|"
                      r"pod-identity-associations|updates)(/.*)?)$")  # fmt: skip


class Lacking:
    """Four kinds of things of EKS, by cluster, in memory."""

    def __init__(self, account, region):
        self.account, self.region = account, region
        self.kept = {}  # (kind, cluster, name) => what was sent, and what the service adds
        self.tokens = {}  # the same => the token of the request that made it
        self.lock = threading.Lock()

    def answer(self, method, path, sent):
        """Status and body; None when moto knows more about it."""
        found = _CLUSTER.match(path)
        if found is None:
            if path == "/2021-01-01/opensearch/compatibleVersions":
                return 200, {"CompatibleVersions": []}
            return None
        cluster = found["cluster"]
        parts = [unquote(part) for part in found["rest"].split("/")]
        with self.lock:
            if parts[0] == "updates":
                return 200, {"update": {"id": parts[1], "status": "Successful"}}
            handler = getattr(self, "_" + parts[0].replace("-", "_"))
            return handler(method, cluster, parts[1:], sent)

    def _arn(self, what, cluster, name):
        return f"arn:aws:eks:{self.region}:{self.account}:{what}/{cluster}/{name}"

    def _lifecycle(self, kind, method, cluster, name, word, listed):
        """List, read, delete: the same for all of them."""
        if name is None:
            names = [each for found, at, each in self.kept if (found, at) == (kind, cluster)]
            return 200, {listed: [self.kept[kind, cluster, each] for each in names]}
        item = self.kept.get((kind, cluster, name))
        if item is None:
            return 404, {"__type": "ResourceNotFoundException", "message": f"No {kind}: {name}"}
        if method == "DELETE":
            del self.kept[kind, cluster, name]
        return 200, {word: item}

    def _made(self, kind, cluster, name, item, token):
        """What is refused: a second one of the name, unless it is the same request once more."""
        if (kind, cluster, name) in self.kept and self.tokens.get((kind, cluster, name)) != token:
            return {"__type": "ResourceInUseException", "message": f"{kind} {name} exists"}
        self.tokens[kind, cluster, name] = token
        now = int(time.time())
        item |= {"clusterName": cluster, "createdAt": now, "modifiedAt": now}
        self.kept[kind, cluster, name] = item
        return None

    def _addons(self, method, cluster, names, sent):
        if method == "POST" and not names:
            name = sent["addonName"]
            item = {
                "addonName": name,
                "addonArn": self._arn("addon", cluster, name),
                "addonVersion": sent.get("addonVersion", "v1.0.0-eksbuild.1"),
                "status": "ACTIVE",
                "health": {"issues": []},
                "tags": sent.get("tags", {}),
            }
            refused = self._made("addon", cluster, name, item, sent.get("clientRequestToken"))
            if refused:
                return 409, refused
            pods = [
                self._pod(cluster, {**each, "namespace": "kube-system"})["associationArn"]
                for each in sent.get("podIdentityAssociations", [])
            ]
            item["podIdentityAssociations"] = pods
            return 200, {"addon": item}
        if names[1:] == ["update"]:
            return 200, {"update": {"id": str(uuid.uuid4()), "status": "Successful"}}
        if method == "DELETE" and ("addon", cluster, names[0]) in self.kept:
            for arn in self.kept["addon", cluster, names[0]]["podIdentityAssociations"]:
                self.kept.pop(("pod", cluster, arn.rpartition("/")[2]), None)
        return self._lifecycle("addon", method, cluster, names[0] if names else None, "addon",
                               "addons")  # fmt: skip

    def _pod(self, cluster, sent):
        name = "a-" + uuid.uuid4().hex[:17]
        item = {
            "associationArn": self._arn("podidentityassociation", cluster, name),
            "associationId": name,
            "namespace": sent["namespace"],
            "serviceAccount": sent["serviceAccount"],
            "roleArn": sent["roleArn"],
            "tags": sent.get("tags", {}),
        }
        self._made("pod", cluster, name, item, None)
        return item

    def _pod_identity_associations(self, method, cluster, names, sent):
        if method == "POST" and not names:
            return 200, {"association": self._pod(cluster, sent)}
        if method == "POST":
            self.kept["pod", cluster, names[0]]["roleArn"] = sent["roleArn"]
        return self._lifecycle("pod", method, cluster, names[0] if names else None, "association",
                               "associations")  # fmt: skip

    def _access_entries(self, method, cluster, names, sent):
        if method == "POST" and not names:
            name = sent["principalArn"]
            item = {
                "principalArn": name,
                "accessEntryArn": self._arn("access-entry", cluster, name.rpartition(":")[2]),
                "kubernetesGroups": sent.get("kubernetesGroups", []),
                "type": sent.get("type", "STANDARD"),
                "username": sent.get("username", name),
                "tags": sent.get("tags", {}),
            }
            refused = self._made("entry", cluster, name, item, sent.get("clientRequestToken"))
            return (409, refused) if refused else (200, {"accessEntry": item})
        if len(names) > 1 and names[1] == "access-policies":
            return self._policies(method, cluster, names, sent)
        return self._lifecycle("entry", method, cluster, names[0] if names else None, "accessEntry",
                               "accessEntries")  # fmt: skip

    def _policies(self, method, cluster, names, sent):
        entry = names[0]
        rights = self.kept.setdefault(("rights", cluster, entry), {})
        if method == "POST":
            rights[sent["policyArn"]] = {**sent, "associatedAt": int(time.time())}
            return 200, {"clusterName": cluster, "principalArn": entry,
                         "associatedAccessPolicy": rights[sent["policyArn"]]}  # fmt: skip
        if method == "DELETE":
            rights.pop(names[2], None)
        return 200, {"clusterName": cluster, "principalArn": entry,
                     "associatedAccessPolicies": list(rights.values())}  # fmt: skip


class Budgets:
    """Who is told about a budget, and its tags: moto keeps the budget and forgets these."""

    def __init__(self):
        self.told = {}  # (budget, threshold's words) => who is told
        self.tags = {}  # budget => what it was given

    @staticmethod
    def _key(budget, notification):
        return budget, json.dumps({**notification, "NotificationState": ""}, sort_keys=True)

    def answer(self, action, sent):
        """What moto cannot answer; None for what it can, after a look at what is in it."""
        if action == "CreateBudget":
            name = sent["Budget"]["BudgetName"]
            self.tags[name] = sent.get("ResourceTags", [])
            for each in sent.get("NotificationsWithSubscribers", []):
                self.told[self._key(name, each["Notification"])] = each["Subscribers"]
        if action == "CreateNotification":
            key = self._key(sent["BudgetName"], sent["Notification"])
            self.told[key] = sent["Subscribers"]
        if action == "DescribeSubscribersForNotification":
            key = self._key(sent["BudgetName"], sent["Notification"])
            return {"Subscribers": self.told.get(key, [])}
        if action == "ListTagsForResource":
            name = sent["ResourceARN"].rpartition("/")[2]
            return {"ResourceTags": self.tags.get(name, [])}
        return None


def without_conditions():
    """Let moto forget the statements of a bucket's policy that hold under a condition only.

    It evaluates no condition: to it `deny without TLS` is `deny`, and no state could be written.
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket

    def get_permission(self, action, resource):
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        policy["Statement"] = [each for each in policy["Statement"] if "Condition" not in each]
        return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)

    FakeBucket.get_permission = get_permission


def with_security_group():
    """Let a cluster of moto make a security group of its own, as EKS does, and take it along."""
    from moto.ec2.models import ec2_backends
    from moto.eks.models import EKSBackend

    create, delete = EKSBackend.create_cluster, EKSBackend.delete_cluster

    def create_cluster(self, name, role_arn, resources_vpc_config, *args, **kwargs):
        ec2 = ec2_backends[self.account_id][self.region_name]
        subnet = ec2.get_subnet(resources_vpc_config["subnetIds"][0])
        group = ec2.create_security_group(f"eks-cluster-sg-{name}", "Made by EKS", subnet.vpc_id)
        own = {"clusterSecurityGroupId": group.id, "vpcId": subnet.vpc_id}
        return create(self, name, role_arn, {**resources_vpc_config, **own}, *args, **kwargs)

    def delete_cluster(self, name):
        cluster = delete(self, name)
        ec2 = ec2_backends[self.account_id][self.region_name]
        ec2.delete_security_group(group_id=cluster.resources_vpc_config["clusterSecurityGroupId"])
        return cluster

    EKSBackend.create_cluster, EKSBackend.delete_cluster = create_cluster, delete_cluster


def main():
    from moto.core import DEFAULT_ACCOUNT_ID

    without_conditions()
    with_security_group()
    moto = DomainDispatcherApplication(create_backend_app)
    lacking = Lacking(DEFAULT_ACCOUNT_ID, sys.argv[2])
    budgets = Budgets()

    def served(environ, start_response):
        # RAW_URI keeps %2F, which parts an ARN's slashes from those of the path.
        path = environ.get("RAW_URI", environ["PATH_INFO"]).partition("?")[0]
        request = Request(environ)
        if _CLUSTER.match(path) or path.startswith("/2021-01-01/opensearch/compatible"):
            sent = json.loads(request.get_data() or b"{}")
            status, body = lacking.answer(request.method, path, sent)
            response = Response(json.dumps(body), status, content_type="application/json")
            if "__type" in body:
                response.headers["x-amzn-ErrorType"] = body["__type"]
            return response(environ, start_response)
        service, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        if service == "AWSBudgetServiceGateway":
            sent = request.get_data()
            environ["wsgi.input"] = io.BytesIO(sent)  # it was read, and moto reads it again
            body = budgets.answer(action, json.loads(sent))
            if body is not None:
                return Response(json.dumps(body), 200)(environ, start_response)
        return moto(environ, start_response)

    run_simple("127.0.0.1", int(sys.argv[1]), served, threaded=True,
               request_handler=MotoRequestHandler)  # fmt: skip


if __name__ == "__main__":
    main()
