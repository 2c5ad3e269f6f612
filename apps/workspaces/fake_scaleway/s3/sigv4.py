"""Signature Version 4 of AWS, as object storage checks it: header or query string, streamed bodies included."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
TOLERANCE = 15 * 60


class SignatureError(Exception):
    """The signature cannot be accepted; the text is the error code of the API."""


@dataclass(frozen=True)
class Credential:
    """What the request claims: key, day, region, and the signature to compare."""

    access_key: str
    day: str
    region: str
    signed_headers: tuple[str, ...]
    signature: str
    moment: str
    payload_hash: str
    expires: int | None = None

    @property
    def scope(self) -> str:
        return f"{self.day}/{self.region}/s3/aws4_request"


def credential_of(headers: Mapping[str, str], query: list[tuple[str, str]]) -> Credential | None:
    """The claim of a request, None when it is anonymous; SignatureError when it is unreadable."""
    text = headers.get("authorization", "")
    if text.startswith(ALGORITHM):
        return _from_header(text, headers)
    asked = dict(query)
    return _from_query(asked) if "X-Amz-Signature" in asked else None


def _from_header(text: str, headers: Mapping[str, str]) -> Credential:
    try:
        fields = dict(part.strip().split("=", 1) for part in text[len(ALGORITHM) :].split(","))
        access_key, day, region, _, _ = fields["Credential"].split("/")
        return Credential(
            access_key=access_key,
            day=day,
            region=region,
            signed_headers=tuple(fields["SignedHeaders"].split(";")),
            signature=fields["Signature"],
            moment=headers.get("x-amz-date", ""),
            payload_hash=headers.get("x-amz-content-sha256", UNSIGNED),
        )
    except (KeyError, ValueError):
        raise SignatureError("AuthorizationHeaderMalformed") from None


def _from_query(asked: Mapping[str, str]) -> Credential:
    try:
        access_key, day, region, _, _ = asked["X-Amz-Credential"].split("/")
        return Credential(
            access_key=access_key,
            day=day,
            region=region,
            signed_headers=tuple(asked["X-Amz-SignedHeaders"].split(";")),
            signature=asked["X-Amz-Signature"],
            moment=asked["X-Amz-Date"],
            payload_hash=UNSIGNED,
            expires=int(asked["X-Amz-Expires"]),
        )
    except (KeyError, ValueError):
        raise SignatureError("AuthorizationQueryParametersError") from None


def check(
    credential: Credential,
    secret: str,
    *,
    method: str,
    raw_path: str,
    query: list[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
    now: float,
) -> None:
    """Raise SignatureError unless the request was signed with this secret, recently, over this very content."""
    _check_time(credential, now)
    signs_body = credential.payload_hash != UNSIGNED and not credential.payload_hash.startswith("STREAMING-")
    if signs_body and hashlib.sha256(body).hexdigest() != credential.payload_hash:
        raise SignatureError("XAmzContentSHA256Mismatch")
    canonical = "\n".join(
        (
            method,
            quote(unquote(raw_path), safe="/-_.~"),
            _canonical_query(query),
            *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in credential.signed_headers),
            "",
            ";".join(credential.signed_headers),
            credential.payload_hash,
        )
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((ALGORITHM, credential.moment, credential.scope, digest))
    expected = hmac.new(signing_key(secret, credential.day, credential.region), to_sign.encode(), hashlib.sha256)
    if not hmac.compare_digest(expected.hexdigest(), credential.signature):
        raise SignatureError("SignatureDoesNotMatch")


def _check_time(credential: Credential, now: float) -> None:
    try:
        signed_at = datetime.strptime(credential.moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise SignatureError("AccessDenied") from None
    if credential.expires is not None:
        if not 1 <= credential.expires <= 7 * 86400 or now > signed_at + credential.expires:
            raise SignatureError("AccessDenied")
    elif abs(now - signed_at) > TOLERANCE:
        raise SignatureError("RequestTimeTooSkewed")


def _canonical_query(query: Iterable[tuple[str, str]]) -> str:
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in query if k != "X-Amz-Signature")
    return "&".join(f"{key}={value}" for key, value in pairs)


def signing_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def unchunked(body: bytes) -> bytes:
    """The content of an aws-chunked body (its chunk signatures and trailers are dropped)."""
    content, position = bytearray(), 0
    while position < len(body):
        end = body.index(b"\r\n", position)
        size = int(body[position:end].split(b";")[0], 16)
        if size == 0:
            break
        content += body[end + 2 : end + 2 + size]
        position = end + 2 + size + 2
    return bytes(content)
