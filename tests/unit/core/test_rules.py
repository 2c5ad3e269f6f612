"""The permission table's mechanics."""

import pytest

from apps.core.rules import Action, Allowed, Reason, Refused, Role, action_named, decide_by_table

TABLE = (
    Action("thing.read", frozenset({Role.PERSON})),
    Action("thing.decide", frozenset({Role.STEWARD}), states=frozenset({"submitted"}), methods=("POST",)),
)


@pytest.mark.parametrize(
    ("name", "roles", "state", "expected"),
    [
        ("thing.read", {Role.PERSON}, "draft", Allowed()),
        ("thing.read", set(), "draft", Refused((Reason("role"),))),
        ("thing.decide", {Role.STEWARD}, "submitted", Allowed()),
        ("thing.decide", {Role.STEWARD}, "draft", Refused((Reason("state", {"state": "draft"}),))),
        ("thing.decide", {Role.PERSON}, "submitted", Refused((Reason("role"),))),
        ("thing.decide", {Role.PERSON}, "draft", Refused((Reason("role"), Reason("state", {"state": "draft"})))),
    ],
)
def test_the_table_decides_and_gives_every_reason(name, roles, state, expected):
    assert decide_by_table(TABLE, name, roles, state) == expected


def test_an_undeclared_action_is_a_programming_error():
    with pytest.raises(KeyError, match=r"thing\.delete"):
        action_named(TABLE, "thing.delete")
