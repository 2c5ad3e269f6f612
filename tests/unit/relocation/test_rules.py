"""What of an export is taken over, what is refused and why; how objects are cut into blocks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from apps.core.rules import Reason
from apps.relocation.rules import (
    MEBIBYTE,
    MOST_BLOCKS,
    SMALLEST_BLOCK,
    Block,
    Here,
    Kind,
    Line,
    Record,
    Verdict,
    block_size,
    blocks_of,
    pages_of,
    planned,
)
from tests.factories.relocation import ENTITLEMENT, LEAD, MANDATE, MEMBER, ORGANISATION, PROJECT, WHOLE, WORKSPACE

NOTHING = Here(
    {},
    (),
    (),
    (),
    ("permanent_access",),
    ("summary.summary_fr",),
    "steward@hdh.example",
    date(2026, 6, 1),
    lambda definition: (),
)


def records(**changed: list[dict[str, Any]]) -> list[Record]:
    """The whole export with the records of some kinds put in place of its own."""
    chosen = {**WHOLE, **{Kind(kind): ones for kind, ones in changed.items()}}
    return [Record(kind, one["id"], one, f"digest of {one['id']}") for kind, ones in chosen.items() for one in ones]


def plan(here: Here = NOTHING, **changed: list[dict[str, Any]]) -> dict[str, Line]:
    return {line.record.old_id: line for line in planned(records(**changed), here)}


def codes(line: Line) -> set[str]:
    return {reason.code for reason in line.why}


def test_a_whole_export_is_made_in_an_order_in_which_each_finds_what_it_refers_to() -> None:
    lines = planned(reversed(records()), NOTHING)

    assert [line.record.kind for line in lines] == sorted((line.record.kind for line in lines), key=list(Kind).index)
    assert {line.verdict for line in lines} == {Verdict.MAKE}


def test_an_export_answers_pages_of_the_form() -> None:
    definition = {"population": {"all": []}, "scope": {"tables": {"T": ["c"]}, "period": {"from": "a", "to": "b"}}}
    project = Record(Kind.PROJECT, "pr-1", {"public": {"summary.summary_fr": "Un résumé."}}, "")

    assert pages_of(project, definition) == {
        "population": {"population": {"all": []}},
        "variables": {"scope": {"T": ["c"]}},
        "period": {"data_from": "a", "data_to": "b"},
        "summary": {"summary_fr": "Un résumé."},
    }


def test_what_an_earlier_run_took_over_is_known_or_has_changed_since() -> None:
    known = {(Kind.ORGANISATION, "org-1"): "digest of org-1", (Kind.PERSON, "p-1"): "another digest"}

    found = plan(replace(NOTHING, known=known))

    assert found["org-1"].verdict is Verdict.KNOWN
    assert found["p-1"].verdict is Verdict.CHANGED
    assert found["pr-1"].verdict is Verdict.MAKE


def test_what_is_here_under_the_same_siren_or_address_is_tied_to_it() -> None:
    found = plan(replace(NOTHING, sirens={ORGANISATION["siren"]}, emails={"bo@reprise.example"}))

    assert (found["org-1"].verdict, found["p-2"].verdict, found["p-1"].verdict) == (
        Verdict.ADOPT, Verdict.ADOPT, Verdict.MAKE,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "record", "why"),
    [
        ("organisation", {"id": "org-1"}, Reason("field_missing", {"field": "siren"})),
        ("organisation", {**ORGANISATION, "kind": "other"}, Reason("field_wrong", {"field": "kind"})),
        ("organisation", {**ORGANISATION, "siren": "123456789"}, Reason("siren")),
        ("person", {**LEAD, "email": "no address"}, Reason("field_wrong", {"field": "email"})),
        ("person", {**LEAD, "given_name": " "}, Reason("field_wrong", {"field": "given_name"})),
        ("person", {**LEAD, "mandates": [{}]}, Reason("field_wrong", {"field": "mandates"})),
        ("person", {**LEAD, "mandates": ["x"]}, Reason("field_wrong", {"field": "mandates"})),
        (
            "person",
            {**LEAD, "mandates": [{**MANDATE, "organisation": "org-9"}]},
            Reason("not_there", {"kind": Kind.ORGANISATION, "id": "org-9"}),
        ),
        ("person", {**LEAD, "email": "Steward@hdh.example"}, Reason("own_mandate")),
        ("entitlement", {**ENTITLEMENT, "starts_on": "2025-13-01"}, Reason("field_wrong", {"field": "starts_on"})),
        ("entitlement", {**ENTITLEMENT, "ends_on": "2024-01-01"}, Reason("dates")),
        ("entitlement", {**ENTITLEMENT, "ends_on": "2026-05-31"}, Reason("ended", {"day": "2026-05-31"})),
        ("project", {**PROJECT, "path": "unknown"}, Reason("path", {"path": "unknown"})),
        ("project", {**PROJECT, "members": ["p-9"]}, Reason("not_there", {"kind": Kind.PERSON, "id": "p-9"})),
        ("project", {**PROJECT, "members": "p-2"}, Reason("field_wrong", {"field": "members"})),
        ("project", {**PROJECT, "id": "pr-2"}, Reason("no_entitlement")),
        ("project", {**PROJECT, "public": {"summary.summary_fr": 3}}, Reason("field_wrong", {"field": "public"})),
        ("project", {**PROJECT, "public": ["text"]}, Reason("field_wrong", {"field": "public"})),
        (
            "project",
            {**PROJECT, "public": {"summary.summary_fr": "Un résumé.", "team.notes": "Interne."}},
            Reason("not_public", {"field": "team.notes"}),
        ),
        ("workspace", {**WORKSPACE, "project": "pr-9"}, Reason("not_there", {"kind": Kind.PROJECT, "id": "pr-9"})),
        ("workspace", {**WORKSPACE, "prefix": 3}, Reason("field_wrong", {"field": "prefix"})),
    ],
)
def test_a_record_that_cannot_be_taken_over_is_refused_with_its_reason(
    kind: str, record: dict[str, Any], why: Reason
) -> None:
    refused = plan(**{kind: [record]})[record["id"]]

    assert refused.verdict is Verdict.REFUSE
    assert why in refused.why


def test_a_mandate_may_end_and_may_not_end_before_it_begins() -> None:
    ends: Mapping[str, Verdict] = {"2026-12-31": Verdict.MAKE, "2020-01-01": Verdict.REFUSE}
    for day, verdict in ends.items():
        assert plan(person=[{**LEAD, "mandates": [{**MANDATE, "ends_on": day}]}, MEMBER])["p-1"].verdict is verdict


def test_what_only_one_may_have_is_not_given_twice() -> None:
    again = {"id": "again"}

    assert codes(plan(organisation=[ORGANISATION, {**ORGANISATION, **again}])["again"]) == {"twice"}
    assert codes(plan(person=[LEAD, {**LEAD, **again, "email": "ADA@reprise.example"}])["again"]) == {"twice"}
    assert codes(plan(entitlement=[ENTITLEMENT, {**ENTITLEMENT, **again}])["again"]) == {"twice"}
    assert codes(plan(workspace=[WORKSPACE, {**WORKSPACE, **again}])["again"]) == {"twice"}
    assert "twice" in codes(plan(project=[PROJECT, {**PROJECT, **again}])["again"])
    assert [line.verdict for line in planned(records(organisation=[ORGANISATION] * 2), NOTHING)][:2] == [
        Verdict.MAKE, Verdict.REFUSE,
    ]  # fmt: skip


def test_a_definition_that_cannot_be_run_here_is_refused_with_the_engines_words() -> None:
    refused = plan(replace(NOTHING, problems_of=lambda definition: ("$: no such table.",)))

    assert refused["e-1"].why == (Reason("definition", {"problem": "$: no such table."}),)
    assert "no_entitlement" in codes(refused["pr-1"])
    assert codes(refused["w-1"]) == {"not_there"}


def test_an_entitlement_comes_with_its_project_or_not_at_all() -> None:
    found = plan(replace(NOTHING, numbers={"PF1-0042"}))

    assert codes(found["pr-1"]) == {"number"}
    assert found["e-1"].why == (Reason("not_there", {"kind": Kind.PROJECT, "id": "pr-1"}),)


def test_nobody_takes_over_a_project_of_their_own_team() -> None:
    own = {**MEMBER, "email": "steward@hdh.example", "mandates": []}

    assert codes(plan(person=[LEAD, own])["pr-1"]) == {"own_project"}


def test_objects_are_cut_into_no_more_blocks_than_the_storage_takes() -> None:
    assert blocks_of(0) == ()
    assert blocks_of(5) == (Block(1, 0, 5),)
    assert blocks_of(SMALLEST_BLOCK + 1) == (Block(1, 0, SMALLEST_BLOCK), Block(2, SMALLEST_BLOCK, 1))
    terabyte = 1024**4
    assert block_size(terabyte) % MEBIBYTE == 0
    assert len(blocks_of(terabyte)) <= MOST_BLOCKS
    assert sum(block.length for block in blocks_of(terabyte)) == terabyte
