"""Handing over: keys to the server after each start, its self-test, and the extract with its checksums."""

import hashlib
import json
from datetime import timedelta

from apps.workspaces.identities import Believed, NoIdentityError, believed_in
from apps.workspaces.plans import UPSTREAM
from apps.workspaces.providers.base import Made, NotYet, ProviderRefused, ProviderUnavailable
from apps.workspaces.providers.deliveries import Delivered, delivered
from apps.workspaces.providers.scaleway.agent import Report
from apps.workspaces.providers.scaleway.buckets import CANARY, bucket_name
from apps.workspaces.providers.scaleway.errors import Invalid
from apps.workspaces.providers.scaleway.identity import api_key, key_in_vault
from apps.workspaces.providers.scaleway.machines import address_of
from apps.workspaces.providers.scaleway.resealing import finish_renewal
from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.things import Drift
from apps.workspaces.providers.scaleway.vault import (
    data_key,
    next_volume_key,
    swap_volume_key,
    volume_key_is_renewed,
    volume_keys,
)

ATTEMPTS_AT_LEAST = 20
"""A self-test that tried less than this proves nothing."""
_AT_ONCE = 64 * 1024**2
_LATER = timedelta(seconds=5)


def hand_over(site: Site) -> Made | NotYet:
    """Give the keys to the agent; a server that runs may still be far from answering. The key given is the only one:
    whatever a worker that was overtaken may have left is deleted first; and all objects are under the one key given."""
    left = finish_renewal(site)
    if isinstance(left, NotYet):
        return left
    only_key = api_key(site)
    if isinstance(only_key, NotYet):
        return only_key
    volume, next_volume = volume_keys(site)
    try:
        site.cloud.agent.hand_over(
            address_of(site),
            key=key_in_vault(site),
            objects=data_key(site, "objects"),
            volume=volume,
            next_volume=next_volume,
            gateways=gateways(site).pem,
        )
    except ProviderUnavailable as away:
        return NotYet(_LATER, f"the server runs, its agent does not answer yet: {away}")
    return Made()


def gateways(site: Site) -> Believed:
    """By which certificates the servers know the gateway. Raises ProviderRefused when there is none to tell them."""
    try:
        return believed_in(site.cloud.account.gateway_certificates)
    except NoIdentityError as problem:
        raise ProviderRefused(str(problem)) from None


def renew_volume_key(site: Site) -> Made | NotYet:
    """Have the server give its volume a new LUKS key and take the old one away; what it is asked twice is done once."""
    generation = str(site.job.generation)
    if volume_key_is_renewed(site, generation):
        return Made()
    new = next_volume_key(site)
    try:
        site.cloud.agent.renew_volume_key(address_of(site), old=data_key(site, "volume"), new=new)
    except ProviderUnavailable as away:
        return NotYet(_LATER, f"the server runs, its agent does not answer yet: {away}")
    swap_volume_key(site, generation)
    return Made()


def self_test(site: Site) -> Made | NotYet:
    """Nobody gets in unless the server itself tried to get out and could not."""
    try:
        report = site.cloud.agent.report(address_of(site))
    except ProviderUnavailable as away:
        return NotYet(_LATER, f"no report from inside yet: {away}")
    if report.escapes:
        raise ProviderRefused(f"The isolation self-test did not pass. Escaped: {', '.join(report.escapes)}.")
    if report.attempts < ATTEMPTS_AT_LEAST:
        raise ProviderRefused(f"The isolation self-test made {report.attempts} attempts only: it proves nothing.")
    if not report.sealed:
        raise ProviderRefused("A volume of the server is not encrypted.")
    if not report.answers:
        return NotYet(_LATER, "JupyterLab does not answer yet")
    facts = {"attempts": str(report.attempts), "escapes": "0", "volumes": "encrypted"}
    return Made((("isolation", f"{report.attempts} attempts, 0 escapes", facts),))


