"""The identity provider (OpenID Connect): off unless HDH_OIDC_ISSUER names one."""

from collections.abc import Mapping
from typing import Any

REQUIRED = tuple(
    f"HDH_OIDC_{name}" for name in ("AUTHORIZATION_URL", "TOKEN_URL", "JWKS_URL", "CLIENT_ID", "CLIENT_SECRET")
)
# Keys of the provider alone: with a shared secret, whoever holds it could vouch for anybody.
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")


def identity_provider(given: Mapping[str, str]) -> dict[str, Any]:
    """What HDH_OIDC_… say of the provider; empty without an issuer. Raises ValueError when half said."""
    issuer = given.get("HDH_OIDC_ISSUER", "")
    if not issuer:
        return {}
    if missing := [name for name in REQUIRED if not given.get(name)]:
        raise ValueError(f"HDH_OIDC_ISSUER is set, and {', '.join(missing)} are missing.")
    algorithm = given.get("HDH_OIDC_ALGORITHM", "RS256")
    if algorithm not in ALGORITHMS:
        raise ValueError(f"HDH_OIDC_ALGORITHM must be one of {', '.join(ALGORITHMS)}.")
    return {
        "issuer": issuer,
        "name": given.get("HDH_OIDC_NAME", "ProConnect"),
        "authorization_url": given["HDH_OIDC_AUTHORIZATION_URL"],
        "token_url": given["HDH_OIDC_TOKEN_URL"],
        "jwks_url": given["HDH_OIDC_JWKS_URL"],
        "client_id": given["HDH_OIDC_CLIENT_ID"],
        "client_secret": given["HDH_OIDC_CLIENT_SECRET"],
        "algorithm": algorithm,
        "sufficient_acr": frozenset(acr for acr in given.get("HDH_OIDC_SUFFICIENT_ACR", "").split(",") if acr),
    }
