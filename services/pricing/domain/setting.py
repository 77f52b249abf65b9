"""What operators set: whether a city has surge, and how far it may go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from hansom.contracts.pricing import SetSurge


@dataclass(frozen=True, slots=True)
class SurgeDefaults:
    """What holds in a city while no operator said otherwise."""

    enabled: bool
    cap_tenths: int


@dataclass(frozen=True, slots=True)
class SurgeSetting:
    """What operators have set for a city; None: the default. `changed_at`, `changed_by`: last, None: never."""

    city: str
    enabled: bool | None = None
    cap_tenths: int | None = None
    changed_at: datetime | None = None
    changed_by: str | None = None

    def in_force(self, defaults: SurgeDefaults) -> SurgeDefaults:
        """What holds now."""
        return SurgeDefaults(
            defaults.enabled if self.enabled is None else self.enabled,
            defaults.cap_tenths if self.cap_tenths is None else self.cap_tenths,
        )


@dataclass(frozen=True, slots=True)
class SurgeChange:
    """An operator's change: what held before, and from then on."""

    id: str
    city: str
    changed_at: datetime
    changed_by: str
    old: SurgeDefaults
    new: SurgeDefaults
    note: str | None


def changed(setting: SurgeSetting, command: SetSurge, now: datetime) -> SurgeSetting | None:
    """The setting after the command; None when it already says so."""
    enabled = setting.enabled if command.enabled is None else command.enabled
    cap_tenths = command.cap_tenths if command.sets_cap else setting.cap_tenths
    if (enabled, cap_tenths) == (setting.enabled, setting.cap_tenths):
        return None
    return replace(setting, enabled=enabled, cap_tenths=cap_tenths, changed_at=now, changed_by=command.ops_user_id)
