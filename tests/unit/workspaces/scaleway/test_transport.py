"""The transport over the official SDK: each refusal is a type, no secret is told, nothing leaves the region."""

import json
import logging
import pickle
import traceback
from typing import Any

import pytest
import requests
from scaleway.instance.v1 import InstanceV1API

from apps.workspaces.providers.base import Exchange, ProviderRefused, ProviderUnavailable, ProviderWaits, full_jitter
from apps.workspaces.providers.scaleway import errors, place
from apps.workspaces.providers.scaleway.account import account_from
from apps.workspaces.providers.scaleway.exchange import shown
from apps.workspaces.providers.scaleway.secrets import Hidden
from apps.workspaces.providers.scaleway.throttle import TokenBucket
from tests.support.cloud_in_process import account_of, new_world, provider_in

CANARY = "Y2FuYXJ5" + "LWRhdGE="


@pytest.mark.parametrize(
    ("status", "body", "changes", "expected"),
    [
        (400, {"type": "invalid_arguments", "details": [{"argument_name": "size"}]}, True, errors.Invalid),
        (401, {"type": "denied_authentication", "method": "api_key", "reason": "expired"}, False, errors.Denied),
        (403, {"type": "permissions_denied"}, True, errors.Denied),
        (403, {"type": "quotas_exceeded"}, True, errors.Full),
        (404, {"type": "not_found", "resource": "server"}, False, errors.Absent),
        (404, None, False, errors.Absent),
        (409, {"type": "transient_state", "current_state": "starting"}, True, errors.Busy),
        (409, {"type": "precondition_failed", "precondition": "resource_still_in_use"}, True, errors.Busy),
        (412, {"type": "precondition_failed", "precondition": "resource_not_usable"}, True, errors.Busy),
        (412, {"type": "precondition_failed", "precondition": "protected_resource"}, True, errors.Invalid),
        (429, None, True, errors.Throttled),
        (500, {"type": "internal_error"}, True, errors.Unknown),
        (502, "<html><body>502</body></html>", False, errors.Away),
        (503, {"type": "out_of_stock", "resource": "L4-1-24G"}, True, errors.Full),
        (503, None, False, errors.Away),
        (408, None, True, errors.Unknown),
    ],
)
def test_each_recorded_shape_of_refusal_is_a_type(status: int, body: Any, changes: bool, expected: type) -> None:
    content = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()

    raised = errors.refusal("POST /x", status, content, changes=changes)

    assert type(raised) is expected
    assert str(status) in str(raised)
    assert "html" not in str(raised)


def test_what_may_be_retried_waited_for_or_needs_a_person_follows_from_the_type() -> None:
    for kind in (errors.Absent, errors.Busy, errors.Throttled, errors.Away, errors.Unknown, errors.Exists):
        assert issubclass(kind, ProviderUnavailable)
    assert issubclass(errors.Full, ProviderWaits)
    assert issubclass(errors.Denied, ProviderRefused)
    assert issubclass(errors.Invalid, ProviderRefused)


@pytest.mark.parametrize("answer", ["empty", "truncated", "gateway_html", "reset_before", "reset_after", "slow"])
def test_a_change_without_a_readable_answer_is_unknown_and_was_asked_once(answer: str) -> None:
    world = new_world()
    provider = provider_in(world)
    world.faults.add(operation="account.create_project", answer=answer, times=None)

    with pytest.raises(errors.Unknown):
        provider.cloud.projects.create_project(name="hdh-x", description="")

    asked = [row for row in world.ledger.latest() if row["operation"] == "account.create_project"]
    assert len(asked) == 1


@pytest.mark.parametrize("answer", ["empty", "truncated", "gateway_html", "reset_after", "slow", "unavailable"])
def test_a_read_without_a_readable_answer_says_that_the_cloud_is_away(answer: str) -> None:
    world = new_world()
    provider = provider_in(world)
    world.faults.add(operation="account.list_projects", answer=answer)

    with pytest.raises(errors.Away):
        provider.cloud.projects.list_projects_all()


def test_object_storage_raises_the_same_types() -> None:
    world = new_world()
    storage, key = provider_in(world).cloud.storage, provider_in(world).cloud.account.key

    with pytest.raises(errors.Absent):
        storage.call("head_bucket", key=key, Bucket="hdh-nobody")
    world.faults.add(operation="s3.create_bucket", answer="reset_after")
    with pytest.raises(errors.Unknown):
        storage.call("create_bucket", key=key, Bucket="hdh-ours")
    with pytest.raises(errors.Exists):
        storage.call("create_bucket", key=key, Bucket="hdh-ours")


