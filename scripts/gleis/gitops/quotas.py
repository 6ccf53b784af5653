"""How the teams' quotas share the clusters: the arithmetic behind the queues.

A quota counts for an environment, and an environment may have several clusters and types of GPU.
So a team's quota is spread over them in proportion to what they hold. What does not come out even
goes to the place that it misses most in, where there is room. Every unit is placed, and no place
gives out more than it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from gleis.contract.platform import Cluster, Platform, Team

CPU = "cpu"


@dataclass(frozen=True)
class Place:
    """Where a quota can be spent: the cores (`flavor` cpu) or one type of GPU of a cluster."""

    cluster: str
    flavor: str
    capacity: int

    @property
    def what(self) -> str:
        """`cpu` or `gpu`: which part of a quota is spent here."""
        return CPU if self.flavor == CPU else "gpu"


@dataclass(frozen=True)
class Share:
    """What a team is sure of in a place (`nominal`), and what it may have there at the most."""

    nominal: int
    most: int


Shares = dict[tuple[str, str, str], Share]  # by team, cluster and flavor


def queued(platform: Platform, environment: str) -> list[Cluster]:
    """The clusters of `environment` that have queues: of Kubernetes, with a capacity."""
    return [
        each
        for each in platform.clusters
        if each.environment == environment and each.kind == "kubernetes" and each.capacity
    ]


def places(platform: Platform, environment: str) -> list[Place]:
    """Every place of `environment`, in the order of platform.yaml."""
    found = []
    for cluster in queued(platform, environment):
        assert cluster.capacity is not None
        found.append(Place(cluster.name, CPU, cluster.capacity.cpu))
        found += [
            Place(cluster.name, flavor, count) for flavor, count in cluster.capacity.gpu.items()
        ]
    return found


def objections(platform: Platform) -> list[str]:
    """Where the teams are promised more than there is; one sentence for each."""
    found = []
    for environment in _environments(platform):
        for what in (CPU, "gpu"):
            have = sum(
                place.capacity for place in places(platform, environment) if place.what == what
            )
            promised = sum(getattr(team.quota, what) for team in platform.teams)
            if promised > have:
                found.append(
                    f"platform.yaml: the teams' quotas add up to {promised} {what.upper()}, and "
                    f"the clusters of {environment} hold {have}. Lower quotas, or raise the "
                    "capacity of a cluster once it has grown"
                )
    return found


def shares(platform: Platform, environment: str) -> Shares:
    """What each team has in each place. The quotas must fit: `objections` is empty."""
    found: Shares = {}
    for what in (CPU, "gpu"):
        these = [place for place in places(platform, environment) if place.what == what]
        if these:
            found |= _spread(platform.teams, what, these)
    return found


def _environments(platform: Platform) -> list[str]:
    """Those in which all clusters say what they hold: of others nothing can be said."""
    found = []
    for environment in dict.fromkeys(each.environment for each in platform.clusters):
        clusters = [
            each
            for each in platform.clusters
            if each.environment == environment and each.kind == "kubernetes"
        ]
        if clusters and all(each.capacity for each in clusters):
            found.append(environment)
    return found


def _spread(teams: tuple[Team, ...], what: str, these: list[Place]) -> Shares:
    total = sum(place.capacity for place in these)
    exact = {
        (team.name, place): Fraction(getattr(team.quota, what) * place.capacity, total)
        for team in teams
        for place in these
    }
    nominal = {key: int(share) for key, share in exact.items()}
    for team in teams:
        left = getattr(team.quota, what) - sum(nominal[team.name, place] for place in these)
        for _ in range(left):
            room = {
                place: place.capacity - sum(nominal[each.name, place] for each in teams)
                for place in these
            }
            best = max(
                (place for place in these if room[place] > 0),
                # The first of equals: `max` keeps the order of platform.yaml.
                key=lambda place: (
                    exact[team.name, place] - nominal[team.name, place],
                    room[place],
                ),
            )
            nominal[team.name, best] += 1
    return {
        (team.name, place.cluster, place.flavor): Share(
            nominal[team.name, place], min(getattr(team.quota, what), place.capacity)
        )
        for team in teams
        for place in these
    }
