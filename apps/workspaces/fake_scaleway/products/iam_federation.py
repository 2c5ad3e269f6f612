"""IAM: sign-in by SAML and provisioning by SCIM of one organization."""

from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.clock import stamp
from apps.workspaces.fake_scaleway.kinds import Kind, changed, find, gone, make, one
from apps.workspaces.fake_scaleway.paging import page_with_total
from apps.workspaces.fake_scaleway.products.iam import BASE
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
routes = Routes("iam")
YEAR = 365 * 86400


def _without_dates(call: Call, record: Record) -> dict[str, JSON]:
    return {name: value for name, value in record.body.items() if name not in ("created_at", "updated_at")}


def _saml_view(call: Call, record: Record) -> dict[str, JSON]:
    """Its status names the first thing that is missing."""
    body = _without_dates(call, record)
    if not any(call.world.store.where("saml_certificate", saml_id=record.id)):
        body["status"] = "missing_certificate"
    elif not body["entity_id"]:
        body["status"] = "missing_entity_id"
    else:
        body["status"] = "valid" if body["single_sign_on_url"] else "missing_single_sign_on_url"
    return body


def _certificate_view(call: Call, record: Record) -> dict[str, JSON]:
    return {name: value for name, value in _without_dates(call, record).items() if name != "saml_id"}


def _dated_once(call: Call, record: Record) -> dict[str, JSON]:
    return {name: value for name, value in record.body.items() if name != "updated_at"}


SAML = Kind(
    "saml",
    "iam",
    "saml",
    "saml",
    view=_saml_view,
    changes={"entity_id": Take("text"), "single_sign_on_url": Take("text")},
)
CERTIFICATE = Kind("saml_certificate", "iam", "saml_certificate", "certificates", view=_certificate_view)
SCIM = Kind("scim", "iam", "scim", "scim", view=_dated_once)
TOKEN = Kind("scim_token", "iam", "scim_token", "scim_tokens", view=_dated_once)


def _of_organization(call: Call, kind: Kind) -> Record:
    organization = call.params["organization_id"]
    for record in call.world.store.all(kind.name):
        if record.organization == organization:
            return find(call, kind, record.id)
    raise errors.not_found(f"organization_{kind.name}", organization)


@routes.on("GET", f"{BASE}/organizations/{{organization_id}}/saml", "get_organization_saml")
def get_saml(call: Call) -> Reply:
    return one(call, SAML, _of_organization(call, SAML))


@routes.on("POST", f"{BASE}/organizations/{{organization_id}}/saml", "enable_organization_saml")
def enable_saml(call: Call) -> Reply:
    saml_id = call.world.new_id()
    provider = {
        "entity_id": f"https://iam.scaleway.com/saml/{saml_id}",
        "assertion_consumer_service_url": f"https://api.scaleway.com/iam/v1/saml/{saml_id}/sso",
    }
    body = {"id": saml_id, "status": "", "service_provider": provider, "entity_id": "", "single_sign_on_url": ""}
    return one(call, SAML, make(call, SAML, body, project=""))


@routes.on("PATCH", f"{BASE}/saml/{{saml_id}}", "update_saml")
def update_saml(call: Call) -> Reply:
    saml = find(call, SAML, call.params["saml_id"])
    changed(call, SAML, saml)
    return one(call, SAML, saml)


@routes.on("DELETE", f"{BASE}/saml/{{saml_id}}", "delete_saml")
def delete_saml(call: Call) -> Reply:
    saml = find(call, SAML, call.params["saml_id"])
    for certificate in list(call.world.store.where("saml_certificate", saml_id=saml.id)):
        call.world.store.remove(certificate)
    return gone(call, saml)


@routes.on("GET", f"{BASE}/saml/{{saml_id}}/certificates", "list_saml_certificates")
def list_certificates(call: Call) -> Reply:
    saml = find(call, SAML, call.params["saml_id"])
    found = call.world.store.where("saml_certificate", saml_id=saml.id)
    return Reply(200, {"certificates": [_certificate_view(call, record) for record in found]})


@routes.on("POST", f"{BASE}/saml/{{saml_id}}/certificates", "add_saml_certificate")
def add_certificate(call: Call) -> Reply:
    saml = find(call, SAML, call.params["saml_id"])
    values = read(call.body, {"type": Take("text", "signing"), "content": Take("text", required=True)})
    expires = stamp(call.world.clock.now() + YEAR)
    body = {**values, "origin": "identity_provider", "expires_at": expires, "saml_id": saml.id}
    return one(call, CERTIFICATE, make(call, CERTIFICATE, body, project=""))


routes.standard(CERTIFICATE, f"{BASE}/saml-certificates", "certificate_id", "RD")


@routes.on("GET", f"{BASE}/organizations/{{organization_id}}/scim", "get_organization_scim")
def get_scim(call: Call) -> Reply:
    return one(call, SCIM, _of_organization(call, SCIM))


@routes.on("POST", f"{BASE}/organizations/{{organization_id}}/scim", "enable_organization_scim")
def enable_scim(call: Call) -> Reply:
    return one(call, SCIM, make(call, SCIM, {}, project=""))


@routes.on("DELETE", f"{BASE}/scim/{{scim_id}}", "delete_scim")
def delete_scim(call: Call) -> Reply:
    return gone(call, find(call, SCIM, call.params["scim_id"]))


@routes.on("GET", f"{BASE}/scim/{{scim_id}}/tokens", "list_scim_tokens")
def list_tokens(call: Call) -> Reply:
    scim = find(call, SCIM, call.params["scim_id"])
    found = call.world.store.where("scim_token", scim_id=scim.id)
    return page_with_total(call, "scim_tokens", [_dated_once(call, record) for record in found])


@routes.on("POST", f"{BASE}/scim/{{scim_id}}/tokens", "create_scim_token")
def create_token(call: Call) -> Reply:
    scim = find(call, SCIM, call.params["scim_id"])
    body = {"scim_id": scim.id, "expires_at": stamp(call.world.clock.now() + YEAR)}
    token = make(call, TOKEN, body, project="")
    return Reply(200, {"token": _dated_once(call, token), "bearer_token": call.world.new_id() * 3})


routes.standard(TOKEN, f"{BASE}/scim-tokens", "token_id", "D")
