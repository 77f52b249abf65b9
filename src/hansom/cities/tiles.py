"""A city's map as vector tiles, `map.pmtiles`: made of its extract by tippecanoe, read a tile at a time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import MagicNumberNotFound, SpecVersionUnsupported

from hansom.cities import Area
from hansom.cities.drawing import write

TILES_FILE = "map.pmtiles"
LOWEST_ZOOM, HIGHEST_ZOOM = 5, 15
"""Between these zooms there are tiles; closer looks stretch the last ones, which keep 2.4 m a unit at 60° north."""

TILES_KEPT = 2000
"""Tiles that a process remembers: about 40 MB of the busiest city centre."""

DAMAGE = (MagicNumberNotFound, SpecVersionUnsupported, ValueError, IndexError, EOFError, OSError, zlib.error)
"""What reading a damaged file raises: it is no such file, it ends early, or what is packed in it is not what it was."""


def build_tiles(extract: Path, folder: Path, area: Area) -> None:
    """Write `map.pmtiles` of a service area into `folder`: about a second for 10,000 features.

    Raises OSError, RuntimeError when the extract cannot be read or drawn.
    """
    drawn, unfinished = folder / "map.geojsonl", folder / "map.part.pmtiles"
    try:
        if not write(extract, area, drawn):
            raise RuntimeError("there is nothing to draw in the service area")
        zooms = (f"--minimum-zoom={LOWEST_ZOOM}", f"--maximum-zoom={HIGHEST_ZOOM}")
        command = [_tippecanoe(), "--quiet", "--force", "--read-parallel", *zooms, "--no-tile-stats"]
        # a tile that is too large loses its smallest features first
        command += ["--drop-smallest-as-needed", f"--output={unfinished}", str(drawn)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"tippecanoe: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
        unfinished.replace(folder / TILES_FILE)
    finally:
        drawn.unlink(missing_ok=True)
        unfinished.unlink(missing_ok=True)


def _tippecanoe() -> str:
    beside = Path(sys.executable).parent / "tippecanoe"
    found = str(beside) if beside.is_file() else shutil.which("tippecanoe")
    if found is None:
        raise RuntimeError("tippecanoe is not installed")
    return found


class Tiles:
    """One city's tiles. `stamp` changes when they are made anew."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when there is no such file, ValueError when it is damaged."""
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            try:
                self._reader = Reader(MmapSource(file))
                self._metadata, header = self._reader.metadata(), self._reader.header()
            except DAMAGE as exc:
                raise ValueError(f"{path} is damaged: prepare the city again") from exc
        self.stamp = f"{facts.st_mtime_ns:x}-{facts.st_size:x}"
        self.bounds = tuple(header[f"{edge}_e7"] / 1e7 for edge in ("min_lon", "min_lat", "max_lon", "max_lat"))
        self.zooms = (int(header["min_zoom"]), int(header["max_zoom"]))
        self._kept: OrderedDict[tuple[int, int, int], bytes | None] = OrderedDict()

    @property
    def layers(self) -> list[dict[str, Any]]:
        """TileJSON's `vector_layers`."""
        return list(self._metadata.get("vector_layers", ()))

    def tile(self, zoom: int, x: int, y: int) -> bytes | None:
        """A tile as gzipped Mapbox Vector Tile, or None where nothing is drawn."""
        place = (zoom, x, y)
        if place in self._kept:
            self._kept.move_to_end(place)
            return self._kept[place]
        in_range = self.zooms[0] <= zoom <= self.zooms[1] and 0 <= x < 2**zoom and 0 <= y < 2**zoom
        found = self._reader.get(zoom, x, y) if in_range else None
        if in_range:
            self._kept[place] = found
            if len(self._kept) > TILES_KEPT:
                self._kept.popitem(last=False)
        return found
