"""Stands for the delivery of notifications."""

from __future__ import annotations

from typing import Any


class Delivered:
    """Takes the frames that notifications would push."""

    def __init__(self) -> None:
        self.frames: list[list[Any]] = []

    def deliver(self, frames: list[list[Any]]) -> list[str]:
        self.frames += frames
        return []
