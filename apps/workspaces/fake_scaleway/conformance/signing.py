"""Signing requests as a client of object storage does."""

import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote

from apps.workspaces.fake_scaleway.s3.sigv4 import ALGORITHM, signing_key


def sign(
    method: str,
    host: str,
    path: str,
    query: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
    key: tuple[str, str],
    moment: datetime,
) -> dict[str, str]:
    """The headers to send: those given, the host, and the signature over all of them."""
    access_key, secret = key
    region, day = host.split(".")[1], moment.strftime("%Y%m%d")
    payload = hashlib.sha256(body).hexdigest()
    signed = {
        **{name.lower(): value for name, value in headers.items()},
        "host": host,
        "x-amz-content-sha256": payload,
        "x-amz-date": moment.strftime("%Y%m%dT%H%M%SZ"),
    }
    names = ";".join(sorted(signed))
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in query)
    lines = [
        method,
        path,
        "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{signed[name]}" for name in sorted(signed)),
        "",
        names,
        payload,
    ]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    scope = f"{day}/{region}/s3/aws4_request"
    text = "\n".join((ALGORITHM, signed["x-amz-date"], scope, digest))
    signature = hmac.new(signing_key(secret, day, region), text.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**signed, "authorization": f"{ALGORITHM} {credential}"}
