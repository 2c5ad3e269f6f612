"""What each process of the stack may know: its environment, by zone.

A break-in into one zone must not give the others: the web process knows neither where the SNDS copy is nor the
pseudonymisation keys, the gateway knows workspaces and nothing else, and each zone signs with a key of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hdh_portal.devstack.places import STATIC_DIR, VENV, WORKSPACE_IMAGE
from hdh_portal.devstack.secret_files import secret, secrets_directory
from hdh_portal.settings.startup import DEMONSTRATION_SIREN

MARK = "HDH_STACK"
SETTINGS = "hdh_portal.settings.dev"
# Another clock than the machine's, for tests (tests/faults/clock.c); the services live by it too.
CLOCK = ("LD_PRELOAD", "HDH_CLOCK_FILE")
# What a process needs of the person's own environment, and no more.
PASSED_ON = (
    "HOME",
    "USER",
    "LANG",
    "TZ",
    "TMPDIR",
    "HDH_DEMO_PASSWORD",
    "HDH_EXTRACT_MEMORY_LIMIT",
    "HDH_EXTRACT_THREADS",
    "HDH_EXTRACT_LANES",
    *CLOCK,
)


@dataclass(frozen=True)
class Layout:
    """Where a stack's data, services and addresses are."""

    var: Path
    sockets: Path
    portal_port: int
    gateway_port: int
    database_url: str
    broker_url: str
    migration_url: str = ""  # the owner of the tables, where the portal's own role may do less
    cloud_port: int = 0  # of the imitated cloud, where workspaces are made in it; 0 where there is none
    worker_url: str = ""  # the role of the workers, where the portal's own role sees less

    @property
    def portal_url(self) -> str:
        return f"http://localhost:{self.portal_port}"

    @property
    def gateway_origin(self) -> str:
        """The pattern of the workspaces' origins: `{id}` stands for the workspace."""
        return f"http://ws-{{id}}.localhost:{self.gateway_port}"

    @property
    def source(self) -> Path:
        return self.var / "snds"

    @property
    def log(self) -> Path:
        return self.var / "log"


def environment(layout: Layout, zone: str) -> dict[str, str]:
    """The whole environment of a process of this zone. Raises KeyError for an unknown zone."""
    return _common(layout, zone) | _OWN[zone](layout)


def _as_worker(layout: Layout) -> dict[str, str]:
    """Workers ask in nobody's name: their role sees the rows of everybody."""
    return {"DATABASE_URL": layout.worker_url or layout.database_url}


def _common(layout: Layout, zone: str) -> dict[str, str]:
    return {
        "PATH": f"{VENV / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        MARK: str(layout.var),
        "HDH_DEMO": "1",
        "HDH_ZONE": zone,
        "HDH_WORKSPACE_PROVIDER": "scaleway" if layout.cloud_port else "local",
        "HDH_SECRET_KEY": _key_of(layout.var, zone),
        "HDH_PORTAL_URL": layout.portal_url,
        "HDH_GATEWAY_ORIGIN": layout.gateway_origin,
        "DATABASE_URL": layout.database_url,
    }


def _key_of(var: Path, zone: str) -> str:
    """A signing key for one zone, which tells nothing of the others'."""
    return hmac.new(secret(var, "secret_key").encode(), zone.encode(), hashlib.sha256).hexdigest()


def _web(layout: Layout) -> dict[str, str]:
    return {
        "HDH_FAKE_CLOUD_URL": f"http://127.0.0.1:{layout.cloud_port}" if layout.cloud_port else "",
        "HDH_AUDIT_PUBLIC_KEY_FILE": str(secrets_directory(layout.var) / "audit.key.pub"),
        "HDH_CHECKPOINTS_DIR": str(checkpoints(layout)),
        "CELERY_BROKER_URL": layout.broker_url,
        "HDH_FIELD_KEY": secret(layout.var, "field_key"),
        "HDH_PLATFORM_SIREN": DEMONSTRATION_SIREN,
        **_documents(layout),
        "HDH_STATIC_DIR": str(STATIC_DIR),
    }


def _documents(layout: Layout) -> dict[str, str]:
    """The portal keeps documents, the default worker has them scanned; where nothing scans, both say so."""
    return {
        "HDH_MEDIA_DIR": str(layout.var / "media"),
        "HDH_DOCUMENT_KEY": secret(layout.var, "document_key"),
        **({} if os.environ.get("HDH_CLAMD") else {"HDH_UNSCANNED_DOCUMENTS": "1"}),
    }


def _scanner() -> dict[str, str]:
    return {"HDH_CLAMD": os.environ["HDH_CLAMD"]} if os.environ.get("HDH_CLAMD") else {}


def _default(layout: Layout) -> dict[str, str]:
    """The sealer is here: it alone has the key that signs the checkpoints of the audit log."""
    return {
        **_broker_only(layout),
        **_documents(layout),
        **_scanner(),
        "HDH_AUDIT_KEY_FILE": str(secrets_directory(layout.var) / "audit.key"),
        "HDH_CHECKPOINTS_DIR": str(checkpoints(layout)),
        "HDH_EMAIL_URL": os.environ.get("HDH_EMAIL_URL", f"file://{layout.var / 'mail'}"),
        "HDH_EMAIL_FROM": os.environ.get("HDH_EMAIL_FROM", "portail@localhost"),
    }


