"""Reads `config.yaml` for what is not started by `nameko run`: the command line, migrations, tests, benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]


def load_config(path: str | Path | None = None) -> dict[str, Any]:
    """The settings, with `${NAME:default}` taken from the environment. Raises OSError, yaml.YAMLError."""
    from nameko.cli.main import setup_yaml_parser  # costs half a second, which a quick command need not pay

    setup_yaml_parser()
    with open(path or REPOSITORY / "config.yaml", encoding="utf-8") as file:
        return yaml.safe_load(file)
