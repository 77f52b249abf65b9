"""The words of documents: message catalogues, kept as `catalogues/<language>.po` and read when first needed.

English is the language of the source, so it has none. `tests/unit/payments/test_catalogues.py` says what a catalogue
must have.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).parent / "catalogues"
SOURCE_LANGUAGE = "en"


def path_of(language: str) -> Path:
    """The file of a language other than English."""
    return CATALOGUES / f"{language}.po"


@cache
def words_in(language: str) -> NullTranslations:
    """The catalogue of a language, compiled in memory. Raises OSError for a language without one."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    with path_of(language).open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


__all__ = ["SOURCE_LANGUAGE", "path_of", "words_in"]
