"""The wire ↔ pricing's dataclasses: surge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate, validates_schema

from hansom.contracts.pricing import (
    HIGHEST_CAP,
    CitySurgeReply,
    ListSurgeChanges,
    SeeSurge,
    SegmentSurgeReply,
    SetSurge,
    SurgeChangeReply,
    SurgeChangesReply,
    SurgeMapReply,
    SurgeReply,
    SurgeSetReply,
    SurgeSettingReply,
)
from hansom.validation import PlainText
from hansom.wire import Finite, iso
from services.pricing.domain.reasons import Reckoned, Surge, surge_of
from services.pricing.domain.setting import SurgeChange, SurgeDefaults, SurgeSetting
from services.pricing.domain.surge import STEPS, SegmentSurge
from services.pricing.usecases.surging import SurgePlan


class _Request(Schema):
    class Meta:
        unknown = EXCLUDE


def _city(**kwargs: Any) -> PlainText:
    return PlainText(longest=64, **kwargs)


class SeeSurgeSchema(_Request):
    city = _city(required=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> SeeSurge:
        return SeeSurge(**data)


class ActorSchema(_Request):
    user_id = PlainText(required=True, longest=64)
    role = fields.String(required=True, validate=validate.Equal("ops"))


class SetSurgeSchema(_Request):
    """`enabled` and `cap`: what is not there stays as it is, and one must be; a null cap is the city's default."""

    city = _city(required=True)
    enabled = fields.Boolean(truthy={True}, falsy={False})
    cap = Finite(allow_none=True, validate=validate.Range(1, HIGHEST_CAP))
    note = PlainText(shortest=0, longest=500, multiline=True, allow_none=True, load_default=None)
    actor = fields.Nested(ActorSchema, required=True)
    idempotency = fields.Dict(load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def changes_something(self, data: dict[str, Any], **_: Any) -> None:
        if "enabled" not in data and "cap" not in data:
            raise ValidationError({"enabled": ["Say enabled, or cap, or both."]})
        cap = data.get("cap")
        if cap is not None and abs(cap * STEPS - round(cap * STEPS)) > 1e-9:
            raise ValidationError({"cap": ["A multiplier in tenths, such as 1.5."]})

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> SetSurge:
        cap = data.get("cap")
        return SetSurge(
            city=data["city"],
            ops_user_id=data["actor"]["user_id"],
            enabled=data.get("enabled"),
            sets_cap="cap" in data,
            cap_tenths=None if cap is None else round(cap * STEPS),
            note=data["note"] or None,
            idempotency=data["idempotency"],
        )


class ListSurgeChangesSchema(_Request):
    city = _city(load_default=None, allow_none=True)
    limit = fields.Integer(strict=True, load_default=20, validate=validate.Range(1, 100))
    cursor = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"\A[0-9a-f]{32}\Z", error="Not a cursor of this list."),
    )

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> ListSurgeChanges:
        return ListSurgeChanges(**data)


SEE_SURGE, SET_SURGE, LIST_SURGE_CHANGES = SeeSurgeSchema(), SetSurgeSchema(), ListSurgeChangesSchema()


def dump_surge(surge: Surge) -> SurgeReply:
    return {
        "multiplier": surge.tenths / STEPS,
        "code": surge.code.value,
        "reason": surge.reason,
        "values": surge.values,
    }


def dump_surge_map(
    city: str, reckoned: Reckoned | None, segments: Mapping[str, SegmentSurge], plan: SurgePlan, now: datetime
) -> SurgeMapReply:
    """What quotes have now: the segments above 1.0 with what was counted near them."""
    holds = plan.of(city)
    seen = {segment: (surge_of(reckoned, state, now, plan.stale), state) for segment, state in segments.items()}
    return {
        "city": city,
        "enabled": reckoned.enabled if reckoned else holds.enabled,
        "cap": (reckoned.cap_tenths if reckoned else holds.cap_tenths) / STEPS,
        "known": reckoned is not None and reckoned.is_known(now, plan.stale),
        "at": iso(reckoned.at) if reckoned else None,
        "items": {
            segment: _dump_segment(surge, state) for segment, (surge, state) in seen.items() if surge.tenths > STEPS
        },
    }


def _dump_segment(surge: Surge, state: SegmentSurge) -> SegmentSurgeReply:
    near = state.near
    counted = {"waiting": near.waiting, "requests": near.requests, "unmet": near.unmet, "free": near.free}
    return {**dump_surge(surge), **counted}  # type: ignore[typeddict-item]


def dump_setting(setting: SurgeSetting, plan: SurgePlan) -> SurgeSettingReply:
    defaults = plan.of(setting.city)
    holds = setting.in_force(defaults)
    return {
        "city": setting.city,
        "enabled": holds.enabled,
        "cap": holds.cap_tenths / STEPS,
        "default_enabled": defaults.enabled,
        "default_cap": defaults.cap_tenths / STEPS,
        "changed_at": iso(setting.changed_at),
        "changed_by": setting.changed_by,
    }


def dump_city_surge(
    setting: SurgeSetting,
    reckoned: Reckoned | None,
    segments: Mapping[str, SegmentSurge],
    plan: SurgePlan,
    now: datetime,
) -> CitySurgeReply:
    live = dump_surge_map(setting.city, reckoned, segments, plan, now)
    return {**dump_setting(setting, plan), "live": live}


def dump_changes(changes: Sequence[SurgeChange], following: str | None) -> SurgeChangesReply:
    return {"items": [_dump_change(change) for change in changes], "next_cursor": following}


def _dump_change(change: SurgeChange) -> SurgeChangeReply:
    return {
        "id": change.id,
        "city": change.city,
        "changed_at": iso(change.changed_at) or "",
        "changed_by": change.changed_by,
        "old": _dump_set(change.old),
        "new": _dump_set(change.new),
        "note": change.note,
    }


def _dump_set(held: SurgeDefaults) -> SurgeSetReply:
    return {"enabled": held.enabled, "cap": held.cap_tenths / STEPS}
