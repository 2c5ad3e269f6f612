"""One event, one spelling."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.canonical import LARGEST_INTEGER, Content, checked, event_bytes, utc_text
from apps.audit.standalone.verify_audit import canonical

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | text,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(text, parts, max_size=4),
    max_leaves=10,
)
contents = st.builds(
    Content,
    action=text,
    actor=text,
    at=st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)).map(utc_text),  # noqa: DTZ001
    data=st.dictionaries(text, plain, max_size=4),
    dossier_id=st.none() | st.uuids().map(str),
    object_id=text,
    object_kind=text,
    personal=st.none() | st.binary(max_size=40),
    reading=st.booleans(),
    request_id=text,
    subject=text,
    uid=st.uuids().map(str),
)


@given(contents)
def test_an_event_is_spelt_as_its_canonical_json(content: Content) -> None:
    spelt = event_bytes(content)
    document = json.loads(spelt)
    assert canonical(document) == spelt
    assert document["data"] == content.data
    assert document["v"] == 1
    assert set(document) == {*Content._fields, "v"}


@given(contents, st.data())
def test_another_event_is_spelt_otherwise(content: Content, data: st.DataObject) -> None:
    other = data.draw(contents)
    assert (event_bytes(content) == event_bytes(other)) == (content == other)


def test_the_spelling_of_version_1_never_changes() -> None:
    content = Content(
        action="application.submitted",
        actor="6f1fb33c-0000-4b1e-9c57-1a2b3c4d5e6f",
        at=utc_text(datetime(2027, 1, 31, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))),
        data={"b": [1, True, None], "a": 'é"\n'},
        dossier_id=None,
        object_id="1",
        object_kind="application",
        personal=b"\x00\xff",
        reading=False,
        request_id="",
        subject="x",
        uid="00000000-0000-4000-8000-000000000000",
    )
    assert event_bytes(content).decode() == (
        '{"action":"application.submitted","actor":"6f1fb33c-0000-4b1e-9c57-1a2b3c4d5e6f",'
        '"at":"2027-01-31T11:00:00.000005Z","data":{"a":"é\\"\\n","b":[1,true,null]},"dossier_id":null,'
        '"object_id":"1","object_kind":"application","personal":"AP8=","reading":false,"request_id":"",'
        '"subject":"x","uid":"00000000-0000-4000-8000-000000000000","v":1}'
    )


def test_a_moment_needs_its_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        utc_text(datetime(2027, 1, 1))  # noqa: DTZ001


@given(plain)
def test_plain_data_stay_as_they_are(value: object) -> None:
    assert checked(value) == value


@pytest.mark.parametrize("value", [0.5, {"a": [1.0]}, LARGEST_INTEGER + 1, {1: 2}, {"a": b"bytes"}, datetime.now(UTC)])
def test_data_without_a_single_spelling_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"audit data|keys of audit data"):
        checked(value)


def test_tuples_and_enumerations_become_plain() -> None:
    assert checked({"a": (1, 2)}) == {"a": [1, 2]}
