"""What operators have set of surge, and every change of it, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.pricing.domain.setting import SurgeChange, SurgeDefaults, SurgeSetting
from services.pricing.storage.tables import surge_changes, surge_settings

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('pricing.surge_settings'), hashtext(:city))")


class SurgeSettings:
    """The settings and changes of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, city: str) -> SurgeSetting:
        """What was set for a city; all None while nothing was."""
        row = self._session.execute(select(surge_settings).where(surge_settings.c.city == city)).first()
        return SurgeSetting(city) if row is None else SurgeSetting(**row._mapping)

    def lock(self, city: str) -> SurgeSetting:
        """The same, and nobody else changes it until this transaction ends; there may be no row to lock yet."""
        self._session.execute(_LOCK, {"city": city})
        return self.get(city)

    def all(self) -> dict[str, SurgeSetting]:
        """What was set, by city, of those for which anything was."""
        rows = self._session.execute(select(surge_settings))
        return {row.city: SurgeSetting(**row._mapping) for row in rows}

    def keep(self, setting: SurgeSetting, change: SurgeChange) -> None:
        """The setting, and who changed what."""
        row = asdict(setting)
        self._session.execute(
            upsert(surge_settings).values(row).on_conflict_do_update(index_elements=["city"], set_=row)
        )
        self._session.execute(insert(surge_changes), _change_row(change))

    def changes(self, city: str | None, before: str | None, most: int) -> Sequence[SurgeChange]:
        """Changes of a city, or of all, newest first, from before the one with the id `before`."""
        statement = select(surge_changes).order_by(surge_changes.c.id.desc()).limit(most)
        if city is not None:
            statement = statement.where(surge_changes.c.city == city)
        if before is not None:
            statement = statement.where(surge_changes.c.id < before)
        return [_change(row) for row in self._session.execute(statement)]


def _change_row(change: SurgeChange) -> dict[str, Any]:
    return {
        "id": change.id,
        "city": change.city,
        "changed_at": change.changed_at,
        "changed_by": change.changed_by,
        "old_enabled": change.old.enabled,
        "new_enabled": change.new.enabled,
        "old_cap_tenths": change.old.cap_tenths,
        "new_cap_tenths": change.new.cap_tenths,
        "note": change.note,
    }


def _change(row: Any) -> SurgeChange:
    return SurgeChange(
        id=row.id,
        city=row.city,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        old=SurgeDefaults(row.old_enabled, row.old_cap_tenths),
        new=SurgeDefaults(row.new_enabled, row.new_cap_tenths),
        note=row.note,
    )
