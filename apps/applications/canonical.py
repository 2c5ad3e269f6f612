"""One spelling for a value, so that its hash stands for it. Pure."""

import hashlib
import json
from typing import Any


def canonical_bytes(value: Any) -> bytes:
    """JSON with sorted keys and no insignificant space, in UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_of(value: Any) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()
