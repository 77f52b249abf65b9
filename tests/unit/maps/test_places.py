"""Search as you type."""

from __future__ import annotations

import pytest

from hansom.cities.files import Place
from hansom.values import Point
from services.maps.storage.places import PlaceIndex, words_of

HERE = Point(60.17, 24.94)
INDEX = PlaceIndex(
    [
        Place("Mannerheimintie", "street", Point(60.1690, 24.9400), ("Mannerheimvägen",), 0.8),
        Place("Mannerheimintie 5", "address", Point(60.1688, 24.9402), (), 0.3),
        Place("Mannerheimintie 55", "address", Point(60.1900, 24.9100), (), 0.3),
        Place("Töölönlahdenkatu", "street", Point(60.1730, 24.9370), ("Tölöviksgatan",), 0.8),
        Place("Stockmann", "shop", Point(60.1685, 24.9425), (), 0.5),
        Place("Akateeminen Kirjakauppa", "shop", Point(60.1683, 24.9430), ("Academic Bookstore",), 0.5),
        Place("Kappeli", "restaurant", Point(60.1675, 24.9480), (), 0.7),
        Place("Kappeli", "restaurant", Point(60.2500, 24.9480), (), 0.7),
        Place("Kauppahalli", "shop", Point(60.1660, 24.9530), (), 0.5),
        Place("Vanha Kauppahalli", "attraction", Point(60.1662, 24.9531), (), 0.8),
        Place("Aleksanterinkatu", "street", Point(60.1690, 24.9470), ("Alexandersgatan",), 0.8),
        Place("O'Leary's", "pub", Point(60.1691, 24.9340), (), 0.7),
        Place("Yliopisto", "station", Point(60.1712, 24.9440), (), 1.0),
        Place("Yliopistonkatu", "street", Point(60.1705, 24.9450), (), 0.8),
    ]
)


def found(typed: str, near: Point | None = HERE, limit: int = 10) -> list[str]:
    return [place.name for place in INDEX.search(typed, near, limit)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("mann", "Mannerheimintie"),
        ("MANNERHEIMINTIE", "Mannerheimintie"),
        ("mannerheimvagen", "Mannerheimintie"),
        ("mannerheimintie 5", "Mannerheimintie 5"),
        ("5 mannerheimintie", "Mannerheimintie 5"),
        ("toolonlah", "Töölönlahdenkatu"),
        ("Töölö", "Töölönlahdenkatu"),
        ("stokmann", "Stockmann"),
        ("stcokmann", "Stockmann"),
        ("akatemien kirja", "Akateeminen Kirjakauppa"),
        ("academic book", "Akateeminen Kirjakauppa"),
        ("manerheim", "Mannerheimintie"),
        ("lahdenkatu", "Töölönlahdenkatu"),
        ("stock mann", "Stockmann"),
        ("kauppa halli", "Kauppahalli"),
        ("alexanderinkatu", "Aleksanterinkatu"),
        ("wanha kauppa", "Vanha Kauppahalli"),
        ("ravintola", "Kappeli"),
        ("restaurang", "Kappeli"),
        ("oleary", "O'Leary's"),
        ("o'learys", "O'Leary's"),
        ("ylio", "Yliopisto"),
    ],
)
def test_what_is_meant_comes_first_though_accents_case_order_and_letters_are_wrong(typed: str, first: str) -> None:
    assert found(typed)[0] == first


def test_of_two_with_one_name_the_nearer_comes_first() -> None:
    near, far = INDEX.search("kappeli", HERE, 2)
    assert near.point.lat < far.point.lat
    far, near = INDEX.search("kappeli", Point(60.25, 24.94), 2)
    assert near.point.lat < far.point.lat


def test_a_place_that_has_all_words_beats_those_that_have_one() -> None:
    assert found("kirjakauppa akateeminen")[0] == "Akateeminen Kirjakauppa"


@pytest.mark.parametrize("typed", ["", "   ", "!!!", "xyzzyqq", "\x00", "中文" * 20, "a" * 100])
def test_nonsense_finds_nothing_and_breaks_nothing(typed: str) -> None:
    assert isinstance(found(typed), list)


def test_a_number_does_not_bring_up_other_streets() -> None:
    assert all("Mannerheimintie" in name for name in found("mannerheimintie 5"))


def test_a_street_with_more_doors_comes_first() -> None:
    doors = [Place(f"Munkkikatu {number}", "address", Point(60.17, 24.94), (), 0.3) for number in range(20)]
    streets = [Place(name, "street", Point(60.17, 24.94), (), 0.8) for name in ("Mikonkatu", "Munkkikatu")]
    assert PlaceIndex([*streets, *doors]).search("m", HERE, 1)[0].name == "Munkkikatu"


def test_there_are_never_more_than_asked_for() -> None:
    assert len(found("ma", limit=2)) == 2
    assert PlaceIndex([]).search("ma", None, 5) == []


def test_one_place_that_is_mapped_twice_side_by_side_is_shown_once() -> None:
    twins = PlaceIndex([Place("Kahvila", "cafe", Point(60.17, 24.94)), Place("Kahvila", "cafe", Point(60.1701, 24.94))])
    assert len(twins.search("kahvila", None, 5)) == 1


def test_words_are_plain_ascii_in_lower_case() -> None:
    assert words_of("Töölönkatu 3 B, Ääni") == ("toolonkatu", "3", "b", "aani")
