"""Cities, segments and places: what is known without asking for a road."""

from __future__ import annotations

from collections.abc import Mapping

from hansom.cities import City
from hansom.contracts.errors import Invalid
from hansom.contracts.maps import PlaceFound, UnknownCity
from hansom.values import Point
from services.maps.domain.estimates import Coordinates
from services.maps.storage.atlas import Atlas

OUTSIDE = "This place is outside the area that we serve."
OTHER_CITY = "This place is in another city than the first."


def check_points(atlas: Atlas, points: Mapping[str, Point]) -> City:
    """The one city whose service area holds all points. Raises Invalid naming each point that is not in it."""
    wrong: dict[str, list[str]] = {}
    first: City | None = None
    for field, point in points.items():
        city = atlas.city_at(point)
        if city is None:
            wrong[field] = [OUTSIDE]
        elif first is None:
            first = city
        elif city.key != first.key:
            wrong[field] = [OTHER_CITY]
    if wrong or first is None:
        raise Invalid(details=wrong)
    return first


def find_segments(atlas: Atlas, points: list[Coordinates]) -> list[str | None]:
    """The segment of each point, None where there is none. Raises CityNotPrepared."""
    indexes = [atlas.segments(city) for city in atlas.cities.values()]
    found: list[str | None] = []
    for lat, lng in points:
        found.append(next((name for index in indexes if (name := index.segment_of(lat, lng))), None))
    return found


def list_segments(atlas: Atlas, city_key: str) -> list[str]:
    """All segments of a city. Raises UnknownCity, CityNotPrepared."""
    city = atlas.cities.get(city_key)
    if city is None:
        raise UnknownCity(details={"city": [f"{city_key} is not a city here."]})
    return list(atlas.segments(city))


def search_places(atlas: Atlas, typed: str, near: Point | None, limit: int) -> list[PlaceFound]:
    """Places that fit what was typed so far, in the city near the point, or in all. Raises CityNotPrepared."""
    if near is not None or len(atlas.cities) == 1:
        city = atlas.nearest_city(near) if near is not None else next(iter(atlas.cities.values()))
        return atlas.places(city).search(typed, near, limit)
    ranked = [found for city in atlas.cities.values() for found in atlas.places(city).rank(typed, None, limit)]
    return [found.place for found in sorted(ranked, key=lambda found: -found.score)[:limit]]
