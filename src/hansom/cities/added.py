"""Cities that were added to a running Hansom: `CITY_DATA/<name>/city.yaml`, in the form of an entry of `CITIES`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

CITY_FILE = "city.yaml"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""What a city may be called: it is the name of a folder, of a process and of a variable's value."""

_read: dict[Path, tuple[int, dict[str, dict[str, Any]]]] = {}


def added_cities(folder: Path) -> dict[str, dict[str, Any]]:
    """Settings of the cities that were added in `folder`, by name, retired ones too; empty when there is no folder.

    Read again when cities came or went. Raises ValueError that names a damaged file.
    """
    try:
        changed_ns = folder.stat().st_mtime_ns
    except OSError:
        return {}
    known = _read.get(folder)
    if known is None or known[0] != changed_ns:
        files = sorted(folder.glob(f"[a-z]*/{CITY_FILE}"))
        known = _read[folder] = (changed_ns, {path.parent.name: read_city(path) for path in files})
    return known[1]


def read_city(path: Path) -> dict[str, Any]:
    """One city's settings. Raises ValueError that names the file when it is none."""
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        reason = " ".join(str(exc).split())
        raise ValueError(f"{path} cannot be read: {reason}") from exc
    if not isinstance(settings, dict) or not {"name", "currency", "time_zone", "service_area"} <= set(settings):
        raise ValueError(f"{path} holds no city: it has to have a name, currency, time_zone and service_area")
    return settings


def write_city(folder: Path, settings: Mapping[str, Any], remark: str) -> None:
    """Write a city's settings into its folder, whole or not at all, under a comment. Raises OSError."""
    path = folder / CITY_FILE
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    text = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True, default_flow_style=None, width=200)
    head = "".join(f"# {line}\n" for line in remark.splitlines())
    unfinished.write_text(head + text, encoding="utf-8")
    unfinished.replace(path)
    if folder.parent in _read:
        # a file that is written anew does not change the folder above
        del _read[folder.parent]
