"""Where sources and deliveries stand: folders, or prefixes in an object store.

``ObjectPath`` answers to what the engine asks of ``pathlib.Path`` when it reads, so that a source in a bucket is read
like one on a disk. Endpoint and credentials are boto3's own affair: ``AWS_ENDPOINT_URL_S3``, ``AWS_ACCESS_KEY_ID``…
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any

from fsspec.spec import AbstractFileSystem

SCHEME = "s3"
READ_AHEAD = 1 << 20
DIGEST = "sha256"
"""The name under which the hash of an object is kept beside it."""
ABSENT = frozenset({"404", "NoSuchKey", "NoSuchBucket"})


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """Size, and a stamp that is another when the object was written again, under the names of ``os.stat_result``.

    ``sha256`` is the hash that whoever wrote the object left beside it, empty when none was left.
    """

    st_size: int
    st_mtime_ns: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class ObjectPath:
    """An object, or a prefix, of a bucket. Raises ``FileNotFoundError`` and ``OSError`` as a path would."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{SCHEME}://{self.bucket}/{self.key}"

    def __truediv__(self, name: str) -> "ObjectPath":
        return ObjectPath(self.bucket, f"{self.key}/{name}".strip("/"))

    @property
    def name(self) -> str:
        """The last part."""
        return self.key.rpartition("/")[2]

    @property
    def parent(self) -> "ObjectPath":
        """The prefix that holds it."""
        return ObjectPath(self.bucket, self.key.rpartition("/")[0])

    def stat(self) -> ObjectStat:
        """Size and version: the ETag and the moment it was written."""
        with _as_os_errors(self):
            found = _client().head_object(Bucket=self.bucket, Key=self.key)
        stamp = f"{found['ETag']} {found['LastModified'].isoformat()}"
        return ObjectStat(found["ContentLength"], stamp, found["Metadata"].get(DIGEST, ""))

    def read_bytes(self) -> bytes:
        """The whole object."""
        with _as_os_errors(self):
            content: bytes = _client().get_object(Bucket=self.bucket, Key=self.key)["Body"].read()
        return content

    def read_range(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` to before ``end``."""
        with _as_os_errors(self):
            answer = _client().get_object(Bucket=self.bucket, Key=self.key, Range=f"bytes={start}-{end - 1}")
            content: bytes = answer["Body"].read()
        return content

    def open(self, mode: str = "rb") -> BufferedReader:
        """The object as a stream that can be moved in; what is asked for is fetched, and a little more."""
        return BufferedReader(_Ranges(self, self.stat().st_size), READ_AHEAD)

    def files(self) -> Iterator["ObjectPath"]:
        """The objects under this prefix, sorted."""
        with _as_os_errors(self):
            pages = _client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{self.key}/")
            for page in pages:
                for found in page.get("Contents", ()):
                    yield ObjectPath(self.bucket, found["Key"])

    def glob(self, pattern: str) -> Iterator["ObjectPath"]:
        """The objects directly under this prefix whose name ends as the pattern ``*.ending`` says."""
        return (one for one in self.files() if one.parent == self and one.name.endswith(pattern.removeprefix("*")))

    def put(self, file: Path, sha256: str = "") -> None:
        """Write the object from a file, its hash beside it; it appears whole, or not at all."""
        beside = {"Metadata": {DIGEST: sha256}} if sha256 else {}
        with _as_os_errors(self):
            _client().upload_file(str(file), self.bucket, self.key, ExtraArgs=beside)

    def write_bytes(self, content: bytes) -> None:
        """Write a small object."""
        with _as_os_errors(self):
            _client().put_object(Bucket=self.bucket, Key=self.key, Body=content)

    def unlink(self) -> None:
        """Remove the object, if it is there."""
        with _as_os_errors(self):
            _client().delete_object(Bucket=self.bucket, Key=self.key)

    def abandon_uploads(self) -> None:
        """Forget the parts of objects under this prefix that were begun and never became an object."""
        with _as_os_errors(self):
            pages = (
                _client().get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=f"{self.key}/")
            )
            for begun in [one for page in pages for one in page.get("Uploads", ())]:
                named = {"Bucket": self.bucket, "Key": begun["Key"], "UploadId": begun["UploadId"]}
                _client().abort_multipart_upload(**named)


Place = Path | ObjectPath


def place_of(text: str) -> Place:
    """A folder or file by its path, or an object or prefix by its address ``s3://bucket/…``."""
    if not text.startswith(f"{SCHEME}://"):
        return Path(text)
    bucket, _, key = text.removeprefix(f"{SCHEME}://").partition("/")
    return ObjectPath(bucket, key.strip("/"))


def files_under(place: Place) -> tuple[str, ...]:
    """The names of the files under a place, relative to it, sorted; none when there is no such place."""
    if isinstance(place, Path):
        return tuple(sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if not path.is_dir()))
    return tuple(sorted(str(one)[len(str(place)) + 1 :] for one in place.files()))


def is_free(place: Place) -> bool:
    """Whether nothing stands there yet, not even an empty file."""
    if isinstance(place, ObjectPath):
        return not any(True for _ in place.files())
    return not place.exists() or (place.is_dir() and not any(place.iterdir()))


@contextmanager
def fetched(place: Place, folder: Path | None = None) -> Iterator[Path]:
    """A file: itself, or a copy of the object, in ``folder`` if given, that lasts as long as the block."""
    if isinstance(place, Path):
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="hdh-object-", dir=folder) as directory:
        copy = Path(directory) / place.name
        fetch(place, copy)
        yield copy


def fetch(one: ObjectPath, file: Path) -> None:
    """Copy an object to a file, whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _as_os_errors(one):
        _client().download_file(one.bucket, one.key, str(file))


class ObjectFiles(AbstractFileSystem):  # type: ignore[misc]
    """Objects as DuckDB reads them: by ranges, through this process, without an extension to download."""

    protocol = SCHEME
    cachable = False

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Size and kind of one object."""
        return {"name": path, "size": place_of(self.unstrip_protocol(path)).stat().st_size, "type": "file"}

    def modified(self, path: str) -> datetime:
        """The same for ever: what was read once is never kept for later, and changes are noticed by the engine."""
        return datetime(1970, 1, 1, tzinfo=UTC)

    def open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        """One object to read."""
        return place_of(self.unstrip_protocol(path)).open("rb")


class _Ranges(RawIOBase):
    """An object read where it is asked for."""

    def __init__(self, path: ObjectPath, size: int) -> None:
        self._path, self._size, self._place = path, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + (0, self._place, self._size)[whence]
        return self._place

    def readinto(self, buffer: Any) -> int:
        end = min(self._place + len(buffer), self._size)
        if end <= self._place:
            return 0
        content = self._path.read_range(self._place, end)
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)


@cache
def _client() -> Any:
    """One client for the process, with connections of its own; boto3's clients may be shared by threads."""
    import boto3  # a fifth of a second, which an extract between folders does without

    return boto3.session.Session().client("s3")


@contextmanager
def _as_os_errors(path: ObjectPath) -> Iterator[None]:
    """What a store refuses, in the words of a file system."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in ABSENT:
            raise FileNotFoundError(f"{path} does not exist") from None
        raise OSError(f"{path}: the object store answered {code}") from None
    except BotoCoreError as error:
        raise OSError(f"{path}: the object store cannot be reached ({type(error).__name__})") from None