def upstream(site: Site) -> Made | NotYet:
    """Write down where the gateway reaches JupyterLab, and by which certificate it knows it: the agent says so in the
    session in which it was given its keys, and each start of the server makes a new one."""
    server = address_of(site)
    try:
        found = site.cloud.agent.application(server)
    except ProviderUnavailable as away:
        return NotYet(_LATER, f"JupyterLab is not known yet: {away}")
    address = site.cloud.account.application.format(address=server.address, port=found.port)
    return Made(((UPSTREAM, address, {"certificate": found.certificate}),))


# ---- the extract ----------------------------------------------------------------------------------------------------


def deliver(site: Site) -> Made | NotYet:
    """Copy what is not there yet, under the client's key, some megabytes at a time. What a used-up budget interrupts is
    taken up where it stood."""
    storage, key = site.cloud.storage, site.cloud.account.key
    bucket, copied = bucket_name(site, "extract"), 0
    there, files = storage.sizes(bucket, key=key), delivered(site.job.spec.data, site.job.spec.manifest)
    for name in there.keys() - files.keys() - {CANARY}:  # of the extract before an amendment
        storage.call("delete_object", key=key, Bucket=bucket, Key=name)
    for name, file in files.items():
        if there.get(name) == file.size:
            continue
        _copy(site, name, file)
        copied += file.size
        if copied >= _AT_ONCE:
            return NotYet(why="the extract is being copied")
    return Made()


def _copy(site: Site, name: str, file: Delivered) -> None:
    """Store one file in the workspace's bucket, once its bytes are those of the manifest. From an object store it comes
    through this process: the portal's key does not open what the workspace's key seals, nor the other way round."""
    bucket, sealed = bucket_name(site, "extract"), data_key(site, "objects")
    with file.checked() as path:
        site.cloud.storage.put_file(bucket, name, path, file.sha256, key=site.cloud.account.key, data_key=sealed)


def verify_delivery(site: Site) -> Made | NotYet:
    """What the server itself reads has the checksums of what was delivered, file by file: nothing is missing, and
    nothing of another extract is left, whoever put it there late. What is otherwise is put right and read again."""
    files = delivered(site.job.spec.data, site.job.spec.manifest)
    wanted = {name: file.sha256 for name, file in files.items()}
    bucket = bucket_name(site, "extract")
    try:
        read = site.cloud.agent.checksums(address_of(site), bucket)
    except ProviderUnavailable as away:
        return NotYet(_LATER, f"the server has not read the extract yet: {away}")
    wrong = sorted(name for name in wanted if read.get(name) != wanted[name])
    strange = sorted(read.keys() - wanted.keys())
    for name in wrong:
        _copy(site, name, files[name])
    for name in strange:
        site.cloud.storage.call("delete_object", key=site.cloud.account.key, Bucket=bucket, Key=name)
    if wrong or strange:
        return NotYet(_LATER, f"{len(wrong)} file(s) sent again, {len(strange)} that were not delivered removed")
    manifest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
    return Made((("delivery", manifest, {"files": str(len(wanted))}),))


def agent_drift(site: Site) -> list[Drift]:
    """What the server says of itself now: a reboot loses its keys, and an escape is the end of trust."""
    try:
        report = site.cloud.agent.report(address_of(site))
    except (ProviderUnavailable, Invalid):
        return [Drift("the server's agent does not answer, or has no keys")]
    found = [Drift(f"the server gets out: {one}", opens=True) for one in report.escapes]
    if not report.sealed:
        found.append(Drift("a volume of the server is not encrypted", opens=True))
    return [*found, *_gateway_drift(site, report)]


def _gateway_drift(site: Site, report: Report) -> list[Drift]:
    """A renewal of the gateway's certificate reaches the servers by their repair. Where there is none to tell them,
    `check` says so: the other comparisons go on."""
    try:
        is_known = report.gateways == gateways(site).sha256
    except ProviderRefused:
        return []
    return [] if is_known else [Drift("the server does not know the gateway by its certificates of today")]
