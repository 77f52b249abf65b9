"""A timer whose interval is a setting. It fires in every replica: what it does must bear that."""

from __future__ import annotations

from typing import Any

from nameko.timer import Timer


class SettingTimer(Timer):
    """Entrypoint: a method called every so many seconds as `setting` says."""

    def __init__(self, *, setting: str, **kwargs: Any) -> None:
        super().__init__(0, **kwargs)
        self.setting = setting

    def setup(self) -> None:
        super().setup()
        self.interval = float(self.container.config[self.setting])


every = SettingTimer.decorator
