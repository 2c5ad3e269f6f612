"""By what the gateway is known to the servers: made once, renewed without a moment in which nobody is let in."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.workspaces import identities
from apps.workspaces.identities import NoIdentityError, believed_in, identity_in, new_identity, public_file


@pytest.fixture
def file(tmp_path: Path, settings: Any) -> Path:
    settings.GATEWAY_IDENTITY_FILE = tmp_path / "secrets" / "gateway.pem"
    return tmp_path / "secrets" / "gateway.pem"


def test_it_is_made_once_and_only_its_owner_reads_the_key(file: Path) -> None:
    call_command("gateway_identity")
    made = identity_in(file)
    call_command("gateway_identity")

    assert identity_in(file) == made
    assert file.stat().st_mode & 0o077 == 0
    assert believed_in(public_file(file)).sha256 == {made.sha256}
    assert "PRIVATE" not in public_file(file).read_text()


def test_a_renewal_has_both_believed_until_it_is_finished(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("gateway_identity")
    former = identity_in(file)

    call_command("gateway_identity", renew=True)
    call_command("gateway_identity", renew=True)
    both = believed_in(public_file(file)).sha256

    assert identity_in(file) == former, "the gateway goes on with its own until the servers were told"
    assert former.sha256 in both
    assert len(both) == 2
    call_command("gateway_identity", finish=True)
    assert both - {former.sha256} == {identity_in(file).sha256} == believed_in(public_file(file)).sha256
    assert "1 certificate(s) believed" in capsys.readouterr().out


def test_nothing_is_finished_that_was_not_begun(file: Path) -> None:
    with pytest.raises(CommandError, match="no identity"):
        call_command("gateway_identity", finish=True)


def test_a_process_without_the_setting_is_told_its_name(settings: Any) -> None:
    settings.GATEWAY_IDENTITY_FILE = None
    with pytest.raises(CommandError, match="HDH_GATEWAY_IDENTITY_FILE"):
        call_command("gateway_identity")


def test_a_gateway_whose_file_holds_no_identity_does_not_start(file: Path, settings: Any, tmp_path: Path) -> None:
    settings.SOCKETS_DIR = tmp_path
    with pytest.raises(CommandError, match="no identity"):
        call_command("run_gateway", port=1)


def test_the_key_itself_is_refused_where_certificates_belong(file: Path) -> None:
    call_command("gateway_identity")
    with pytest.raises(NoIdentityError, match=r"gateway\.pem\.pub instead"):
        believed_in(file)


def test_a_process_that_was_given_no_certificates_says_which_setting_names_them() -> None:
    with pytest.raises(NoIdentityError, match="HDH_SCALEWAY_GATEWAY_CERTIFICATES"):
        believed_in(None)


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_without_certificates_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "one").write_text(content)
    with pytest.raises(NoIdentityError, match="no certificate"):
        believed_in(tmp_path / "one")


def test_a_certificate_that_ended_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "LIFE", timedelta(minutes=-1))
    (tmp_path / "one").write_text(new_identity("gateway").certificate)
    with pytest.raises(NoIdentityError, match="ended on"):
        believed_in(tmp_path / "one")
