"""The pure rules of people and sign-in, line by line."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts import rules
from apps.accounts.rules import Act, BackOff, CodeKind, RecoveryStatus, SessionEnd
from apps.core.rules import Allowed, Reason, Refused, Role

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
ANYONE = {Role.ANYONE}
HALF = ANYONE | {Role.SIGNED_IN}
FULL = HALF | {Role.PERSON}


@pytest.mark.parametrize(
    ("action", "lowest"),
    [
        ("session.sign_in", ANYONE),
        ("session.confirm", HALF),
        ("session.enrol", HALF),
        ("session.identity_begin", ANYONE),
        ("session.identity_return", ANYONE),
        ("session.passkey_options", HALF),
        ("session.passkey_confirm", HALF),
        ("session.sign_out", ANYONE),
        ("language.choose", ANYONE),
        ("account.read", FULL),
        ("account.session_extend", FULL),
        ("account.sessions_end", FULL),
        ("account.password_change", FULL),
        ("account.factor_replace", FULL),
        ("account.recovery_codes_read", FULL),
        ("account.passkeys_read", FULL),
        ("account.step_up", FULL),
        ("account.step_up_options", FULL),
        ("account.recovery_codes_renew", FULL),
        ("account.passkey_options", FULL),
        ("account.passkey_add", FULL),
        ("account.passkey_remove", FULL),
        ("account.identity_link", FULL),
        ("account.identity_unlink", FULL),
    ],
)
def test_each_action_opens_at_its_level_of_sign_in_and_not_before(action: str, lowest: set[Role]) -> None:
    for roles in (set(), ANYONE, HALF, FULL):
        expected = Allowed() if lowest <= roles else Refused((Reason("role"),))
        assert rules.decide(action, roles) == expected


def test_the_table_above_is_complete() -> None:
    assert len(rules.ACTIONS) == 37


def test_what_changes_something_is_never_a_get_alone() -> None:
    posts = {action.name for action in rules.ACTIONS if action.methods == ("POST",)}
    assert posts == {
        "session.sign_out",
        "session.identity_begin",
        "account.identity_link",
        "account.identity_unlink",
        "session.passkey_options",
        "session.passkey_confirm",
        "language.choose",
        "account.session_end",
        "account.sessions_end",
        "account.step_up_options",
        "recovery.approve",
        "recovery.refuse",
        "staff_role.give",
        "staff_role.end",
        "account.passkey_options",
        "account.passkey_add",
    }


def test_changing_a_secret_asks_for_a_second_factor() -> None:
    asked = {action.name for action in rules.ACTIONS if action.second_factor}
    assert asked == {
        "session.password_reset",
        "account.password_change",
        "account.identity_link",
        "account.identity_unlink",
        "account.step_up",
        "recovery.approve",
        "staff_role.give",
        "staff_role.end",
        "account.factor_replace",
        "account.recovery_codes_renew",
        "account.passkey_add",
        "account.passkey_remove",
    }


def test_nobody_gives_a_role_to_themselves() -> None:
    assert rules.decide_role_grant(giver_id="a", receiver_id="a") == Refused((Reason("own_role"),))
    assert rules.decide_role_grant(giver_id="a", receiver_id="b") == Allowed()
    assert rules.decide_role_grant(giver_id="", receiver_id="b") == Allowed()


@pytest.mark.parametrize("siren", ["732829320", "000000018", "552100554"])
def test_a_siren_with_the_right_key_is_valid(siren: str) -> None:
    assert rules.siren_is_valid(siren)


@pytest.mark.parametrize("siren", ["732829321", "", "73282932", "7328293200", "73282932a", "٧٣٢٨٢٩٣٢٠", "732829320\n"])
def test_a_siren_of_wrong_shape_or_key_is_not(siren: str) -> None:
    assert not rules.siren_is_valid(siren)


@given(st.integers(0, 99_999_999), st.integers(0, 8), st.integers(1, 9))
def test_changing_any_one_digit_of_a_siren_breaks_its_key(stem: int, place: int, shift: int) -> None:
    siren = next(f"{stem:08d}{key}" for key in range(10) if rules.siren_is_valid(f"{stem:08d}{key}"))
    changed = str((int(siren[place]) + shift) % 10)
    assert not rules.siren_is_valid(siren[:place] + changed + siren[place + 1 :])


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "current"),
    [
        (date(2027, 3, 1), None, True),
        (date(2027, 3, 1), date(2027, 3, 1), True),
        (date(2027, 2, 1), date(2027, 2, 28), False),
        (date(2027, 3, 2), None, False),
    ],
)
def test_a_mandate_holds_on_both_of_its_days(starts_on: date, ends_on: date | None, current: bool) -> None:
    assert rules.is_current(starts_on, ends_on, date(2027, 3, 1)) is current


@pytest.mark.parametrize(
    ("password", "repetitive"),
    [
        ("passwordpassword", True),
        ("motdepassemotdepassemotdepasse", True),
        ("aaaaaaaaaaaaaaaa", True),
        ("ababababababababa", True),
        ("abcdeabcdeabcdea", True),
        ("abcdefabcdefabcd", False),
        ("quinze lettres !", False),
    ],
)
def test_a_long_password_made_of_a_short_one_is_recognised(password: str, repetitive: bool) -> None:
    assert rules.is_repetitive(password) is repetitive


def test_back_off_is_free_then_doubles_then_stays_below_its_ceiling() -> None:
    back_off = BackOff(free=2, first=timedelta(seconds=5), ceiling=timedelta(seconds=30), forget=timedelta(days=1))
    waits = [back_off.wait_after(failures).total_seconds() for failures in range(1, 8)]
    assert waits == [0, 0, 5, 10, 20, 30, 30]


@pytest.mark.parametrize("back_off", [rules.ACCOUNT_BACK_OFF, rules.ADDRESS_BACK_OFF, rules.FACTOR_BACK_OFF])
def test_no_number_of_failures_shuts_anybody_out_for_long(back_off: BackOff) -> None:
    assert back_off.wait_after(10**6) == back_off.ceiling <= timedelta(minutes=15)


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_one_visitor_counts_as_one_address(address: str, group: str) -> None:
    assert rules.address_group(address) == group


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("123456", CodeKind.TOTP),
        (" 123 456 ", CodeKind.TOTP),
        ("abcd efgh-2345", CodeKind.RECOVERY),
        ("12345", None),
        ("1234567", None),
        ("ABCDEFGH1890", None),
        ("١٢٣٤٥٦", None),
        ("", None),
    ],
)
def test_a_code_is_known_by_its_shape_however_it_is_spaced(typed: str, kind: CodeKind | None) -> None:
    assert rules.code_kind(rules.code_normalised(typed)) == kind


def test_groups_make_a_secret_legible() -> None:
    assert rules.in_groups("ABCDEFGHIJ") == "ABCD EFGH IJ"


@pytest.mark.parametrize(
    ("roles", "verified", "limits"),
    [
        (set(), False, rules.HALF_OPEN_LIMITS),
        (set(), True, rules.PERSON_LIMITS),
        ({Role.STEWARD}, True, rules.STAFF_LIMITS),
        ({Role.AUDITOR}, True, rules.STAFF_LIMITS),
        ({Role.OPERATOR}, True, rules.STAFF_LIMITS),
        ({Role.MEMBER}, True, rules.PERSON_LIMITS),
    ],
)
def test_staff_sessions_are_shorter(roles: set[Role], verified: bool, limits: rules.SessionLimits) -> None:
    assert rules.limits_for(roles, verified=verified) == limits


def test_the_limits_are_those_of_the_security_design() -> None:
    assert timedelta(minutes=30) == rules.PERSON_LIMITS.idle
    assert timedelta(hours=12) == rules.PERSON_LIMITS.absolute
    assert timedelta(minutes=15) == rules.STAFF_LIMITS.idle
    assert timedelta(hours=8) == rules.STAFF_LIMITS.absolute


@pytest.mark.parametrize(
    ("started_minutes", "seen_minutes", "end"),
    [
        (0, 0, None),
        (29, 29, None),
        (30, 30, SessionEnd.IDLE),
        (700, 29, None),
        (720, 1, SessionEnd.ABSOLUTE),
        (800, 800, SessionEnd.ABSOLUTE),
    ],
)
def test_a_session_ends_by_idleness_or_by_age(started_minutes: int, seen_minutes: int, end: SessionEnd | None) -> None:
    ago = [NOW - timedelta(minutes=minutes) for minutes in (started_minutes, seen_minutes)]
    assert rules.session_end(started=ago[0], seen=ago[1], now=NOW, limits=rules.PERSON_LIMITS) == end


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Version/18.0 Safari/605.1", "Safari, macOS"),
        ("curl/8", ""),
    ],
)
def test_a_browser_is_named_so_that_its_owner_recognises_it(agent: str, label: str) -> None:
    assert rules.browser_label(agent) == label


@pytest.mark.parametrize(
    ("seen_minutes", "started_minutes", "left_minutes"),
    [(0, 0, 30), (10, 60, 20), (0, 12 * 60 - 5, 5), (40, 60, 0), (0, 13 * 60, 0)],
)
def test_what_is_left_of_a_session_is_the_shorter_of_its_two_limits(
    seen_minutes: int, started_minutes: int, left_minutes: int
) -> None:
    now = datetime(2027, 3, 1, 12, tzinfo=UTC)
    left = rules.session_left(
        started=now - timedelta(minutes=started_minutes),
        seen=now - timedelta(minutes=seen_minutes),
        now=now,
        limits=rules.PERSON_LIMITS,
    )
    assert left == timedelta(minutes=left_minutes)


@pytest.mark.parametrize(
    ("by", "first", "status", "reasons"),
    [
        ("a", "", RecoveryStatus.ASKED, []),
        ("b", "a", RecoveryStatus.VOUCHED, []),
        ("a", "a", RecoveryStatus.VOUCHED, ["same_steward"]),
        ("p", "a", RecoveryStatus.VOUCHED, ["own_recovery"]),
        ("b", "a", RecoveryStatus.WAITING, ["state"]),
        ("p", "p", RecoveryStatus.DONE, ["own_recovery", "same_steward", "state"]),
    ],
)
def test_two_different_stewards_vouch_for_somebody_else(
    by: str, first: str, status: RecoveryStatus, reasons: list[str]
) -> None:
    decision = rules.decide_recovery_approval(by=by, person="p", first_by=first, status=status)
    assert [reason.code for reason in getattr(decision, "reasons", ())] == reasons
    assert isinstance(decision, Allowed) == (not reasons)


def test_a_confirmation_is_for_one_act_in_its_challenge_too() -> None:
    acts = [Act("a", "1", "x"), Act("b", "1", "x"), Act("a", "2", "x"), Act("a", "1", "y"), Act("a", "1x", "")]
    purposes = {act.challenge_purpose for act in acts}
    assert len(purposes) == len(acts)
    assert max(map(len, purposes)) <= 40


@pytest.mark.parametrize(("typed", "is_answer"), [(' {"id": "x"}', True), ("123456", False), ("", False)])
def test_an_answer_of_a_browser_is_told_from_a_code(typed: str, is_answer: bool) -> None:
    assert rules.is_passkey_answer(typed) == is_answer


NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GOOD_CLAIMS = {
    "iss": "https://provider.example",
    "sub": "martin",
    "aud": "portal",
    "iat": NOW.timestamp() - 1,
    "exp": NOW.timestamp() + 300,
}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"aud": ["portal"]}, ""),
        ({"aud": ["portal", "other"], "azp": "portal"}, ""),
        ({"exp": NOW.timestamp() - 30}, ""),
        ({"iss": "https://provider.example/"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": ["portal", "other"]}, "authorized_party"),
        ({"azp": "other"}, "authorized_party"),
        ({"exp": NOW.timestamp() - 61}, "expired"),
        ({"exp": "tomorrow"}, "expired"),
        ({"iat": NOW.timestamp() - 601}, "too_old"),
        ({"iat": NOW.timestamp() + 61}, "too_early"),
        ({"sub": ""}, "subject"),
        ({"sub": 7}, "subject"),
        ({"sub": "x" * 256}, "subject"),
    ],
)
def test_what_an_id_token_must_say(change: dict[str, object], problem: str) -> None:
    claims = {**GOOD_CLAIMS, **change}
    assert rules.claims_problem(claims, issuer="https://provider.example", client_id="portal", now=NOW) == problem
