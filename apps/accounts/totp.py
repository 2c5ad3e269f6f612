"""One-time codes from a seed (RFC 6238), computed by django-otp."""

import time

from django_otp.oath import TOTP

from apps.accounts.rules import CODE_SECONDS, CODE_TOLERANCE


def counter_now() -> int:
    """The present time step."""
    return int(time.time()) // CODE_SECONDS


def code_at(seed: bytes, counter: int) -> str:
    """The six digits that the seed gives at a time step."""
    generator = TOTP(seed, step=CODE_SECONDS)
    generator.time = counter * CODE_SECONDS
    return f"{generator.token():06d}"


def counter_matching(seed: bytes, code: str) -> int | None:
    """The time step at which the seed gives this six-digit code, now or one step aside; None when it does not."""
    generator = TOTP(seed, step=CODE_SECONDS)
    generator.time = time.time()
    return generator.t() if generator.verify(int(code), tolerance=CODE_TOLERANCE) else None
