"""In which language a document is written, and how its readers write amounts, times and distances."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, get_currency_precision
from babel.units import format_unit

from hansom.contracts.users import LANGUAGES
from services.payments.documents.catalogues import SOURCE_LANGUAGE, words_in

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_TAGS_READ = 20


@dataclass(frozen=True, slots=True)
class Wording:
    """`language` is that of the words, one of `LANGUAGES`; `locale` that of amounts, numbers and times."""

    language: str
    locale: Locale

    def text(self, message: str, **values: object) -> str:
        """A message of the catalogue, its `%(name)s` filled in. What the catalogue lacks stays English."""
        words = words_in(self.language).gettext(message) if message else ""
        return words % values if values else words

    def money(self, amount: Mapping[str, Any]) -> str:
        """An amount as people of the locale write it."""
        currency = str(amount["currency"])
        value = Decimal(int(amount["amount_minor"])).scaleb(-get_currency_precision(currency))
        return format_currency(value, currency, locale=self.locale)

    def day(self, day: date) -> str:
        return format_date(day, format="medium", locale=self.locale)

    def moment(self, moment: datetime | None, zone: ZoneInfo) -> str:
        """Day and minute by the clocks of a place; nothing for None."""
        if moment is None:
            return ""
        local = moment.astimezone(zone)
        return f"{self.day(local.date())} {format_time(local, format='short', locale=self.locale)}"

    def kilometres(self, distance_m: float | None) -> str:
        """Such as `1.4 km`; nothing for None."""
        if distance_m is None:
            return ""
        return f"{format_decimal(round(Decimal(str(distance_m)) / 1000, 1), locale=self.locale)} km"

    def duration(self, duration_s: float | None) -> str:
        """Such as `1 h 5 min`, half minutes up; nothing for None."""
        if duration_s is None:
            return ""
        hours, minutes = divmod(int(duration_s / 60 + 0.5), 60)
        return f"{hours} h {minutes} min" if hours else f"{minutes} min"

    def length(self, metres: int) -> str:
        """A whole length for a scale: `500 m`, `2 km`."""
        kind, amount = ("length-kilometer", metres // 1000) if metres >= 1000 else ("length-meter", metres)
        return format_unit(amount, kind, length="short", locale=self.locale)


def wording_for(*preferences: str | None) -> Wording:
    """The wording for who prefers these, the most important first: each a tag such as `es-MX`, or an Accept-Language.

    The first language that documents are written in decides, with the region that is named with it anywhere. Who
    prefers none of them reads English, with amounts and times in the form of what he asked for first.
    """
    tags = [tag for preference in preferences for tag in _tags(preference)]
    spoken = next((tag for tag in tags if tag.language in LANGUAGES), None)
    if spoken is None:
        return Wording(SOURCE_LANGUAGE, tags[0] if tags else Locale(SOURCE_LANGUAGE))
    regional = (tag for tag in tags if tag.language == spoken.language and tag.territory)
    return Wording(spoken.language, spoken if spoken.territory else next(regional, spoken))


def _tags(preference: str | None) -> Iterator[Locale]:
    """The locales of an Accept-Language, by weight (RFC 9110, 12.5.4); what is none is left out."""
    weighed = []
    for entry in (preference or "").split(",")[:_TAGS_READ]:
        tag, _, parameters = entry.strip().partition(";")
        weight = _weight(parameters)
        if weight > 0 and _TAG.fullmatch(tag.strip()):
            weighed.append((-weight, tag.strip().replace("_", "-")))
    for _, tag in sorted(weighed, key=lambda each: each[0]):
        try:
            yield Locale.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError):
            continue


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(1.0, float(value))
    except ValueError:
        return 0.0


__all__ = ["Wording", "wording_for"]
