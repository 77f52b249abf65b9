"""Every word of a document has a translation in every language, and no translation is of a word that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from hansom.contracts.users import LANGUAGES
from services.payments.documents.catalogues import SOURCE_LANGUAGE, path_of, words_in
from services.payments.documents.rendering import DOCUMENTS

TRANSLATED = [language for language in LANGUAGES if language != SOURCE_LANGUAGE]
EXTRACTORS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"N_": None, "_": None, "text": None}


def messages_in_the_sources() -> list[str]:
    """What templates and modules of documents say, each once, in their order."""
    found = extract_from_dir(str(DOCUMENTS), EXTRACTORS, keywords=KEYWORDS)
    return list(dict.fromkeys(str(message) for _, _, message, _, _ in found))


def fields_of(message: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)\w", message))


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_each_message_once_and_no_other(language: str) -> None:
    catalogue = read_po(path_of(language).open("rb"), locale=language)
    assert {str(message.id) for message in catalogue if message.id} == set(messages_in_the_sources())
    assert not catalogue.obsolete
    text = path_of(language).read_text()
    assert len(re.findall(r'^msgid "(?!")', text, re.MULTILINE)) == len(messages_in_the_sources()), "none is doubled"


@pytest.mark.parametrize("language", TRANSLATED)
def test_each_message_is_translated_and_keeps_its_fields(language: str) -> None:
    for message in read_po(path_of(language).open("rb"), locale=language):
        if message.id:
            assert message.string and not message.fuzzy, message.id
            assert fields_of(str(message.string)) == fields_of(str(message.id)), message.id


def test_languages_are_those_that_people_can_choose() -> None:
    kept = {path.stem for path in Path(DOCUMENTS, "catalogues").iterdir()}
    assert kept | {SOURCE_LANGUAGE} == set(LANGUAGES)


def test_a_catalogue_is_used_as_it_is_kept() -> None:
    assert words_in("fi").gettext("Receipt") == "Kuitti"
    assert words_in("es").gettext("Receipt") == "Recibo"
    assert words_in("en").gettext("Receipt") == "Receipt"
    assert words_in("fi").gettext("A word that nobody translated") == "A word that nobody translated"
