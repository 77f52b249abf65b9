"""The pages' texts: the same keys with the same values in every language, and words for what services say in codes."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.payments.domain.clearing import NAME as MOVED_ALIKE
from services.payments.domain.proof import Comparison
from services.payments.storage.questions import OF_EVERY_DATABASE, OF_PROVIDERS
from services.pricing.storage.audit import QUESTIONS as OF_PROMOS
from services.trips.usecases.auditing import Patience, audit

SOURCES = Path(__file__).parents[3] / "services" / "gateway" / "pages" / "src"
FOLDERS = sorted(path.parent for path in SOURCES.rglob("en.json"))
OTHERS = ("fi", "es")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(SOURCES)))
@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_there_in_every_language_and_says_the_same_values(folder: Path, language: str) -> None:
    english, other = _texts(folder, "en"), _texts(folder, language)
    assert other.keys() == english.keys()
    assert {key: _values(text) for key, text in other.items()} == {key: _values(text) for key, text in english.items()}
    assert all(text.strip() for text in other.values())


def test_every_check_of_the_audits_has_its_words_in_every_language() -> None:
    names = [each.name for each in (*OF_EVERY_DATABASE, *OF_PROMOS)]
    names += [each.name for questions in OF_PROVIDERS.values() for each in questions]
    names += [tally.name for tally in Comparison(datetime.now(UTC), {}).tallies]
    names += [check["name"] for check in audit(_no_trips, _NoArchive(), Patience(timedelta(), timedelta()))]
    wanted = {re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") for name in (*names, MOVED_ALIKE)}
    for language in ("en", *OTHERS):
        known = _texts(SOURCES / "ops" / "desk" / "checks", language).keys()
        assert wanted == known, f"ops/desk/checks/{language}.json"


def _texts(folder: Path, language: str) -> dict[str, str]:
    """Texts of a file by their whole keys."""
    return dict(_flat(json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))))


def _flat(node: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    found = []
    for key, value in node.items():
        found += _flat(value, f"{before}{key}.") if isinstance(value, dict) else [(f"{before}{key}", value)]
    return found


def _values(text: str) -> set[str]:
    """What a text is told; some say how many in a word, and not in figures."""
    return set(re.findall(r"{{(\w+)}}", text)) - {"count"}


class _NoTrips:
    """A database of trips without any."""

    now = datetime(2026, 3, 2, tzinfo=UTC)

    @property
    def rows(self) -> _NoTrips:
        return self

    def walk(self, after: str, most: int) -> list[Any]:
        return []

    def count_engagements(self) -> dict[str, int]:
        return {}


@contextmanager
def _no_trips() -> Any:
    yield _NoTrips()


class _NoArchive:
    def walk(self, *_: Any) -> list[Any]:
        return []
