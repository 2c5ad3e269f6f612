"""What the matrix must know of single addresses: prepared rows, confirmations, pages that may not be there."""

# Written by payloads, before their call.
PREPARED = frozenset(
    {"accounts_passkeychallenge", "accounts_stepup", "accounts_mailedsecret", "accounts_accountrecovery"}
)
# Calls that are confirmed on a page of its own before, and those that confirm what another call does next.
CONFIRMED_BEFORE = frozenset(
    {
        "workspaces:open",
        "accounts:staff_role_give",
        "accounts:staff_role_end",
        "accounts:identity_link",
        "accounts:identity_unlink",
    }
)
# Somewhere to go, so that the pages of sign-in through a provider exist; nobody is ever asked there.
IDENTITY_PROVIDER = {
    "name": "ProConnect",
    "issuer": "https://provider.invalid",
    "client_id": "portal",
    "authorization_url": "https://provider.invalid/authorize",
}
LEAD_ON = frozenset({"accounts:step_up", "accounts:factor_replace"})
# What a reading must ask for to be answered.
QUERIES = {"audit:export": "?format=csv"}
# What may be allowed and not be there yet: an event is sealed by a process of its own, after its transaction.
NOT_YET = frozenset({"audit:proof", "applications:authority_document", "applications:review_authority_document"})
# Pages that answer everybody of the world in one way: all have a second factor, so nobody reaches enrolment by it.
ALWAYS = {"accounts:enrol": 302}