def _migration(layout: Layout) -> dict[str, str]:
    """Not a process of the portal: the deployment, which owns the tables."""
    return {
        "DATABASE_URL": layout.migration_url or layout.database_url,
        "HDH_APP_DATABASE_PASSWORD": _password(layout.database_url),
        "HDH_WORKER_DATABASE_PASSWORD": _password(layout.worker_url),
    }


def _password(url: str) -> str:
    return unquote(urlsplit(url).password or "")


def _broker_only(layout: Layout) -> dict[str, str]:
    return {**_as_worker(layout), "CELERY_BROKER_URL": layout.broker_url}


def _extract(layout: Layout) -> dict[str, str]:
    return {
        **_broker_only(layout),
        "HDH_SOURCE_DIR": str(layout.source),
        "HDH_KEYRING_FILE": str(secrets_directory(layout.var) / "keyring.json"),
        "HDH_KEYRING_UNLOCK_FILE": str(secrets_directory(layout.var) / "keyring.unlock"),
        "HDH_DELIVERY_DIR": str(layout.var / "delivery"),
        # Of use once deliveries go to an object store.
        "HDH_EXTRACT_WORK_DIR": str(layout.var / "extracts"),
    }


def _provision(layout: Layout) -> dict[str, str]:
    return {
        **_broker_only(layout),
        "HDH_DELIVERY_DIR": str(layout.var / "delivery"),
        "HDH_WORKSPACES_DIR": str(layout.var / "workspaces"),
        **_image(),
        "HDH_SOCKETS_DIR": str(workspace_sockets(layout)),
        **_in_the_cloud(layout),
    }


def _in_the_cloud(layout: Layout) -> dict[str, str]:
    """The account in the imitated cloud, for the workers that provision; nothing where there is none."""
    file = cloud_account_file(layout)
    if not layout.cloud_port or not file.exists():
        return {}
    account, address = json.loads(file.read_text()), f"http://127.0.0.1:{layout.cloud_port}"
    return {
        "HDH_SCALEWAY_ACCESS_KEY": account["access_key"],
        "HDH_SCALEWAY_SECRET_KEY": account["secret_key"],
        "HDH_SCALEWAY_ORGANISATION": account["organization_id"],
        "HDH_SCALEWAY_HUB_PROJECT": account["hub_project"],
        "HDH_SCALEWAY_HUB_VPC": account["hub_vpc"],
        "HDH_SCALEWAY_STRANGER_ACCESS_KEY": account["stranger_access_key"],
        "HDH_SCALEWAY_STRANGER_SECRET_KEY": account["stranger_secret_key"],
        "HDH_SCALEWAY_API": address,
        "HDH_SCALEWAY_STORAGE": address,
        "HDH_SCALEWAY_AGENT": f"{address}/_agent/{{server}}",
        "HDH_SCALEWAY_APPLICATION": "127.0.0.1:{port}",
        "HDH_SCALEWAY_GATEWAY_CERTIFICATES": f"{_gateway_identity(layout)}.pub",
    }


def _cloud(layout: Layout) -> dict[str, str]:
    """The imitated cloud: no database, no broker; it knows its own owner's key only. The JupyterLab of each of its
    servers runs in a sandbox beside those of the provider `local`."""
    return {
        "SCW_SECRET_KEY": secret(layout.var, "cloud_key"),
        "HDH_WORKSPACES_DIR": str(layout.var / "servers"),
        "HDH_SOCKETS_DIR": str(layout.sockets / "servers"),
        **_image(),
    }


def _image() -> dict[str, str]:
    return {"HDH_WORKSPACE_IMAGE": os.environ.get("HDH_WORKSPACE_IMAGE", str(WORKSPACE_IMAGE))}


def cloud_account_file(layout: Layout) -> Path:
    """What the imitated cloud says of its account, once it answers."""
    return secrets_directory(layout.var) / "cloud.json"


def _gateway(layout: Layout) -> dict[str, str]:
    return {
        "HDH_SOCKETS_DIR": str(workspace_sockets(layout)),
        "HDH_GATEWAY_IDENTITY_FILE": _gateway_identity(layout),
    }


def _gateway_identity(layout: Layout) -> str:
    """By what the servers in the imitated cloud know the gateway; others are told its certificate only."""
    return str(secrets_directory(layout.var) / "gateway.pem")


def checkpoints(layout: Layout) -> Path:
    """Where the sealed checkpoints of the audit log are published, outside the database."""
    return layout.var / "checkpoints"


def workspace_sockets(layout: Layout) -> Path:
    """Where the workspaces' listening sockets lie, outside every sandbox."""
    return layout.sockets / "ws"


_OWN = {
    "web": _web,
    "default": _default,
    "extract": _extract,
    "provision": _provision,
    "beat": _broker_only,
    "gateway": _gateway,
    "cloud": _cloud,
    "migration": _migration,
}
