"""Sign-in through an identity provider (OpenID Connect): the way there and back, and what is believed.

Off unless the setting IDENTITY_PROVIDER says where the provider is; its addresses are written there, not discovered, so
that nobody else can name them. The protocol's mathematics (the exchange, the keys, the signature, the nonce) are
mozilla-django-oidc's; what the claims must say is ours (`rules.claims_problem`).
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from jwt import PyJWTError
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from requests import RequestException

from apps.accounts import wording
from apps.accounts.rules import claims_problem
from apps.core.errors import RefusedError

log = structlog.get_logger(__name__)
_JOURNEY = "identity_journey"
JOURNEY_LIFE = timedelta(minutes=10)
PATIENCE_SECONDS = 10
SIGN_IN, LINK = "sign_in", "link"


@dataclass(frozen=True)
class Vouched:
    """Whom the provider vouches for, how strongly (`acr`, blank when it does not say), and where they were going."""

    issuer: str
    subject: str
    acr: str
    purpose: str
    next_path: str


def provider() -> Mapping[str, Any]:
    """The provider's settings. Raises Http404 where there is none: the pages do not exist."""
    if not settings.IDENTITY_PROVIDER:
        raise Http404
    found: Mapping[str, Any] = settings.IDENTITY_PROVIDER
    return found


class _Library(OIDCAuthenticationBackend):
    """The library's exchange and verification, with the settings of our provider."""

    @staticmethod
    def get_settings(attr: str, *default: Any) -> Any:
        known = provider()
        given = {
            "OIDC_OP_TOKEN_ENDPOINT": known["token_url"],
            "OIDC_OP_USER_ENDPOINT": "",  # nothing but the ID token is read
            "OIDC_OP_JWKS_ENDPOINT": known["jwks_url"],
            "OIDC_RP_CLIENT_ID": known["client_id"],
            "OIDC_RP_CLIENT_SECRET": known["client_secret"],
            "OIDC_RP_SIGN_ALGO": known["algorithm"],
            "OIDC_TIMEOUT": PATIENCE_SECONDS,
        }
        return given[attr] if attr in given else default[0]


def journey_begin(request: HttpRequest, *, purpose: str, next_path: str = "") -> str:
    """The address of the provider to go to; what must come back is kept in this browser's session, for once."""
    known = provider()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    request.session[_JOURNEY] = {
        "state": state,
        "nonce": nonce,
        "verifier": verifier,
        "purpose": purpose,
        "next": next_path,
        "begun": timezone.now().timestamp(),
    }
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "scope": "openid",
        "client_id": known["client_id"],
        "redirect_uri": _return_address(),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",  # RFC 7636
    }
    return f"{known['authorization_url']}?{urlencode(query)}"


def journey_end(request: HttpRequest) -> Vouched:
    """Whom the provider vouches for, in answer to the journey that this browser began.

    Raises RefusedError when there was no such journey, when it is over, or when anything about the answer is not right.
    """
    known = provider()
    journey = request.session.pop(_JOURNEY, None)
    state, code = request.GET.get("state", ""), request.GET.get("code", "")
    if journey is None or not constant_time_compare(journey["state"], state):
        raise _refused("state")
    if timezone.now().timestamp() - journey["begun"] > JOURNEY_LIFE.total_seconds():
        raise _refused("late")
    if not code:
        raise _refused("declined")
    claims = _claims(code, journey)
    problem = claims_problem(claims, issuer=known["issuer"], client_id=known["client_id"], now=timezone.now())
    if problem:
        raise _refused(problem)
    acr = claims.get("acr")
    vouched = acr if isinstance(acr, str) else ""
    return Vouched(known["issuer"], claims["sub"], vouched, journey["purpose"], journey["next"])


def _claims(code: str, journey: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claims of a token signed by the provider for this journey. Raises RefusedError."""
    known = provider()
    library = _Library()
    request = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _return_address(),
        "client_id": known["client_id"],
        "client_secret": known["client_secret"],
        "code_verifier": journey["verifier"],
    }
    try:
        token = library.get_token(request)["id_token"]
        claims: Mapping[str, Any] = library.verify_token(token, nonce=journey["nonce"])
    except (RequestException, PyJWTError, SuspiciousOperation, KeyError, TypeError, ValueError) as error:
        raise _refused(type(error).__name__) from None
    return claims


def _return_address() -> str:
    return settings.PORTAL_URL.rstrip("/") + reverse("accounts:identity_return")


def _refused(why: str) -> RefusedError:
    """The person is told that it did not work; what exactly is for the log, which holds nothing of the answer."""
    log.warning("identity_refused", why=why)
    return RefusedError((wording.IDENTITY_REFUSED,))


def is_strong_enough(vouched: Vouched) -> bool:
    """Whether the provider itself asked for a second factor that the operator configured as sufficient."""
    return bool(vouched.acr) and vouched.acr in provider()["sufficient_acr"]
