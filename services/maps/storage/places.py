"""Search as you type over a city's places, in memory: accents and typos forgiven, near ones first."""

from __future__ import annotations

import heapq
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii
from rapidfuzz import process
from rapidfuzz.distance import OSA

from hansom.cities.files import Place
from hansom.contracts.maps import PlaceFound
from hansom.values import Point, distance_m

MAX_WORDS = 8
EXACT, PREFIX, ONE_TYPO, INNER, TWO_TYPOS = 1.0, 0.9, 0.7, 0.6, 0.5
INNER_LETTERS = 5
"""From so many letters on a word is also looked for inside others: `esplanadi` in `Pohjoisesplanadi`."""

FEW = 3
"""A word that begins fewer words than this is also looked up with typos."""

TYPO_WORDS = 40
MAX_CANDIDATES = 20_000
NEAR_M = 1500.0
"""At this distance half of the bonus for being near is gone."""

_WORDS = re.compile(r"[a-z0-9]+")


@lru_cache(maxsize=10_000)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a name as they are compared: plain ASCII, lower case. `Töölönkatu 3` → `toolonkatu`, `3`."""
    return tuple(_WORDS.findall(anyascii(text).lower()))


@dataclass(frozen=True, slots=True)
class _Entry:
    place: Place
    names: tuple[tuple[int, ...], ...]
    """Each of its names as numbers of words."""


class PlaceIndex:
    """The places of one city. A search takes 0.1 to 3 ms for a few thousand places; words are looked up, never places.

    Each typed word is turned into the known words that it may mean, with a score: itself, those it begins, those it is
    part of, those it begins after one typo (two from six letters on). Then only places that hold such words are
    looked at.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        listed = list(places)
        named = [[words for name in (place.name, *place.also) if (words := words_of(name))] for place in listed]
        self._words = sorted({word for names in named for words in names for word in words})
        number = {word: i for i, word in enumerate(self._words)}
        self._entries = [
            _Entry(place, tuple(tuple(number[word] for word in words) for words in names))
            for place, names in zip(listed, named, strict=True)
        ]
        self._holders: list[list[int]] = [[] for _ in self._words]
        for i, entry in enumerate(self._entries):
            for word in {word for name in entry.names for word in name}:
                self._holders[word].append(i)
        self._stems: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def search(self, typed: str, near: Point | None, limit: int) -> list[PlaceFound]:
        """Up to `limit` places that fit what was typed so far, best first; of equals the nearest to `near` first."""
        asked = words_of(typed)[:MAX_WORDS]
        if not asked:
            return []
        meant = [self._meanings(word) for word in asked]
        meant = [meaning for meaning in meant if meaning] if any(meant) else []
        if not meant:
            return []
        missed = len(asked) - len(meant)
        scored = []
        for i in self._candidates(meant):
            score = self._score(self._entries[i], asked, meant, missed, near)
            if score > 0:
                scored.append((score, -i))
        best = heapq.nlargest(limit * 3, scored)
        return _distinct([self._entries[-i].place for _, i in best], limit)

    def _meanings(self, word: str) -> dict[int, float]:
        """Numbers of the known words that `word` may mean, with a score."""
        meant = {}
        for i in self._beginning_with(word):
            meant[i] = EXACT if self._words[i] == word else PREFIX
        if len(word) >= INNER_LETTERS:
            for i, known in enumerate(self._words):
                if word in known:
                    meant.setdefault(i, INNER)
        if len(meant) < FEW and len(word) >= 3 and not word.isdigit():
            for stem, typos in self._with_typos(word):
                # people seldom mistake the first letter
                close = typos == 1 and stem[0] == word[0]
                for i in self._beginning_with(stem):
                    meant.setdefault(i, ONE_TYPO if close else TWO_TYPOS)
        return meant

    def _beginning_with(self, stem: str) -> range:
        return range(bisect_left(self._words, stem), bisect_right(self._words, stem + "\x7f"))

    def _with_typos(self, word: str) -> list[tuple[str, int]]:
        """Beginnings of known words that are `word` but for a typo or two, with their number."""
        allowed = 2 if len(word) >= 6 else 1
        found: dict[str, int] = {}
        for length in (len(word) - 1, len(word), len(word) + 1):
            close = process.extract(
                word, self._beginnings(length), scorer=OSA.distance, score_cutoff=allowed, limit=TYPO_WORDS
            )
            for stem, typos, _ in close:
                found[stem] = min(int(typos), found.get(stem, 9))
        return [(stem, typos) for stem, typos in found.items() if typos > 0]

    def _beginnings(self, length: int) -> list[str]:
        stems = self._stems.get(length)
        if stems is None:
            cut = (word[:length] for word in self._words if len(word) >= length)
            stems = self._stems[length] = list(dict.fromkeys(cut))
        return stems

    def _candidates(self, meant: list[dict[int, float]]) -> set[int]:
        """Places that hold a meaning of the rarest typed word; of any typed word when none holds all."""
        rarest = min(meant, key=lambda words: sum(len(self._holders[word]) for word in words))
        found: set[int] = set()
        for word in sorted(rarest, key=lambda w: -rarest[w]):
            found.update(self._holders[word])
            if len(found) > MAX_CANDIDATES:
                break
        return found

    def _score(
        self, entry: _Entry, asked: tuple[str, ...], meant: list[dict[int, float]], missed: int, near: Point | None
    ) -> float:
        best = max(self._name_score(name, meant, missed) for name in entry.names)
        if best <= 0:
            return 0.0
        if entry.place.kind == "address" and not any(word[0].isdigit() for word in asked):
            best -= 0.3
        if near is not None:
            best += 0.4 * NEAR_M / (NEAR_M + distance_m(near, entry.place.point))
        return best + 0.2 * entry.place.weight

    @staticmethod
    def _name_score(name: tuple[int, ...], meant: list[dict[int, float]], missed: int) -> float:
        fits = [max((meaning.get(word, 0.0) for word in name), default=0.0) for meaning in meant]
        matched = sum(fits) / (len(meant) + missed)
        unmet = sum(1 for fit in fits if fit == 0) + missed
        if matched == 0:
            return 0.0
        starts = 0.15 if name[0] in meant[0] else 0.0
        whole = 0.15 * min(1.0, len(meant) / len(name))
        return max(0.01, matched + starts + whole - 0.4 * unmet)


def _distinct(places: list[Place], limit: int) -> list[PlaceFound]:
    """The first of each name and kind within about 300 m, up to `limit`."""
    kept: list[Place] = []
    for place in places:
        twin = (
            other.name == place.name and other.kind == place.kind and distance_m(other.point, place.point) < 300
            for other in kept
        )
        if not any(twin):
            kept.append(place)
        if len(kept) == limit:
            break
    return [PlaceFound(place.name, place.kind, place.point) for place in kept]
