"""Compiled translations read as those of gettext's own compiler."""

import gettext
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest

from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.messages import compile_folder, machine_object, parse, untranslated

HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
)
CATALOGUE = (
    HEADER
    + '#. For the button\nmsgid "Save"\nmsgstr "Enregistrer"\n\n'
    + 'msgctxt "month"\nmsgid "May"\nmsgstr "mai"\n'
    + 'msgid "A \\"quoted\\"\\n"\n"long text"\nmsgstr ""\n"Un texte « long »\\n"\n"et é"\n\n'
    + 'msgid "%(n)s file"\nmsgid_plural "%(n)s files"\nmsgstr[0] "%(n)s fichier"\nmsgstr[1] "%(n)s fichiers"\n\n'
    + '#, fuzzy\nmsgid "Guess"\nmsgstr "Supposition"\n\n'
    + 'msgid "Missing"\nmsgstr ""\n\n'
    + '#~ msgid "Gone"\n#~ msgstr "Parti"\n'
)


def translations(compiled: bytes) -> gettext.GNUTranslations:
    return gettext.GNUTranslations(BytesIO(compiled))


def test_messages_contexts_plurals_and_escapes_are_kept() -> None:
    french = translations(machine_object(parse(CATALOGUE, "test.po")))
    assert french.gettext("Save") == "Enregistrer"
    assert french.pgettext("month", "May") == "mai"
    assert french.gettext('A "quoted"\nlong text') == "Un texte « long »\net é"
    assert french.ngettext("%(n)s file", "%(n)s files", 1) == "%(n)s fichier"
    assert french.ngettext("%(n)s file", "%(n)s files", 2) == "%(n)s fichiers"


@pytest.mark.parametrize("message", ["Guess", "Missing", "Gone"])
def test_what_is_unfinished_stays_in_the_language_of_the_sources(message: str) -> None:
    assert translations(machine_object(parse(CATALOGUE, "test.po"))).gettext(message) == message


def test_unfinished_messages_are_named_in_their_order() -> None:
    assert untranslated(CATALOGUE, "test.po") == ["Guess", "Missing"]


def test_the_result_is_what_gettext_itself_compiles(tmp_path: Path) -> None:
    if shutil.which("msgfmt") is None:
        pytest.skip("gettext is not installed")
    source = tmp_path / "test.po"
    source.write_text(CATALOGUE, encoding="utf-8")
    subprocess.run(["msgfmt", "-o", tmp_path / "test.mo", source], check=True)
    theirs = translations((tmp_path / "test.mo").read_bytes())
    ours = translations(machine_object(parse(CATALOGUE, "test.po")))
    assert ours._catalog == theirs._catalog  # type: ignore[attr-defined]


@pytest.mark.parametrize("line", ['msgid "open', "msgid 12", "msgid no quotes"])
def test_a_malformed_line_is_named(line: str) -> None:
    with pytest.raises(StackError, match=r"test\.po has a malformed line: msgid"):
        parse(f'{HEADER}{line}\nmsgstr "x"\n', "test.po")


def test_a_folder_is_compiled_beside_its_sources(tmp_path: Path) -> None:
    source = tmp_path / "fr" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(CATALOGUE, encoding="utf-8")
    compile_folder(tmp_path)
    assert translations(source.with_suffix(".mo").read_bytes()).gettext("Save") == "Enregistrer"
    assert {file.name for file in source.parent.iterdir()} == {"django.po", "django.mo"}
