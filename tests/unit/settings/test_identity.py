"""The identity provider in the settings: off, or said in full."""

import pytest

from hdh_portal.settings.identity import REQUIRED, identity_provider

WHOLE = {
    "HDH_OIDC_ISSUER": "https://provider.example",
    **{name: f"https://provider.example/{name}" for name in REQUIRED},
}


def test_without_an_issuer_there_is_none() -> None:
    assert identity_provider({}) == {}


def test_one_that_is_said_in_full() -> None:
    found = identity_provider({**WHOLE, "HDH_OIDC_SUFFICIENT_ACR": "eidas2,eidas3"})
    assert found["algorithm"] == "RS256"
    assert found["sufficient_acr"] == {"eidas2", "eidas3"}


@pytest.mark.parametrize("name", REQUIRED)
def test_one_that_is_half_said_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        identity_provider({**WHOLE, name: ""})


@pytest.mark.parametrize("algorithm", ["none", "HS256", "PS256"])
def test_tokens_signed_with_no_key_or_a_shared_one_are_never_accepted(algorithm: str) -> None:
    with pytest.raises(ValueError, match="HDH_OIDC_ALGORITHM"):
        identity_provider({**WHOLE, "HDH_OIDC_ALGORITHM": algorithm})
