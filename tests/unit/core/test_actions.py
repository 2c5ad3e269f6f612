"""Who may enter a view, before any object is looked at."""

import pytest

from apps.core.actions import may_enter, needs_only_sign_in
from apps.core.middleware import allowed_methods, innermost_frame
from apps.core.rules import Action, Role

NOBODY = frozenset({Role.ANYONE})
ONE_FACTOR = NOBODY | {Role.SIGNED_IN}
VERIFIED = ONE_FACTOR | {Role.PERSON}
STEWARD = VERIFIED | {Role.STEWARD}

PUBLIC = Action("public", frozenset({Role.ANYONE}))
OF_MEMBERS = Action("members", frozenset({Role.MEMBER}))
OF_STEWARDS = Action("stewards", frozenset({Role.STEWARD}))
OF_PEOPLE = Action("people", frozenset({Role.PERSON}))


@pytest.mark.parametrize(
    ("action", "roles", "enters", "sign_in_helps"),
    [
        (PUBLIC, NOBODY, True, False),
        (OF_PEOPLE, NOBODY, False, True),
        (OF_PEOPLE, ONE_FACTOR, False, True),
        (OF_PEOPLE, VERIFIED, True, False),
        (OF_MEMBERS, NOBODY, False, True),
        (OF_MEMBERS, ONE_FACTOR, False, True),
        (OF_MEMBERS, VERIFIED, True, False),
        (OF_STEWARDS, NOBODY, False, True),
        (OF_STEWARDS, VERIFIED, False, False),
        (OF_STEWARDS, STEWARD, True, False),
    ],
)
def test_a_view_lets_in_by_role_and_level_of_sign_in(action, roles, enters, sign_in_helps):
    assert may_enter(action, roles) is enters
    assert needs_only_sign_in(action, roles) is sign_in_helps


def test_head_goes_wherever_get_goes():
    assert allowed_methods(("GET", "POST")) == ["GET", "HEAD", "POST"]
    assert allowed_methods(("POST",)) == ["POST"]


def test_an_unexpected_error_is_located_without_its_message():
    try:
        raise ValueError("a name that must not be logged")
    except ValueError as error:
        assert innermost_frame(error).startswith("tests.unit.core.test_actions:")
    assert innermost_frame(ValueError()) == ""
