"""Putting the cloud together from an account: one pool of connections and one budget for everything."""

from collections.abc import Callable
from datetime import datetime

import requests

from apps.workspaces.providers.scaleway.account import Account
from apps.workspaces.providers.scaleway.agent import Agent
from apps.workspaces.providers.scaleway.site import Cloud
from apps.workspaces.providers.scaleway.storage import Prepare, Storage
from apps.workspaces.providers.scaleway.throttle import TokenBucket
from apps.workspaces.providers.scaleway.transport import Transport, new_session


def cloud_of(
    account: Account,
    *,
    now: Callable[[], datetime],
    session: requests.Session | None = None,
    prepare: Prepare = lambda client: None,
) -> Cloud:
    """The cloud of an account; tests give a session and prepare boto3's clients so that no socket is needed."""
    used, budget = session or new_session(), TokenBucket(account.rate, account.burst)
    return Cloud(
        account,
        Transport(account, session=used, budget=budget),
        Storage(account, budget=budget, prepare=prepare),
        Agent(account, session=used),
        now,
    )
