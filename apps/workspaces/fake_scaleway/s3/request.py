"""One object storage request and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.workspaces.fake_scaleway.access import NOBODY, Principal
from apps.workspaces.fake_scaleway.s3.errors import S3Error
from apps.workspaces.fake_scaleway.world import World

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass
class S3Request:
    """`bucket` and `key` are "" where the request names none; header names are in lower case."""

    world: World
    method: str
    raw_path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    region: str
    bucket: str
    key: str
    principal: Principal = NOBODY

    @property
    def path(self) -> str:
        return f"/{self.bucket}" + (f"/{self.key}" if self.key else "")

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.query)

    def asked(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.query if key == name), default)

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)

    def number(self, name: str, default: int) -> int:
        text = self.asked(name) or str(default)
        if not text.isdigit():
            raise S3Error(400, "InvalidArgument", f"{name} must be a number", self.path)
        return int(text)


@dataclass
class S3Reply:
    """Status, body, headers; `body` text is sent as XML unless the headers say otherwise."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def xml_reply(content: str, status: int = 200) -> S3Reply:
    return S3Reply(status, (DECLARATION + content).encode(), {"Content-Type": "application/xml"})
