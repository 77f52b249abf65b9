"""Whose language a document is in, and how amounts and times are written."""

from __future__ import annotations

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.users import LANGUAGES
from services.payments.documents.wording import Wording, wording_for


@pytest.mark.parametrize("asked", [None, "", "*", "xx-ZZ", "../../etc/passwd", "en;q=0.1", "\x00", "fi;q=0", "fi;q=no"])
def test_a_preference_that_is_none_is_english(asked: str | None) -> None:
    assert wording_for(asked).language == "en"
    assert wording_for(asked).locale.language == "en"


@pytest.mark.parametrize(
    ("preferences", "language", "locale"),
    [
        (("es", "fi", "en"), "es", "es"),
        ((None, "fi", "en-US,en;q=0.9"), "fi", "fi"),
        ((None, None, "fi-FI,fi;q=0.9,en;q=0.8"), "fi", "fi_FI"),
        ((None, None, "en;q=0.5, es-MX"), "es", "es_MX"),
        ((None, "es", "es-MX,en"), "es", "es_MX"),
        ((None, None, "sv-FI,sv;q=0.9,fi;q=0.8"), "fi", "fi"),
        ((None, None, "de-DE"), "en", "de_DE"),
        ((None, "en", "de-DE"), "en", "en"),
    ],
)
def test_who_asks_by_name_comes_first_then_what_was_chosen_then_what_the_device_says(
    preferences: tuple[str | None, ...], language: str, locale: str
) -> None:
    wording = wording_for(*preferences)
    assert (wording.language, str(wording.locale)) == (language, locale)


@given(st.text(max_size=200))
def test_whatever_a_device_says_there_is_a_wording(said: str) -> None:
    wording = wording_for(said)
    assert wording.language in LANGUAGES
    assert wording.money({"amount_minor": 1250, "currency": "EUR"})


def test_currencies_keep_their_own_minor_units() -> None:
    english = Wording("en", Locale("en"))
    assert english.money({"amount_minor": 1250, "currency": "JPY"}) == "¥1,250"
    assert english.money({"amount_minor": 1250, "currency": "KWD"}).endswith("1.250")
    assert english.money({"amount_minor": -5, "currency": "EUR"}) == "-€0.05"


@pytest.mark.parametrize(
    ("duration_s", "said"), [(None, ""), (0, "0 min"), (89.9, "1 min"), (90, "2 min"), (3570, "1 h 0 min")]
)
def test_a_duration_is_in_minutes_and_hours(duration_s: float | None, said: str) -> None:
    assert wording_for().duration(duration_s) == said
