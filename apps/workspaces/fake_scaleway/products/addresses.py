"""Addresses of the imitated internet, and the names that resolve in it."""

from apps.workspaces.fake_scaleway.call import Call

# Address blocks for documentation (RFC 5737 and RFC 3849): nothing of the fake can be mistaken for a real machine.
PUBLIC_BLOCKS = ("203.0.113", "198.51.100", "192.0.2")


def public_ipv4(call: Call) -> tuple[str, str]:
    """A free public address and its default reverse name."""
    taken = {record.body["address"] for kind in ("instance_ip", "gateway_ip") for record in call.world.store.all(kind)}
    candidates = (f"{block}.{last}" for block in PUBLIC_BLOCKS for last in range(1, 255))
    number = len(taken)
    address = next((c for c in candidates if c not in taken), f"100.64.{number // 250}.{number % 250 + 1}")
    return address, "-".join(reversed(address.split("."))) + ".instances.scw.cloud"


def public_ipv6_prefix(call: Call) -> str:
    number = call.world.random.getrandbits(32)
    return f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::/64"


def resolves(call: Call, name: str) -> bool:
    """Whether the name has a record in a DNS zone of the fake, or is one of the cloud's own."""
    plain = name.rstrip(".")
    return plain.endswith(".scw.cloud") or any(
        plain in record.hidden["names"] for record in call.world.store.all("dns_zone")
    )
