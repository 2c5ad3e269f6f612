"""From the identifiers of a recording to those of the fake, learned from one answer after the other."""

import base64
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from apps.workspaces.fake_scaleway.conformance.compare import UUID

JSON = Any
ACCESS_KEY = re.compile(r"SCW[A-Z0-9]{17}")
IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
MAC = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}")
SCRUBBED = re.compile(r"<scrubbed:(\d+)>")
Bind = Callable[[str, str], str | None]


class Translation:
    """`known` maps recorded identifiers to the fake's; `values` remembers scrubbed answers by key and length.

    `is_refused` while a step is translated that was answered 400.
    """

    def __init__(self, bind: Bind) -> None:
        self.known: dict[str, str] = {}
        self.values: dict[tuple[str, int], str] = {}
        self.last_access_key = ""
        self.is_refused = False
        self._bind = bind

    def learn(self, recorded: JSON, answered: JSON, key: str = "") -> None:
        """Walk two answers side by side and remember which identifier corresponds to which."""
        if isinstance(recorded, dict) and isinstance(answered, dict):
            self._learn_object(recorded, answered)
        elif isinstance(recorded, list) and isinstance(answered, list):
            for left, right in self.pairs(recorded, answered):
                self.learn(left, right, key)
        elif isinstance(recorded, str) and isinstance(answered, str):
            self._learn_text(recorded, answered, key)

    def _learn_object(self, recorded: dict[str, JSON], answered: dict[str, JSON]) -> None:
        for name, value in recorded.items():
            if name in answered:
                self.learn(value, answered[name], name)

    def _learn_text(self, recorded: str, answered: str, key: str) -> None:
        if UUID.fullmatch(recorded) and UUID.fullmatch(answered):
            self.known.setdefault(recorded, answered)
        elif key == "access_key":
            self.last_access_key = answered
            self.known[recorded] = answered
        elif scrubbed := SCRUBBED.fullmatch(recorded):
            self.values[key, int(scrubbed[1])] = answered
        elif len(UUID.findall(recorded)) == len(UUID.findall(answered)) > 0:
            for left, right in zip(UUID.findall(recorded), UUID.findall(answered), strict=True):
                self.known.setdefault(left, right)
        elif self._is_volatile(recorded) and self._is_volatile(answered):
            self.known.setdefault(_bare(recorded), _bare(answered))

    def _is_volatile(self, text: str) -> bool:
        return bool(IPV4.fullmatch(_bare(text)) or MAC.fullmatch(text)) and not text.startswith("0.0.")

    def pairs(self, recorded: list[JSON], answered: list[JSON]) -> list[tuple[JSON, JSON]]:
        """Elements that correspond: by known id, then by name, then by position among what is left."""
        left, right = list(recorded), list(answered)
        found: list[tuple[JSON, JSON]] = []
        for same in (self._same_id, _same_name):
            for item in list(left):
                match = next((other for other in right if same(item, other)), None)
                if match is not None:
                    found.append((item, match))
                    left.remove(item)
                    right.remove(match)
        unknown = [item for item in left if not self.is_known(item)]
        fresh = [item for item in right if not self._is_taken(item)]
        return found + list(_most_alike(unknown, fresh))

    def is_known(self, item: JSON) -> bool:
        return isinstance(item, dict) and self.known.get(str(_id_of(item))) is not None

    def _is_taken(self, item: JSON) -> bool:
        return isinstance(item, dict) and _id_of(item) in self.known.values()

    def _same_id(self, recorded: JSON, answered: JSON) -> bool:
        if not isinstance(recorded, dict) or not isinstance(answered, dict):
            return False
        identifier = _id_of(recorded)
        return identifier is not None and self.known.get(str(identifier)) == _id_of(answered)

    # ---- the other way: requests ------------------------------------------------------------------------------------

    def text(self, value: str, role: str) -> str:
        """A string of a request with every identifier replaced; `role` names the key or path it stands in."""
        if scrubbed := SCRUBBED.fullmatch(value):
            return self._unscrubbed(role.rpartition(".")[2], int(scrubbed[1]))
        replaced = UUID.sub(lambda match: self._identifier(match[0], role), value)
        replaced = ACCESS_KEY.sub(lambda match: self.last_access_key or match[0], replaced)
        if MAC.fullmatch(replaced):
            return self.known.get(replaced.upper(), self.known.get(replaced, replaced))
        return self.known.get(replaced, replaced)

    def _identifier(self, recorded: str, role: str) -> str:
        if recorded not in self.known:
            bound = self._bind(recorded, role)
            if bound is None:
                return recorded
            self.known[recorded] = bound
        return self.known[recorded]

    def _unscrubbed(self, key: str, length: int) -> str:
        """What an earlier answer gave under this key, else base64 of exactly this length, else a plain word.

        The content of a secret is made a JSON object of strings, which every type of secret takes; not so where the
        recording says that it was refused.
        """
        if (key, length) in self.values:
            return self.values[key, length]
        if key == "data" and length % 4 == 0 and length >= 12 and not self.is_refused:
            return base64.b64encode(b'{"k":"' + b"x" * (length // 4 * 3 - 8) + b'"}').decode()
        size = {44: 32, 24: 16}.get(length, length // 4 * 3)
        return base64.b64encode(secrets.token_bytes(size)).decode() if length % 4 == 0 else "x" * length

    def body(self, value: JSON, role: str = "") -> JSON:
        if isinstance(value, dict):
            return {self.text(k, role): self.body(v, f"{role}.{k}" if role else k) for k, v in value.items()}
        if isinstance(value, list):
            return [self.body(item, role) for item in value]
        return self.text(value, role) if isinstance(value, str) else value


def _most_alike(left: list[JSON], right: list[JSON]) -> Iterator[tuple[JSON, JSON]]:
    """Each element on the left with the one on the right that resembles it most, while there are any."""
    rest = list(right)
    for item in left:
        if not rest:
            return
        best = max(rest, key=lambda other: likeness(item, other))
        rest.remove(best)
        yield item, best


def likeness(recorded: JSON, answered: JSON) -> float:
    """How much two values agree: equal scalars count fully, values of one type a little."""
    if isinstance(recorded, dict) and isinstance(answered, dict):
        return sum(likeness(value, answered[name]) for name, value in recorded.items() if name in answered)
    if type(recorded) is not type(answered):
        return -0.5
    return 1.0 if recorded == answered and not isinstance(recorded, list) else 0.1


def _bare(text: str) -> str:
    return text.partition("/")[0] if IPV4.match(text) else text


def _id_of(item: dict[str, JSON]) -> JSON:
    return next(
        (item[name] for name in ("id", "access_key", "filesystem_id", "revision", "Key") if item.get(name)), None
    )


def _same_name(recorded: JSON, answered: JSON) -> bool:
    if not isinstance(recorded, dict) or not isinstance(answered, dict):
        return False
    names = [name for name in ("name", "address", "subnet", "email") if recorded.get(name)]
    return bool(names) and all(recorded[name] == answered.get(name) for name in names)
