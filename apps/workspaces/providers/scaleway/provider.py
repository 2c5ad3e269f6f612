"""Provider `scaleway`: each step of the plan is a function of the site; this is the list of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from apps.workspaces.identities import NoIdentityError, believed_in
from apps.workspaces.plans import THINGS, UPSTREAM
from apps.workspaces.providers.base import (
    Difference,
    Job,
    Look,
    Looked,
    Made,
    NotYet,
    Observation,
    Offer,
    Problem,
    ProviderRefused,
    ProviderUnavailable,
    RunState,
    Testimony,
    Usage,
)
from apps.workspaces.providers.scaleway import (
    base_parts,
    buckets,
    delivery,
    identity,
    machines,
    network,
    openings,
    resealing,
    vault,
    wrapping,
)
from apps.workspaces.providers.scaleway import preflight as before
from apps.workspaces.providers.scaleway import strays as stray
from apps.workspaces.providers.scaleway import survey as surveys
from apps.workspaces.providers.scaleway.site import PREFIX, Cloud, Site, workspace_of
from apps.workspaces.providers.scaleway.things import Thing, ensure, remove

RENEW_GATEWAY_BEFORE = timedelta(days=30)
Make = Callable[[Site], Made | NotYet]

_ALL: tuple[Thing, ...] = (
    base_parts.Project(),
    base_parts.Key(),
    network.Vpc(),
    network.Network(),
    network.Connector("connector"),
    network.Connector("connector_back"),
    network.SecurityGroup(),
    *(buckets.Bucket(purpose) for purpose in buckets.PURPOSES),
    identity.App(),
    identity.Rights(),
    base_parts.Vault(),
    machines.Volume(),
    machines.Machine(),
    machines.Nic(),
)
BY_KIND: Mapping[str, Thing] = {thing.kind: thing for thing in _ALL}

_STATES = {
    "running": RunState.RUNNING,
    "starting": RunState.STARTING,
    "stopping": RunState.STARTING,
    "stopped": RunState.STOPPED,
    "stopped in place": RunState.STOPPED,
    "locked": RunState.BROKEN,
}

MAKE: Mapping[str, Make] = {
    **{kind: partial(ensure, BY_KIND[kind]) for kind in THINGS},
    **{f"remove_{kind}": partial(remove, BY_KIND[kind]) for kind in THINGS},
    "preflight": before.preflight,
    "key_material": vault.key_material,
    "data_keys": vault.data_keys,
    "acl": openings.acl,
    "object_access": openings.object_access,
    "api_key": identity.api_key,
    "bucket_policies": buckets.bucket_policies,
    "bucket_canaries": buckets.bucket_canaries,
    "attach": machines.attach,
    "user_data": machines.user_data,
    "power_on": machines.power_on,
    "power_off": machines.power_off,
    "hand_over": delivery.hand_over,
    "cloud_self_test": delivery.self_test,
    UPSTREAM: delivery.upstream,
    "deliver": delivery.deliver,
    "verify_delivery": delivery.verify_delivery,
    "remove_api_keys": identity.remove_api_keys,
    "disable_key": vault.disable_key,
    "shred_key": wrapping.shred_key,
    "change_type": machines.change_type,
    "renew_api_key": lambda site: identity.api_key(site, generation=str(site.job.generation)),
    "next_key": wrapping.next_key,
    "next_key_material": wrapping.next_key_material,
    "rewrap_keys": wrapping.rewrap_keys,
    "shred_former_key": wrapping.shred_former_key,
    "renew_object_key": resealing.renew_object_key,
    "renew_volume_key": delivery.renew_volume_key,
}


class ScalewayProvider:
    """Workspaces in Scaleway's Paris region."""

    name = "scaleway"

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def now(self) -> datetime:
        return self.cloud.now()

    def check(self) -> tuple[Problem, ...]:
        """Whether the account answers, and the hub stands where it should."""
        try:
            vpc = self.cloud.vpc.get_vpc(vpc_id=self.cloud.account.hub_vpc)
            self.cloud.projects.get_project(project_id=self.cloud.account.hub_project)
        except (ProviderUnavailable, ProviderRefused) as error:
            fix = "Look at the HDH_SCALEWAY_ settings of this process (docs/scaleway.md)."
            return (Problem("account", f"The account does not answer as it should: {error}.", fix),)
        if problem := self._gateway_problem():
            return (problem,)
        if vpc.project_id != self.cloud.account.hub_project:
            return (Problem("hub", "The hub's VPC is not in the hub's project.", "Apply the landing zone again."),)
        return ()

    def _gateway_problem(self) -> Problem | None:
        fix = "Renew it: manage.py gateway_identity --renew, in the zone gateway (docs/scaleway.md)."
        try:
            until = believed_in(self.cloud.account.gateway_certificates).until
        except NoIdentityError as problem:
            return Problem("gateway", str(problem), fix)
        if until - datetime.now(UTC) > RENEW_GATEWAY_BEFORE:
            return None
        return Problem("gateway", f"The gateway's certificate ends on {until:%d/%m/%Y}.", fix)

    def perform(self, step: str, job: Job) -> Made | NotYet:
        """Make a step; its exchanges go into the job's notebook. Raises KeyError for a name of no plan."""
        self.cloud.listen(job.notebook.heard, job.notebook.still_mine)
        try:
            return MAKE[step](Site(self.cloud, job))
        finally:
            self.cloud.listen(lambda exchange: None)

    def observe(self, workspace_id: UUID) -> Observation:
        """What the server is doing, found by its tag."""
        found = self.cloud.instance.list_servers_all(tags=[f"{PREFIX}{workspace_id.hex}"])
        mine = [one for one in found if f"{PREFIX}{workspace_id.hex}" in one.tags]
        if not mine:
            return Observation(RunState.STOPPED if self._has_project(workspace_id) else RunState.ABSENT)
        states = [_STATES.get(str(one.state), RunState.BROKEN) for one in mine]
        state = RunState.RUNNING if RunState.RUNNING in states else states[0]
        return Observation(state, facts={"servers": str(len(mine)), "type": mine[0].commercial_type})

    def _has_project(self, workspace_id: UUID) -> bool:
        name = f"{PREFIX}{workspace_id.hex}"
        return any(one.name == name for one in self.cloud.projects.list_projects_all(name=name))

    def survey(self, job: Job) -> tuple[Difference, ...]:
        self.cloud.listen(job.notebook.heard)
        with self.cloud.transport.budget.patiently():
            return surveys.survey(_ALL, Site(self.cloud, job))

    def looks(self) -> tuple[Look, ...]:
        return stray.looks(self.cloud)

    def strays(self, known: Iterable[UUID], looks: Iterable[Look]) -> Iterator[Looked]:
        with self.cloud.transport.budget.patiently():
            yield from stray.strays(self.cloud, known, looks)

    def testify(self, job: Job) -> tuple[Testimony, ...]:
        self.cloud.listen(job.notebook.heard)
        return surveys.testify(_ALL, Site(self.cloud, job))

    def discard(self, job: Job, difference: Difference) -> None:
        surveys.discard(_ALL, Site(self.cloud, job), difference)

    def usage(self, workspace_id: UUID) -> Usage:
        """The API knows sizes, not use: what the server uses is the agent's to say."""
        return Usage(None, None, machines.DATA_SIZE if self._has_project(workspace_id) else 0)

    def idle(self, job: Job) -> timedelta | None:
        self.cloud.listen(job.notebook.heard)
        report = self.cloud.agent.report(machines.address_of(Site(self.cloud, job)))
        return timedelta(seconds=report.idle_seconds)

    def list_all(self) -> tuple[UUID, ...]:
        found = (workspace_of(one.name) for one in self.cloud.projects.list_projects_all(name=PREFIX))
        return tuple(one for one in found if one is not None)

    def offers(self) -> tuple[Offer, ...]:
        with self.cloud.transport.budget.patiently():
            return before.offers(self.cloud)
