"""A provider that knows a schema and nothing else: `serve.py SCHEMA.json NAME`.

Terraform starts it, in the environment of requirements/terraform.lock. It checks no values and
makes nothing: good for `validate`, and for `test` with `mock_provider`.
"""

# mypy: ignore-errors
# ruff: noqa: ARG002
import json
import sys

from tf.gen import tfplugin_pb2 as pb
from tf.runner import run_provider

NESTING = {"single": 1, "list": 2, "set": 3, "map": 4}


def block(found):
    attributes = [
        pb.Schema.Attribute(
            name=name,
            type=json.dumps(each["type"]).encode(),
            required=each.get("required", False),
            optional=each.get("optional", False),
            computed=each.get("computed", False),
        )
        for name, each in sorted(found["attributes"].items())
    ]
    blocks = [
        pb.Schema.NestedBlock(
            type_name=name,
            block=block(each["block"]),
            nesting=NESTING[each["nesting_mode"]],
            min_items=each["min_items"],
            max_items=each["max_items"],
        )
        for name, each in sorted(found["block_types"].items())
    ]
    return pb.Schema.Block(attributes=attributes, block_types=blocks)


class Known:
    def __init__(self, found):
        self.found = found
        self.attributes, self.block_types = [], []

    def to_pb(self):
        return pb.Schema(version=0, block=block(self.found))


def kind(name, found):
    class Kind:
        @classmethod
        def get_name(cls):
            return name

        @classmethod
        def get_schema(cls):
            return Known(found)

        def validate(self, diags, type_name, config):
            pass

    return Kind


class Provider:
    def __init__(self, name, schemas):
        self.name, self.schemas = name, schemas

    def get_model_prefix(self):
        return ""

    def full_name(self):
        return f"registry.terraform.io/hashicorp/{self.name}"

    def get_provider_schema(self, diags):
        return Known(self.schemas["provider"])

    def validate_config(self, diags, config):
        pass

    def configure_provider(self, diags, config):
        diags.add_error("this provider knows a schema only", "it makes nothing: mock it")

    def get_data_sources(self):
        return [kind(name, found) for name, found in self.schemas["data"].items()]

    def get_resources(self):
        return [kind(name, found) for name, found in self.schemas["resources"].items()]

    def get_functions(self):
        return []

    def new_resource(self, klass):
        return klass()

    new_data_source = new_function = new_resource


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as stream:
        run_provider(Provider(sys.argv[2], json.load(stream)), sys.argv[2:])
