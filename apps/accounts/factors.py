"""Second factors: seeds, one-time codes, recovery codes. Verification itself is django-otp's."""

import secrets
from base64 import b32encode
from urllib.parse import quote, urlencode

import segno
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from apps.accounts.models import Person, RecoveryCode, TotpDevice
from apps.accounts.rules import CodeKind, code_kind, code_normalised, in_groups
from apps.accounts.sealing import keyed_digest, seal

ISSUER = "Health Data Hub"
SEED_BYTES = 20  # RFC 4226, section 4: 160 bits recommended
RECOVERY_CODES = 10
_RECOVERY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_RECOVERY_LENGTH = 12  # 60 bits, behind a keyed digest and a throttle


def seed_new() -> bytes:
    """A fresh secret for an authenticator application."""
    return secrets.token_bytes(SEED_BYTES)


def seed_text(seed: bytes) -> str:
    """The seed as people type it: base 32, in groups of four."""
    return in_groups(b32encode(seed).decode())


def enrolment_qr(person: Person, seed: bytes) -> SafeString:
    """The QR code that an authenticator application reads, as SVG to put in the page."""
    label = quote(f"{ISSUER}:{person.email}")
    query = urlencode({"secret": b32encode(seed).decode(), "issuer": ISSUER}, quote_via=quote)
    code = segno.make(f"otpauth://totp/{label}?{query}", error="m")
    # The drawing holds no text of anybody's: segno writes squares only.
    # The library draws shapes only: nothing that a person typed stands in them as text.
    return mark_safe(code.svg_inline(scale=5, dark="#000", light="#fff", border=4))  # noqa: S308


def device_create(person: Person, seed: bytes, counter: int = -1) -> TotpDevice:
    """Store an authenticator application, its seed sealed for this person, codes up to `counter` spent."""
    sealed = seal(seed, context=str(person.pk))
    return TotpDevice.objects.create(user=person, name="TOTP", seed=sealed, last_counter=counter)


def recovery_codes_create(device: TotpDevice) -> tuple[str, ...]:
    """Ten single-use codes, given in clear this once; the rows keep their digests."""
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    RecoveryCode.objects.bulk_create(RecoveryCode(device=device, digest=_digest(code)) for code in codes)
    return tuple(in_groups(code) for code in codes)


def code_accept(device: TotpDevice, typed: str, kinds: frozenset[CodeKind]) -> CodeKind | None:
    """Spend a code of one of these kinds, at most once whoever else posts it; None when it is not accepted."""
    code = code_normalised(typed)
    kind = code_kind(code)
    if kind not in kinds:
        return None
    accepted = device.verify_token(code) if kind is CodeKind.TOTP else _recovery_code_spend(device, code)
    return kind if accepted else None


def _recovery_code_spend(device: TotpDevice, code: str) -> bool:
    unused = RecoveryCode.objects.filter(device=device, digest=_digest(code), used_at=None)
    return bool(unused.update(used_at=timezone.now()))


def _recovery_code() -> str:
    return "".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(_RECOVERY_LENGTH))


def _digest(code: str) -> str:
    return keyed_digest(code, purpose="recovery")
