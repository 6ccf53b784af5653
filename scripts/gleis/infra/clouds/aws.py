"""Prices of what is planned on Amazon's cloud: Linux, on demand, without discounts and taxes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gleis.infra.clouds import Amount, Pricer, Resource, Unpriced, block
from gleis.infra.estimate import Span

PREFIX = "aws_"

_ARN = re.compile(r"arn:[^:]+:[^:]*:([a-z]{2}(?:-[a-z]+)+-\d):")
_ZONE = re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d)[a-z]")
# What is in the price of a gp3 volume (https://aws.eu/ebs/pricing, read in November 2026).
_INCLUDED_IOPS = 3000
_INCLUDED_MB_PER_SECOND = 125
_DEFAULT_NODE_DISK_GB = 20  # of EKS, Linux: API reference of CreateNodegroup, diskSize
_MOST_ZONES = 3  # that the module network spans


def region(values: Mapping[str, Any]) -> str:
    """Where a resource is, as far as its own values tell; empty where they do not."""
    given = values.get("region")
    if isinstance(given, str) and given:
        return given
    for name, pattern in (("availability_zone", _ZONE), ("arn", _ARN)):
        value = values.get(name)
        match = pattern.match(value) if isinstance(value, str) else None
        if match:
            return match[1]
    return ""


def _instance(resource: Resource) -> Amount:
    values = resource.values
    market = block(values, "instance_market_options").get("market_type")
    computing = _computing(resource, str(values.get("instance_type")), _capacity(market))
    disks = _disks(resource, [values.get("root_block_device"), values.get("ebs_block_device")])
    return computing + disks


def _node_group(resource: Resource) -> Amount:
    values = resource.values
    size = block(values, "scaling_config")
    low, high = size.get("min_size"), size.get("max_size")
    if low is None or high is None:
        raise Unpriced("a pool whose size is not known yet")
    templates = resource.referenced("aws_launch_template")
    types = [str(each) for each in values.get("instance_types") or ()]
    types = types or [str(each["instance_type"]) for each in templates if each.get("instance_type")]
    if not types:
        raise Unpriced("a pool whose instance type is not known")
    capacity = str(values.get("capacity_type") or "ON_DEMAND")
    kinds = [_computing(resource, each, capacity) for each in types]
    mappings = [each.get("block_device_mappings") for each in templates]
    if any(mappings):
        disk = _disks(resource, [device.get("ebs") for each in mappings for device in each or ()])
    else:
        gb = float(values.get("disk_size") or _DEFAULT_NODE_DISK_GB)
        disk = Amount(_volume(resource, "gp3", gb), (f"a gp3 disk of {gb:g} GB for each node",))
    cheapest = min(each.span.low for each in kinds) + disk.span.low
    dearest = max(each.span.high for each in kinds) + disk.span.high
    notes = [note for each in kinds for note in each.notes]
    notes.append(f"{low} to {high} node(s) of {' or '.join(types)}")
    return Amount(Span(cheapest * low, dearest * high), (*dict.fromkeys(notes), *disk.notes))


def _scaling_group(resource: Resource) -> Amount:
    values = resource.values
    low, high = values.get("min_size"), values.get("max_size")
    if low is None or high is None:
        raise Unpriced("a group whose size is not known yet")
    templates = resource.referenced("aws_launch_template")
    types = [str(each["instance_type"]) for each in templates if each.get("instance_type")]
    if len(types) != 1 or values.get("mixed_instances_policy"):
        raise Unpriced("a group of mixed or unknown instance types")
    market = block(templates[0], "instance_market_options").get("market_type")
    node = _computing(resource, types[0], _capacity(market))
    devices = templates[0].get("block_device_mappings") or ()
    node += _disks(resource, [device.get("ebs") for device in devices])
    span = Span(node.span.low * low, node.span.high * high)
    return Amount(span, (*node.notes, f"{low} to {high} instance(s) of {types[0]}"))


def _capacity(market: Any) -> str:
    return {"spot": "SPOT", "capacity-block": "CAPACITY_BLOCK"}.get(str(market), "ON_DEMAND")


def _computing(resource: Resource, type: str, capacity: str) -> Amount:
    """One instance for a month. Spot has a price of the moment: a part of the full one is taken."""
    if capacity == "CAPACITY_BLOCK":
        raise Unpriced(f"reserved capacity of {type}")
    full = resource.monthly("instance-hour", type)
    if capacity != "SPOT":
        return Amount(Span(full, full))
    factor = resource.assumed("spotFactor")
    note = f"spot at {factor:g} of the price on demand"
    return Amount(Span(full * factor, full * factor), (note,))


def _disks(resource: Resource, groups: list[Any]) -> Amount:
    """Disks that are made with an instance: lists of blocks, or lists of lists of them."""
    total, notes = Amount(Span()), []
    for group in groups:
        for each in group if isinstance(group, list) else ():
            gb = each.get("volume_size")
            if gb is None:
                notes.append("a disk of the image's own size is in no sum")
                continue
            kind = str(each.get("volume_type") or "gp3")
            total += Amount(_volume(resource, kind, float(gb), each.get("iops")))
            if float(each.get("throughput") or 0) > _INCLUDED_MB_PER_SECOND:
                notes.append("throughput of disks above 125 MB/s is in no sum")
    return Amount(total.span, tuple(dict.fromkeys(notes)))


def _volume(resource: Resource, kind: str, gb: float, iops: Any = None) -> Span:
    cost = resource.price("disk-gb-month", kind) * gb
    if kind == "gp3" and float(iops or 0) > _INCLUDED_IOPS:
        cost += resource.price("disk-iops-month", kind) * (float(iops) - _INCLUDED_IOPS)
    elif kind.startswith("io"):
        raise Unpriced(f"a disk of {kind}, whose operations have no price here")
    return Span(cost, cost)


def _disk(resource: Resource) -> Amount:
    values = resource.values
    size = values.get("size")
    if size is None:
        raise Unpriced("a disk whose size is not known yet")
    one = {**values, "volume_size": size, "volume_type": values.get("type") or "gp2"}
    return _disks(resource, [[one]])


def _nat(resource: Resource) -> Amount:
    if resource.values.get("connectivity_type") == "private":
        raise Unpriced("a private NAT gateway")
    gb = resource.assumed("natGb")
    cost = resource.monthly("nat-hour", "public") + resource.price("nat-gb", "public") * gb
    return Amount(Span(cost, cost), (f"{gb:g} GB through it",))


def _address(resource: Resource) -> Amount:
    cost = resource.monthly("address-hour", "ipv4")
    return Amount(Span(cost, cost))


def _endpoint(resource: Resource) -> Amount:
    kind = resource.values.get("vpc_endpoint_type") or "Gateway"
    if kind == "Gateway":
        return Amount(Span())
    if kind != "Interface":
        raise Unpriced(f"an endpoint of the kind {kind}")
    gb = resource.assumed("endpointGb")
    traffic = resource.price("endpoint-gb", "interface") * gb
    notes = [f"{gb:g} GB through it"]
    zones = len(resource.values.get("subnet_ids") or ())
    low, high = zones or 1, zones or 1
    if resource.unknown("subnet_ids"):
        low, high = 1, _MOST_ZONES
        notes.append("in 1 to 3 zones, which are not known yet")
    hour = resource.monthly("endpoint-hour", "interface")
    return Amount(Span(hour * low + traffic, hour * high + traffic), tuple(notes))


def _cluster(resource: Resource) -> Amount:
    cost = resource.monthly("cluster-hour", "standard")
    return Amount(Span(cost, cost), ("a Kubernetes version in standard support",))


def _key(resource: Resource) -> Amount:
    cost = resource.price("key-month", "key")
    return Amount(Span(cost, cost), ("without requests and older versions of the key",))


def _bucket(resource: Resource) -> Amount:
    return _stored(resource, "objectGb", "object-gb-month", "standard")


def _images(resource: Resource) -> Amount:
    return _stored(resource, "registryGb", "registry-gb-month", "private")


def _logs(resource: Resource) -> Amount:
    return _stored(resource, "logGb", "log-gb", "ingested")


def _stored(resource: Resource, assumption: str, group: str, kind: str) -> Amount:
    gb = resource.assumed(assumption)
    cost = resource.price(group, kind) * gb
    return Amount(Span(cost, cost), (f"{gb:g} GB, without requests",))


def _dashboard(resource: Resource) -> Amount:
    cost = resource.price("dashboard-month", "dashboard")
    return Amount(Span(cost, cost))


def _alarm(resource: Resource) -> Amount:
    cost = resource.price("alarm-month", "standard")
    return Amount(Span(cost, cost))


def _database(resource: Resource) -> Amount:
    values = resource.values
    engine, copies = values.get("engine"), 2 if values.get("multi_az") else 1
    computing = resource.monthly("database-hour", f"{engine}/{values.get('instance_class')}")
    storage = resource.price("database-gb-month", f"{engine}/{values.get('storage_type')}")
    low = float(values.get("allocated_storage") or 0)
    high = max(low, float(values.get("max_allocated_storage") or 0))
    notes = [f"{low:g} to {high:g} GB"] if high > low else []
    notes += ["in two zones"] if copies > 1 else []
    spans = [copies * (computing + storage * gb) for gb in (low, high)]
    return Amount(Span(*spans), tuple(notes))


def _search(resource: Resource) -> Amount:
    values = resource.values
    nodes = block(values, "cluster_config")
    count = int(nodes.get("instance_count") or 1)
    cost = resource.monthly("search-hour", str(nodes.get("instance_type")), count)
    if nodes.get("dedicated_master_enabled"):
        leaders = int(nodes.get("dedicated_master_count") or 0)
        kind = str(nodes.get("dedicated_master_type"))
        cost += resource.monthly("search-hour", kind, leaders)
    disk = block(values, "ebs_options")
    if disk.get("ebs_enabled"):
        price = resource.price("search-gb-month", str(disk.get("volume_type")))
        cost += price * float(disk.get("volume_size") or 0) * count
    return Amount(Span(cost, cost))


PRICED: Mapping[str, Pricer] = {
    "aws_autoscaling_group": _scaling_group,
    "aws_cloudwatch_dashboard": _dashboard,
    "aws_cloudwatch_log_group": _logs,
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_db_instance": _database,
    "aws_ebs_volume": _disk,
    "aws_ecr_repository": _images,
    "aws_eip": _address,
    "aws_eks_cluster": _cluster,
    "aws_eks_node_group": _node_group,
    "aws_instance": _instance,
    "aws_kms_key": _key,
    "aws_nat_gateway": _nat,
    "aws_opensearch_domain": _search,
    "aws_s3_bucket": _bucket,
    "aws_vpc_endpoint": _endpoint,
}
