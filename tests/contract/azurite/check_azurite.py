"""The reader of the previous platform against Azurite: listing, signatures, checksums; and a whole copy to the imitated
Scaleway. `make test-relocation`; not part of the suite, for it installs Azurite by npm."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests

from apps.relocation.copying import FOLDER, Mover
from apps.relocation.management.commands import relocation_copy
from apps.relocation.models import Store
from apps.relocation.providers.blobs import VERSION, BlobSource, SourceChanged, SourceError, place_from
from apps.workspaces.models import Workspace
from tests.support.cloud_workers import Bench

ACCOUNT = "devstoreaccount1"
# Azurite's published development key: no secret.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq" + "/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = "projet-1"
CONTENTS = {
    "notes/é & co (1).ipynb": b"{}",
    "empty": b"",
    "large.parquet": bytes(range(256)) * (18 * 1024 * 4) + b".",
    **{f"many/{number:04}.csv": str(number).encode() for number in range(1010)},
}


def send(address: str, path: str, query: dict[str, str], content: bytes = b"", **headers: str) -> None:
    """A PUT of the owner's, whom the reader never is."""
    own = {"x-ms-date": format_datetime(datetime.now(UTC), usegmt=True), "x-ms-version": VERSION, **headers}
    signed_headers = "\n".join(f"{name}:{value}" for name, value in sorted(own.items()))
    place = f"/{ACCOUNT}/{ACCOUNT}/{path}" + "".join(f"\n{name}:{value}" for name, value in sorted(query.items()))
    length = str(len(content)) if content else ""
    text = "\n".join(["PUT", "", "", length, *[""] * 8, signed_headers, place])
    signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    answer = requests.put(
        f"{address}/{ACCOUNT}/{path}",
        params=query,
        data=content,
        headers={**own, "Authorization": f"SharedKey {ACCOUNT}:{signature}", "Content-Type": ""},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text


def put(address: str, name: str, content: bytes) -> None:
    send(address, f"{CONTAINER}/{quote(name)}", {}, content, **{"x-ms-blob-type": "BlockBlob"})


@pytest.fixture(scope="session")
def filled(azurite: str) -> str:
    send(azurite, CONTAINER, {"restype": "container"})
    for name, content in CONTENTS.items():
        put(azurite, name, content)
    return azurite


def signature_to_read_and_list() -> str:
    """An account's shared access signature with the rights to read and to list alone."""
    expiry = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = {
        "sp": "rl",
        "ss": "b",
        "srt": "co",
        "st": "",
        "se": expiry,
        "sip": "",
        "spr": "",
        "sv": VERSION,
        "ses": "",
    }
    text = "\n".join([ACCOUNT, *fields.values(), ""])
    signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    return urlencode({**{name: value for name, value in fields.items() if value}, "sig": signature})


def reader(address: str, methods: list[str], **secret: str) -> BlobSource:
    """The reader, with every method it sends written down."""
    session = requests.Session()
    session.hooks["response"].append(lambda answer, *_, **__: methods.append(answer.request.method))
    values = {"HDH_RELOCATION_SOURCE": f"{address}/{ACCOUNT}", "HDH_RELOCATION_ACCOUNT": ACCOUNT, **secret}
    return BlobSource(place_from(values), session=session, wait=lambda seconds: None)


@pytest.mark.parametrize("way", ["key", "signature"])
def test_everything_is_listed_and_read_by_either_secret(filled: str, way: str) -> None:
    methods: list[str] = []
    secret = {"HDH_RELOCATION_KEY": KEY} if way == "key" else {"HDH_RELOCATION_SAS": signature_to_read_and_list()}
    source = reader(filled, methods, **secret)

    found = {one.name: one for one in source.blobs(CONTAINER)}

    assert {name: one.size for name, one in found.items()} == {name: len(one) for name, one in CONTENTS.items()}
    for name in ("notes/é & co (1).ipynb", "large.parquet"):
        assert source.read(CONTAINER, found[name], 0, len(CONTENTS[name])) == CONTENTS[name]
    assert set(methods) == {"GET"}


def test_a_version_that_is_no_more_and_a_wrong_key_are_refused(filled: str) -> None:
    source = reader(filled, [], HDH_RELOCATION_KEY=KEY)
    put(filled, "changes", b"before")
    blob = next(iter(source.blobs(CONTAINER, "changes")))
    put(filled, "changes", b"after")

    with pytest.raises(SourceChanged):
        source.read(CONTAINER, blob, 0, 6)
    with pytest.raises(SourceError, match="403"):
        list(reader(filled, [], HDH_RELOCATION_KEY=base64.b64encode(b"wrong").decode()).blobs(CONTAINER))
    with pytest.raises(SourceError, match="404"):
        list(source.blobs("nowhere"))


@pytest.mark.django_db
def test_a_whole_container_moves_and_the_source_is_only_read(
    filled: str, bench: Bench, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relocation_copy, "configured_provider", lambda name: bench.provider)
    while bench.current(workspace) != "bucket_airlock":
        bench.finish_step(workspace)
    store = Store.objects.create(workspace=workspace, container=CONTAINER, prefix="")
    wanted = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
    destination: Any = relocation_copy.destination_of(workspace)
    methods: list[str] = []

    Mover(store, reader(filled, methods, HDH_RELOCATION_KEY=KEY), destination, lambda seconds: None).run()

    verified = dict(store.objects_here.filter(status="verified").values_list("name", "sha256"))
    assert {name: verified.get(name) for name in wanted} == wanted
    assert destination.size_of(FOLDER + "large.parquet") == len(CONTENTS["large.parquet"])
    assert set(methods) == {"GET"}
