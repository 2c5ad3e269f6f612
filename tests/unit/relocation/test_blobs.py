"""Reading the previous platform: only GET is ever sent, every slice is checked, passing failures are waited out."""

import pytest

from apps.relocation.providers.blobs import (
    SLICE,
    Blob,
    BlobSource,
    Place,
    SourceChanged,
    SourceError,
    _blob,
    _tree,
    place_from,
    signed,
)
from apps.workspaces.providers.scaleway.secrets import Hidden
from tests.support.blob_account import KEY, SAS, Account, source

CONTAINER = "projet-1"


@pytest.fixture
def account() -> Account:
    made = Account()
    made.containers[CONTAINER] = {f"notes/é {number}.ipynb": bytes([number]) * 10 for number in range(7)}
    return made


def only(reader: BlobSource, name: str) -> Blob:
    return next(one for one in reader.blobs(CONTAINER) if one.name == name)


@pytest.mark.parametrize("sas", [False, True])
def test_a_container_is_listed_page_by_page_and_read(account: Account, sas: bool) -> None:
    reader = source(account, sas=sas)

    found = list(reader.blobs(CONTAINER, "notes/"))

    assert [one.name for one in found] == [f"notes/é {number}.ipynb" for number in range(7)]
    assert reader.read(CONTAINER, found[3], 2, 5) == bytes([3]) * 5
    assert {method for method, _ in account.requests} == {"GET"}


def test_a_long_stretch_is_read_in_slices_that_the_service_gives_checksums_for(account: Account) -> None:
    content = bytes(range(256)) * (SLICE // 256) + b"the end"
    account.containers[CONTAINER]["large"] = content
    reader = source(account)

    assert reader.read(CONTAINER, only(reader, "large"), 0, len(content)) == content
    assert sum("/large" in url for _, url in account.requests) == 2


def test_what_is_damaged_on_the_way_is_asked_for_again_and_never_taken(account: Account) -> None:
    reader = source(account)
    blob = only(reader, "notes/é 1.ipynb")
    account.spoil = 1
    assert reader.read(CONTAINER, blob, 0, 10) == bytes([1]) * 10

    account.spoil = 1000
    with pytest.raises(SourceError, match="checksum"):
        reader.read(CONTAINER, blob, 0, 10)


def test_an_object_that_changes_or_goes_meanwhile_is_said_to(account: Account) -> None:
    reader = source(account)
    changed, gone = list(reader.blobs(CONTAINER))[:2]
    account.containers[CONTAINER][changed.name] = b"another version"
    del account.containers[CONTAINER][gone.name]

    for blob in (changed, gone):
        with pytest.raises(SourceChanged):
            reader.read(CONTAINER, blob, 0, 10)


def test_passing_failures_are_waited_out_longer_each_time(account: Account) -> None:
    waited: list[float] = []
    reader = source(account, waited=waited)
    account.answers = [503, "reset", 500]

    assert len(list(reader.blobs(CONTAINER))) == 7
    assert waited == [1.0, 2.0, 4.0]


def test_a_refusal_is_not_asked_again_and_tells_no_secret(account: Account) -> None:
    account.containers.clear()
    with pytest.raises(SourceError, match="404 ContainerNotFound") as raised:
        list(source(account, sas=True).blobs(CONTAINER))

    assert len(account.requests) == 1
    assert SAS not in str(raised.value)
    account.answers = [503] * 6
    with pytest.raises(SourceError, match="503"):
        list(source(account).blobs(CONTAINER))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "https"),
        ({"HDH_RELOCATION_SOURCE": "http://ancienne.example"}, "https"),
        ({"HDH_RELOCATION_SOURCE": "https://a.example"}, "one of"),
        (
            {"HDH_RELOCATION_SOURCE": "https://a.example", "HDH_RELOCATION_KEY": "k", "HDH_RELOCATION_SAS": "s"},
            "one of",
        ),
    ],
)
def test_a_place_that_is_not_whole_is_refused(values: dict[str, str], why: str) -> None:
    with pytest.raises(SourceError, match=why):
        place_from(values)


def test_the_signature_is_that_of_the_services_own_rules() -> None:
    """Computed once with the service's published rules, by hand."""
    place = Place("https://a.example", "ancienne", Hidden(KEY), Hidden(""))
    headers = {"x-ms-version": "2021-12-02", "x-ms-date": "Mon, 01 Jun 2026 00:00:00 GMT"}

    assert (
        signed(place, "/c", {"restype": "container", "comp": "list"}, headers)
        == "N1DFtdcEb8+WG7hwYlSvBMr7Cqz6BOhweKnmPty4X+Y="
    )


def test_a_listing_that_is_none_is_refused_and_names_are_decoded() -> None:
    for content in (b"<!DOCTYPE x>", b"<a>", b"\xff"):
        with pytest.raises(SourceError, match="no list"):
            _tree(content)
    entry = '<Blob><Name Encoded="true">a%EF%BF%BEb</Name><Properties><Etag>"0x1"</Etag></Properties></Blob>'

    assert _blob(_tree(entry.encode())) == Blob("a\ufffeb", 0, '"0x1"')
    assert _blob(_tree(b"<Blob/>")) is None
