"""The rules of organisations, invitations and accreditation, to the last branch."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from apps.core.rules import Allowed, Refused, Role
from apps.people import policy, rules, wording
from apps.people.rules import AccreditationFacts, Period, State, TrainingRule

TODAY = date(2027, 3, 15)
DAY = timedelta(days=1)
KEEPERS = {Role.STEWARD, Role.OPERATOR, Role.ADMINISTRATOR}


@pytest.mark.parametrize(
    "action",
    ["organisation.read", "mandate.change", "mandate.end", "invitation.send", "accreditation.examine"],
)
@pytest.mark.parametrize("role", Role)
def test_an_organisation_is_kept_by_its_administrators_stewards_and_operators(action: str, role: Role) -> None:
    assert (rules.decide(action, {role}) == Allowed()) == (role in KEEPERS)


def test_nobody_changes_what_they_themselves_may_do() -> None:
    decision = rules.decide("mandate.change", {Role.ADMINISTRATOR}, is_own=True)
    assert isinstance(decision, Refused)
    assert [reason.code for reason in decision.reasons] == ["own_grant"]


def test_every_reason_is_told_at_once() -> None:
    decision = rules.decide("invitation.resend", {Role.PERSON}, state="accepted", is_own=True)
    assert isinstance(decision, Refused)
    assert [reason.code for reason in decision.reasons] == ["role", "state", "own_grant"]


def test_a_link_expires_at_its_last_instant() -> None:
    end = datetime(2027, 3, 15, 12, tzinfo=UTC)
    assert not rules.is_expired(end, end - timedelta(microseconds=1))
    assert rules.is_expired(end, end)


@pytest.mark.parametrize(
    ("typed", "valid"),
    [
        ("0000-0002-1825-0097", True),  # the examples of ORCID's own documentation
        ("0000-0001-5109-3700", True),
        ("https://orcid.org/0000-0002-1694-233X", True),
        ("0000 0002 1694 233x", True),
        ("0000-0002-1825-0096", False),
        ("0000-0002-1694-2339", False),
        ("0000-0002-1825", False),
        ("0000-000X-1825-0097", False),
        ("", False),
    ],
)
def test_an_orcid_carries_its_key(typed: str, valid: bool) -> None:
    assert rules.orcid_is_valid(rules.orcid_normalised(typed)) == valid


def test_an_orcid_is_written_in_groups_of_four() -> None:
    assert rules.orcid_normalised(" https://orcid.org/000000021694233x ") == "0000-0002-1694-233X"


@pytest.mark.parametrize("place", range(15))
def test_one_wrong_digit_of_an_orcid_is_always_seen(place: int) -> None:
    right = "0000000218250097"
    for digit in set("0123456789") - {right[place]}:
        assert not rules.orcid_is_valid(right[:place] + digit + right[place + 1 :])


@pytest.mark.parametrize(
    ("address", "professional"),
    [
        ("camille@chu.fr", True),
        ("camille@gmail.com", False),
        ("camille@mail.GMAIL.com", False),
        ("camille@notgmail.com", True),
    ],
)
def test_an_address_of_a_provider_for_anybody_is_not_professional(address: str, professional: bool) -> None:
    assert rules.is_professional(address, {"gmail.com"}) == professional


RULES = (TrainingRule(date(2017, 1, 1), 730, "first text"), TrainingRule(date(2024, 5, 6), 365, "second text"))


@pytest.mark.parametrize(
    ("completed", "expiry"),
    [
        (date(2016, 12, 31), None),
        (date(2017, 1, 1), date(2019, 1, 1)),
        (date(2024, 5, 5), date(2026, 5, 5)),
        (date(2024, 5, 6), date(2025, 5, 6)),
    ],
)
def test_a_training_counts_by_the_rule_of_its_day(completed: date, expiry: date | None) -> None:
    assert rules.training_expiry(completed, RULES) == expiry


def test_the_policy_says_how_long_a_training_counts_today() -> None:
    expiry = rules.training_expiry(TODAY, policy.training_rules())
    assert expiry == TODAY + timedelta(days=365)
    assert all(rule.source for rule in policy.training_rules())
    assert "gmail.com" in policy.consumer_domains()


@pytest.mark.parametrize(
    ("period", "otherwise", "state"),
    [
        (None, State.MISSING, State.MISSING),
        (None, State.PENDING, State.PENDING),
        (Period(TODAY + DAY), State.MISSING, State.NOT_YET),
        (Period(TODAY), State.MISSING, State.MET),
        (Period(TODAY - DAY, TODAY), State.MISSING, State.MET),
        (Period(TODAY - DAY, TODAY - DAY), State.MISSING, State.ENDED),
        (Period(TODAY - DAY, TODAY - DAY), State.PENDING, State.PENDING),
    ],
)
def test_a_condition_holds_between_its_days(period: Period | None, otherwise: State, state: State) -> None:
    found = rules.dated_condition("training", period, TODAY, otherwise=otherwise)
    assert found.state is state
    assert found.is_met == (state is State.MET)
    assert (found.since, found.until) == ((period.since, period.until) if period else (None, None))


def test_of_several_periods_the_one_that_tells_most_is_shown() -> None:
    past, older = Period(TODAY - 9 * DAY, TODAY - DAY), Period(TODAY - 99 * DAY, TODAY - 90 * DAY)
    short, endless = Period(TODAY - DAY, TODAY), Period(TODAY - 2 * DAY)
    soon, later = Period(TODAY + DAY), Period(TODAY + 5 * DAY)
    assert rules.best_period([past, short, endless, soon], TODAY) == endless
    assert rules.best_period([past, later, soon], TODAY) == soon
    assert rules.best_period([older, past], TODAY) == past
    assert rules.best_period([], TODAY) is None


WHOLE = AccreditationFacts(
    training=Period(TODAY - DAY, TODAY + DAY),
    training_pending=False,
    conditions_version=2,
    accepted_version=2,
    accepted_on=TODAY - DAY,
    address_verified_on=TODAY - DAY,
)


def states(facts: AccreditationFacts) -> dict[str, State]:
    return {one.code: one.state for one in rules.accreditation_conditions(facts, TODAY)}


def test_a_whole_accreditation_meets_its_three_conditions() -> None:
    assert states(WHOLE) == dict.fromkeys(("training", "conditions", "address"), State.MET)


@pytest.mark.parametrize(
    ("change", "code", "state"),
    [
        ({"training": None}, "training", State.MISSING),
        ({"training": None, "training_pending": True}, "training", State.PENDING),
        ({"training": Period(TODAY - 9 * DAY, TODAY - DAY)}, "training", State.ENDED),
        ({"accepted_version": None, "accepted_on": None}, "conditions", State.MISSING),
        ({"accepted_version": 1}, "conditions", State.ENDED),
        ({"address_verified_on": None}, "address", State.MISSING),
        ({"address_verified_on": None, "address_pending": True}, "address", State.PENDING),
    ],
)
def test_one_thing_missing_is_one_condition_unmet(change: dict[str, object], code: str, state: State) -> None:
    found = states(replace(WHOLE, **change))  # type: ignore[arg-type]
    assert found[code] is state
    assert {other for other, its in found.items() if its is not State.MET} == {code}


def test_before_the_first_conditions_of_use_there_is_nothing_to_accept() -> None:
    facts = replace(WHOLE, conditions_version=None, accepted_version=None, accepted_on=None)
    assert states(facts)["conditions"] is State.MET


def test_whoever_accepted_a_later_version_early_has_accepted() -> None:
    assert states(replace(WHOLE, accepted_version=3))["conditions"] is State.MET


def test_every_condition_and_advice_has_its_words() -> None:
    some = (None, Period(TODAY + DAY), Period(TODAY, TODAY), Period(TODAY - DAY, TODAY - DAY))
    for training, pending, accepted, proven in product(some, (True, False), (None, 1, 2), (None, TODAY)):
        facts = replace(
            WHOLE, training=training, training_pending=pending, accepted_version=accepted, address_verified_on=proven
        )
        for one in rules.accreditation_conditions(facts, TODAY):
            assert one.code in wording.CONDITIONS
            assert one.is_met or one.what_to_do in wording.ADVICE
