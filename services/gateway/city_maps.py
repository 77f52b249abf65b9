"""The cities' maps as files of tiles, opened when first asked for and again when they were made anew."""

from __future__ import annotations

import gzip
from pathlib import Path
from time import monotonic
from typing import Any

from nameko.extensions import DependencyProvider

from hansom.cities import City, cities, city_of
from hansom.cities.tiles import TILES_FILE, Tiles
from hansom.contracts.maps import CityNotPrepared, UnknownCity

LOOKED_AGAIN_S = 10.0
"""How long a map that was made anew may go unnoticed."""

ATTRIBUTION = '<a href="https://www.openstreetmap.org/copyright">© OpenStreetMap contributors</a>'


class CityMaps:
    """Maps by city. All is read from `CITY_DATA`; nothing is asked of another service."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._folder = Path(config["CITY_DATA"])
        self._open: dict[str, tuple[float, int, Tiles]] = {}

    def cities(self) -> list[City]:
        """All that are served, the default city first."""
        return list(cities(self._config).values())

    def tile_json(self, key: str) -> dict[str, Any]:
        """TileJSON 3.0 of a city's map. Raises UnknownCity, CityNotPrepared."""
        tiles = self._tiles(key)
        west, south, east, north = tiles.bounds
        return {
            "tilejson": "3.0.0",
            "name": city_of(self._config, key).name,
            "tiles": [f"/v1/cities/{key}/map/{{z}}/{{x}}/{{y}}?v={tiles.stamp}"],
            "minzoom": tiles.zooms[0],
            "maxzoom": tiles.zooms[1],
            "bounds": [west, south, east, north],
            "vector_layers": tiles.layers,
            "attribution": ATTRIBUTION,
        }

    def tile(self, key: str, zoom: int, x: int, y: int, *, packed: bool) -> bytes | None:
        """A Mapbox Vector Tile, gzipped if `packed`; None where nothing is drawn. Raises as `tile_json`."""
        found = self._tiles(key).tile(zoom, x, y)
        return found if packed or found is None else gzip.decompress(found)

    def _tiles(self, key: str) -> Tiles:
        now = monotonic()
        looked_at, changed_ns, tiles = self._open.get(key, (0.0, 0, None))
        if tiles is not None and now - looked_at < LOOKED_AGAIN_S:
            return tiles
        if key not in cities(self._config):
            raise UnknownCity(details={"city": [f"{key} is not a city here."]})
        path = self._folder / key / TILES_FILE
        try:
            stamp_ns = path.stat().st_mtime_ns
            if tiles is None or stamp_ns != changed_ns:
                tiles = Tiles(path)
        except (OSError, ValueError) as exc:
            raise CityNotPrepared(details={"city": key, "retry_after_s": LOOKED_AGAIN_S}) from exc
        self._open[key] = (now, stamp_ns, tiles)
        return tiles


class CityMapsProvider(DependencyProvider):
    """Gives a worker the gateway's one `CityMaps`."""

    def setup(self) -> None:
        self.maps = CityMaps(self.container.config)

    def get_dependency(self, worker_ctx: Any) -> CityMaps:
        return self.maps
