"""Search as you type over a city's places, in memory: accents and typos forgiven, near ones first."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import cos, log10, radians

import numpy as np
from anyascii import anyascii
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from hansom.cities.files import Place
from hansom.contracts.maps import PlaceFound
from hansom.values import METRES_A_DEGREE, Point, distance_m
from services.maps.domain.kinds import PROMINENCE, words_for

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]

MAX_WORDS = 8
EXACT, PREFIX, ENDING, ONE_TYPO, INNER, KIND, TYPOS = 1.0, 0.9, 0.75, 0.7, 0.6, 0.55, 0.5
"""How well a typed word fits a word of a name."""

INNER_LETTERS = 5
"""From so many letters on a word is also looked for inside others: `esplanadi` in `Pohjoisesplanadi`."""

KIND_LETTERS = 3
FEW = 3
"""A word that begins fewer words than this is also looked up with typos."""

TYPO_WORDS = 40
STARTS, WHOLE, UNMET, UNASKED_ADDRESS = 0.1, 0.15, 0.4, 0.3
"""Added when the name begins with the first word and for the share of its words that were typed; taken off for each
typed word that the name does not have, and for an address when no number was typed."""

NEAR, NEAR_M = 0.4, 1500.0
"""Added for a place right here; at NEAR_M half of it is gone."""

WEIGHT, LONG_STREET = 0.2, 0.05
"""Times what a place weighs, and, for a street, times the logarithm of its house numbers."""

TYPOS_FROM = (0, 6, 12)
"""Letters from which one, two and three typos are forgiven."""

TWINS_M = 300.0

_WORDS = re.compile(r"[a-z0-9]+")
_APOSTROPHES = re.compile("['`´’]")  # noqa: RUF001
_ONE_SOUND = str.maketrans({"x": "ks", "w": "v"})
"""Letters that are heard alike and written now so, now so: Alexander and Aleksander, Wrede and Vrede."""


@lru_cache(maxsize=10_000)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a name as they are compared: plain ASCII, lower case. `Töölönkatu 3` → `toolonkatu`, `3`."""
    return tuple(_WORDS.findall(anyascii(_APOSTROPHES.sub("", text)).lower().translate(_ONE_SOUND)))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place that was found, and how well it fits."""

    score: float
    place: PlaceFound


class PlaceIndex:
    """The places of one city. A search takes about 0.2 ms for two thousand places and 3 ms for fifty thousand.

    Each typed word stands for the known words that it is, begins, is part of (from five letters on), or begins but for
    a typo (two from six letters on, three from twelve). Known words stand in order, so those that begin alike stand
    together, and so do the names that hold them: a typed word marks its names by a few assignments to slices of arrays.
    The marks of all typed words are then added up for all names at once. Memory: about 1 KiB a place.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = list(places)
        names = [(i, words) for i, place in enumerate(self._places) for words in _names(place)]
        self._words = sorted({word for _, words in names for word in words})
        number = {word: i for i, word in enumerate(self._words)}
        self._place_of = np.array([i for i, _ in names], dtype=np.int32)
        self._length = np.array([len(words) for _, words in names], dtype=np.float32)
        self._first = np.array([number[words[0]] for _, words in names], dtype=np.int32)
        self._note_holders([[number[word] for word in words] for _, words in names])
        self._note_places()
        self._stems: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def search(self, typed: str, near: Point | None, limit: int) -> list[PlaceFound]:
        """Up to `limit` places that fit what was typed so far, best first; of equals the nearest to `near` first."""
        return [found.place for found in self.rank(typed, near, limit)]

    def rank(self, typed: str, near: Point | None, limit: int) -> list[Ranked]:
        """The same with how well each fits."""
        asked = words_of(typed)[:MAX_WORDS]
        if not asked or not self._places:
            return []
        marks = self._marks(asked)
        counts = (marks > 0).sum(axis=1)
        if not counts.any():
            return []
        # a place has to have the rarest of the typed words that any place has; numbers are every street's
        numbers = np.array([word[0].isdigit() for word in asked]) & (len(asked) > 1)
        rarest = int(np.where(counts > 0, counts + numbers * len(self._length), 3 * len(self._length)).argmin())
        names = np.flatnonzero(marks[rarest] > 0)
        scores = self._name_scores(names, marks[:, names], asked[0])
        kept = scores > 0
        return self._best(*self._place_scores(names[kept], scores[kept], asked, near), limit)

    def _note_holders(self, names: Sequence[Sequence[int]]) -> None:
        """Names by the words that they hold, in the order of the words."""
        words = np.array([word for name in names for word in name], dtype=np.int32)
        holders = np.repeat(np.arange(len(names), dtype=np.int32), [len(name) for name in names])
        self._holders = holders[np.argsort(words, kind="stable")]
        counts = np.bincount(words, minlength=len(self._words)) if len(words) else np.zeros(0, dtype=np.int64)
        self._starts = np.concatenate([[0], np.cumsum(counts)])

    def _note_places(self) -> None:
        self._lat = np.array([place.point.lat for place in self._places])
        self._lng = np.array([place.point.lng for place in self._places])
        doors = Counter(place.name.rpartition(" ")[0] for place in self._places if place.kind == "address")
        prominence = [
            WEIGHT * place.weight
            + PROMINENCE.get(place.kind, 0.0)
            + (LONG_STREET * log10(1 + doors[place.name]) if place.kind == "street" else 0.0)
            for place in self._places
        ]
        self._prominence = np.array(prominence, dtype=np.float32)
        self._address = np.array([place.kind == "address" for place in self._places], dtype=bool)
        kinds: dict[str, list[int]] = {}
        for name, place in enumerate(self._place_of.tolist()):
            kinds.setdefault(self._places[place].kind, []).append(name)
        self._kinds = [(words_for(kind), np.array(holders, dtype=np.int32)) for kind, holders in kinds.items()]

    def _marks(self, asked: tuple[str, ...]) -> Floats:
        """For each typed word (row) and each name (column) how well the best word of the name fits."""
        marks = np.stack([self._mark(word) for word in asked])
        for number, (word, following) in enumerate(pairwise(asked)):
            # `rautatie asema` for `Rautatieasema`
            joined = np.zeros(len(self._length), dtype=np.float32)
            self._mark_range(joined, word + following, PREFIX)
            np.maximum(marks[number : number + 2], joined, out=marks[number : number + 2])
        return marks

    def _mark(self, word: str) -> Floats:
        """Worse fits are written first, better ones over them."""
        fits = np.zeros(len(self._length), dtype=np.float32)
        first, end = self._beginning_with(word)
        if end - first < FEW and len(word) >= 3 and not word.isdigit():
            for stem, fit in self._with_typos(word):
                self._mark_range(fits, stem, fit)
        if len(word) >= KIND_LETTERS:
            for words, names in self._kinds:
                if any(known.startswith(word) for known in words):
                    fits[names] = np.maximum(fits[names], KIND)
        if len(word) >= INNER_LETTERS:
            for number, known in enumerate(self._words):
                if word in known:
                    fit = ENDING if known.endswith(word) else INNER
                    self._raise_to(fits, self._starts[number], self._starts[number + 1], fit)
        self._mark_range(fits, word, PREFIX)
        if first < end and self._words[first] == word:
            fits[self._holders[self._starts[first] : self._starts[first + 1]]] = EXACT
        return fits

    def _mark_range(self, fits: Floats, stem: str, fit: float) -> None:
        first, end = self._beginning_with(stem)
        self._raise_to(fits, self._starts[first], self._starts[end], fit)

    def _raise_to(self, fits: Floats, first: int, end: int, fit: float) -> None:
        names = self._holders[first:end]
        fits[names] = np.maximum(fits[names], fit)

    def _beginning_with(self, stem: str) -> tuple[int, int]:
        """Numbers of the words that begin so: from the first up to, and without, the second."""
        return bisect_left(self._words, stem), bisect_right(self._words, stem + "\x7f")

    def _with_typos(self, word: str) -> list[tuple[str, float]]:
        """Beginnings of known words that are `word` but for a few typos, and how well they fit, the worst first."""
        allowed = bisect_right(TYPOS_FROM, len(word))
        found: dict[str, int] = {}
        for length in (len(word) - 1, len(word), len(word) + 1):
            close = process.extract(
                word, self._beginnings(length), scorer=OSA.distance, score_cutoff=allowed, limit=TYPO_WORDS
            )
            for stem, typos, _ in close:
                found[stem] = min(int(typos), found.get(stem, 9))
        # people seldom mistake the first letter
        fits = [
            (stem, ONE_TYPO if typos == 1 and stem[0] == word[0] else TYPOS)
            for stem, typos in found.items()
            if typos > 0
        ]
        return sorted(fits, key=lambda each: each[1])

    def _beginnings(self, length: int) -> list[str]:
        stems = self._stems.get(length)
        if stems is None:
            cut = (word[:length] for word in self._words if len(word) >= length)
            stems = self._stems[length] = list(dict.fromkeys(cut))
        return stems

    def _name_scores(self, names: NDArray[np.intp], marks: Floats, first_word: str) -> Floats:
        typed = len(marks)
        first, end = self._beginning_with(first_word)
        begins = (self._first[names] >= first) & (self._first[names] < end)
        met = (marks > 0).sum(axis=0)
        scores = marks.sum(axis=0) / typed + WHOLE * np.minimum(1.0, typed / self._length[names])
        scores += STARTS * begins - UNMET * (typed - met)
        return np.maximum(scores, 0.01)

    def _place_scores(
        self, names: NDArray[np.intp], scores: Floats, asked: tuple[str, ...], near: Point | None
    ) -> tuple[Numbers, Floats]:
        """Places by their best name, with what does not depend on the name."""
        places = self._place_of[names]
        changes = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]]))
        places, best = places[changes], np.maximum.reduceat(scores, changes)
        best = best + self._prominence[places]
        if not any(word[0].isdigit() for word in asked):
            best -= UNASKED_ADDRESS * self._address[places]
        if near is not None:
            best += NEAR * NEAR_M / (NEAR_M + self._away_m(places, near))
        return places, best

    def _away_m(self, places: Numbers, near: Point) -> NDArray[np.float64]:
        north, east = self._lat[places] - near.lat, (self._lng[places] - near.lng) * cos(radians(near.lat))
        return np.hypot(north, east) * METRES_A_DEGREE

    def _best(self, places: Numbers, scores: Floats, limit: int) -> list[Ranked]:
        """The best of each name and kind within TWINS_M."""
        enough = limit * 3
        if len(places) > enough:
            best = np.argpartition(-scores, enough)[:enough]
            places, scores = places[best], scores[best]
        kept: list[Ranked] = []
        for number in np.lexsort((places, -scores)).tolist():
            place = self._places[places[number]]
            found = PlaceFound(place.name, place.kind, place.point)
            if not any(_twins(found, other.place) for other in kept):
                kept.append(Ranked(float(scores[number]), found))
            if len(kept) == limit:
                break
        return kept


def _names(place: Place) -> list[tuple[str, ...]]:
    return [words for name in (place.name, *place.also) if (words := words_of(name))]


def _twins(one: PlaceFound, other: PlaceFound) -> bool:
    return one.name == other.name and one.kind == other.kind and distance_m(one.point, other.point) < TWINS_M
