"""Reads the lines and areas of a Mapbox Vector Tile (https://github.com/mapbox/vector-tile-spec, version 2.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import atan, degrees, pi, sinh

LINE, AREA = 2, 3
MOVE_TO, LINE_TO, CLOSE = 1, 2, 7

Trail = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A feature of a layer: one or more lines, or the rings of areas, in the tile's own units, y downwards."""

    layer: str
    tags: dict[str, str]
    trails: list[Trail]


@dataclass(frozen=True, slots=True)
class TileAt:
    """Which tile it is: the world at a zoom is 2^zoom tiles wide; x goes east, y south."""

    zoom: int
    x: int
    y: int

    def lat_lng(self, at: tuple[int, int], extent: int) -> tuple[float, float]:
        """Degrees of a place in the tile (spherical Mercator)."""
        across, down = (self.x + at[0] / extent) / 2**self.zoom, (self.y + at[1] / extent) / 2**self.zoom
        return degrees(atan(sinh(pi * (1 - 2 * down)))), across * 360 - 180


def shapes(tile: bytes, wanted: Collection[str]) -> Iterator[tuple[Shape, int]]:
    """The lines and areas of the wanted layers, each with the extent of its layer (units across the tile).

    Raises ValueError, IndexError for what is no tile.
    """
    for field, layer in _fields(tile):
        if field == 3 and isinstance(layer, bytes):
            yield from _layer(layer, wanted)


def _layer(layer: bytes, wanted: Collection[str]) -> Iterator[tuple[Shape, int]]:
    name, extent, keys, values, features = "", 4096, [], [], []
    for field, value in _fields(layer):
        if field == 1 and isinstance(value, bytes):
            name = value.decode()
            if name not in wanted:
                return
        elif field == 2 and isinstance(value, bytes):
            features.append(value)
        elif field == 3 and isinstance(value, bytes):
            keys.append(value.decode())
        elif field == 4 and isinstance(value, bytes):
            values.append(_text(value))
        elif field == 5 and isinstance(value, int):
            extent = value
    for feature in features:
        shape = _feature(feature, name, keys, values)
        if shape is not None:
            yield shape, extent


def _feature(feature: bytes, layer: str, keys: list[str], values: list[str]) -> Shape | None:
    kind, tags, paths = 0, {}, b""
    for field, value in _fields(feature):
        if field == 2 and isinstance(value, bytes):
            pairs = _packed(value)
            tags = {keys[key]: values[at] for key, at in zip(pairs[::2], pairs[1::2], strict=False)}
        elif field == 3 and isinstance(value, int):
            kind = value
        elif field == 4 and isinstance(value, bytes):
            paths = value
    return Shape(layer, tags, _paths(_packed(paths))) if kind in (LINE, AREA) else None


def _paths(commands: list[int]) -> list[Trail]:
    """Commands with steps from the last place become places."""
    trails: list[Trail] = []
    x = y = at = 0
    while at < len(commands):
        verb, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if verb == CLOSE:
            continue
        if verb not in (MOVE_TO, LINE_TO):
            raise ValueError(f"a tile with the command {verb}")
        for _ in range(count):
            x += (commands[at] >> 1) ^ -(commands[at] & 1)
            y += (commands[at + 1] >> 1) ^ -(commands[at + 1] & 1)
            at += 2
            if verb == MOVE_TO:
                trails.append([])
            trails[-1].append((x, y))
    return trails


def _text(value: bytes) -> str:
    """A tag's value, if it is a text."""
    return next((text.decode() for field, text in _fields(value) if field == 1 and isinstance(text, bytes)), "")


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protocol buffer: number and value. Raises ValueError for kinds that no tile has."""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        match key & 7:
            case 0:
                value, at = _number(message, at)
                yield key >> 3, value
            case 2:
                size, at = _number(message, at)
                if at + size > len(message):
                    raise ValueError("a tile that ends early")
                yield key >> 3, message[at : at + size]
                at += size
            case 1 | 5 as fixed:
                at += 8 if fixed == 1 else 4
            case other:
                raise ValueError(f"a tile with a field of kind {other}")


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A varint, and where the next thing begins."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number without an end")


def _packed(message: bytes) -> list[int]:
    numbers, value, shift = [], 0, 0
    for byte in message:
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            numbers.append(value)
            value = shift = 0
        else:
            shift += 7
    return numbers
