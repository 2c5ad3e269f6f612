"""Secrets that are sent to an address and kept as a hash: 256 bits need no slower one."""

import hashlib
import secrets


def secret_new() -> str:
    """A secret to put in a link, 256 bits."""
    return secrets.token_urlsafe(32)


def secret_digest(secret: str) -> str:
    """What is kept of it: enough to recognise it, useless to whoever reads the table."""
    return hashlib.sha256(secret.encode()).hexdigest()
