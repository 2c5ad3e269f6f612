"""Lists: the order asked for, one page of it, and how each generation of the API tells the total."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply

JSON = Any
DEFAULT_SIZE = 20
LARGEST_SIZE = 100


def number_asked(call: Call, name: str, default: int, largest: int) -> int:
    text = call.asked(name)
    if text is None:
        return default
    if not text.isdigit() or not 1 <= int(text) <= largest:
        raise errors.invalid_arguments((name, "constraint", f"value must be between 1 and {largest}"))
    return int(text)


def in_order(items: list[dict[str, JSON]], order: str | None) -> list[dict[str, JSON]]:
    """Sorted by `<field>_asc` or `<field>_desc`; the order of creation when the field is unknown."""
    field, _, direction = (order or "").rpartition("_")
    name = next((key for key in (field, f"{field}_at", field.rpartition("_")[2]) if items and key in items[0]), None)
    if name is None or not all(isinstance(item.get(name), str) for item in items):
        return items
    return sorted(items, key=lambda item: str(item[name]), reverse=direction == "desc")


def page_with_total(call: Call, key: str, items: Sequence[JSON]) -> Reply:
    """page and page_size; the total is in the body (most products)."""
    page = number_asked(call, "page", 1, 1_000_000)
    size = number_asked(call, "page_size", DEFAULT_SIZE, LARGEST_SIZE)
    return Reply(200, {key: list(items)[(page - 1) * size : page * size], "total_count": len(items)})


def page_with_links(call: Call, key: str, items: Sequence[JSON]) -> Reply:
    """page and per_page; the total and the neighbours are in headers (Instance v1)."""
    page = number_asked(call, "page", 1, 1_000_000)
    size = number_asked(call, "per_page", 50, LARGEST_SIZE)
    last = max(1, -(-len(items) // size))
    neighbours = {"first": 1, "previous": page - 1, "next": page + 1, "last": last}
    links = [
        f'<?{urlencode({"page": number, "per_page": size})}>; rel="{name}"'
        for name, number in neighbours.items()
        if 1 <= number <= last
    ]
    headers = {"X-Total-Count": str(len(items)), "Link": ",".join(links)}
    return Reply(200, {key: list(items)[(page - 1) * size : page * size]}, headers)