def test_nothing_is_changed_outside_of_the_region_and_reads_may_look_there() -> None:
    world = new_world()
    instance: InstanceV1API = provider_in(world).cloud.instance
    before = world.ledger.count()

    with pytest.raises(ProviderRefused, match="nothing was sent"):
        instance.create_security_group(description="", stateful=True, zone="nl-ams-1")

    assert world.ledger.count() == before
    assert instance.list_servers_all(zone="nl-ams-1") == []


@pytest.mark.parametrize("zone", ["nl-ams-1", "pl-waw-2", "us-east-1"])
def test_settings_of_another_region_are_refused(zone: str) -> None:
    with pytest.raises(ProviderRefused, match="fr-par"):
        account_of(new_world(), zone=zone)
    assert not place.is_allowed(zone)


def test_storage_of_another_region_is_refused() -> None:
    with pytest.raises(ProviderRefused, match="fr-par"):
        provider_in(new_world(), storage="https://s3.nl-ams.scw.cloud")


def test_an_account_that_is_not_set_names_what_is_missing() -> None:
    with pytest.raises(ProviderRefused, match=r"HDH_SCALEWAY_SECRET_KEY.*HDH_SCALEWAY_HUB_VPC"):
        account_from({"access_key": "SCW"})


def test_the_budget_of_requests_never_waits_and_says_for_how_long_to_stay_away() -> None:
    now = [0.0]
    budget = TokenBucket(2.0, 3, lambda: now[0])

    assert [budget.take() for _ in range(3)] == [0, 0, 0]
    assert budget.take() == pytest.approx(0.5)
    now[0] = 0.6
    assert budget.take() == 0


def test_a_sweep_waits_for_its_tokens_and_no_longer_than_it_lasts() -> None:
    now = [0.0]
    budget = TokenBucket(2.0, 1, lambda: now[0], lambda seconds: now.__setitem__(0, now[0] + seconds))
    with budget.patiently():
        assert [budget.take() for _ in range(5)] == [0.0] * 5
    assert now == [2.0]
    assert budget.take() == 0.5


def test_a_used_up_budget_is_throttling_and_nothing_is_sent() -> None:
    world = new_world()
    provider = provider_in(world, rate="0.0001")
    before = world.ledger.count()

    with pytest.raises(errors.Throttled):
        for _ in range(100):
            provider.cloud.projects.list_projects()

    assert world.ledger.count() == before + provider.cloud.account.burst


@pytest.mark.parametrize(("failures", "highest"), [(0, 1), (1, 2), (5, 32), (6, 60), (50, 60)])
def test_back_off_is_drawn_from_the_whole_range(failures: int, highest: float) -> None:
    assert full_jitter(failures, lambda low, high: high).total_seconds() == highest
    assert full_jitter(failures, lambda low, high: low).total_seconds() == 0


# ---- canaries -------------------------------------------------------------------------------------------------------


def test_a_hidden_text_prints_and_stores_nothing() -> None:
    secret = Hidden("canary-5f2d")

    assert "canary" not in f"{secret} {secret!r} {[secret]} {vars if secret else ''}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize("answer", ["denied", "truncated", "gateway_html", "reset_after", "internal_error", "empty"])
def test_no_key_is_in_any_exception_log_or_exchange(answer: str, caplog: pytest.LogCaptureFixture) -> None:
    """Given the portal's own key as a canary, whatever goes wrong it is nowhere: message, traceback, log, exchange."""
    caplog.set_level(logging.DEBUG)
    world = new_world()
    provider, heard = provider_in(world), list[Exchange]()
    provider.cloud.listen(heard.append)
    world.faults.add(operation="*", answer=answer, times=None)
    said = []

    for ask in (
        provider.cloud.projects.list_projects,
        lambda: provider.cloud.secrets.create_secret_version(secret_id="x", data=CANARY),
        lambda: provider.cloud.storage.call("list_buckets", key=provider.cloud.account.key),
    ):
        try:
            ask()
        except (ProviderRefused, ProviderUnavailable) as error:
            said.append("".join(traceback.format_exception(error)) + repr(error))

    everything = "".join(said) + repr(heard) + caplog.text + repr(provider.cloud.account)
    assert said
    assert world.secret_key not in everything
    assert world.hub["stranger_secret_key"] not in everything
    assert CANARY not in everything


def test_an_answer_shows_known_fields_only() -> None:
    body = {"id": "1", "secret_key": "canary", "items": [{"state": "running", "data": "canary"}], "token": "canary"}

    assert json.loads(shown(json.dumps(body).encode())) == {"id": "1", "items": [{"state": "running"}]}
    assert shown(b"<html>canary</html>") == ""


def test_proxies_and_credentials_of_the_machine_are_not_used() -> None:
    from apps.workspaces.providers.scaleway.transport import new_session

    assert isinstance(new_session(), requests.Session)
    assert new_session().trust_env is False
