"""What lies around a way, for a small picture of it."""

from __future__ import annotations

from collections.abc import Callable

from hansom.cities import Area
from services.maps.storage.atlas import Atlas
from services.maps.storage.surroundings import Drawn


def draw_surroundings(atlas: Atlas, area: Area, pause: Callable[[], object]) -> Drawn:
    """Roads and water in an area and a little beyond it, of the city that it lies in; nothing outside all cities.

    `pause` is called every few milliseconds. Raises CityNotPrepared for a city without a map.
    """
    city = next((city for city in atlas.cities.values() if city.service_area.overlaps(area)), None)
    return atlas.surroundings(city).draw(area, pause) if city is not None else Drawn()
