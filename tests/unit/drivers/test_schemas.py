"""What comes in to the drivers service."""

from __future__ import annotations

from typing import Any

import pytest

from hansom.contracts.drivers import Approval, ListDrivers, VehicleDetails
from hansom.contracts.errors import Invalid
from hansom.validation import load
from services.drivers.schemas import (
    DecideDriverSchema,
    DriverIdsSchema,
    ListDriversSchema,
    RegisterDriverSchema,
    SetAvailabilitySchema,
)

VEHICLE = {"make": "Toyota", "model": "Corolla", "colour": "silver", "plate": " abc  123 ", "category": "comfort"}


def refused(schema: Any, payload: Any) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        load(schema, payload)
    return list(refusal.value.details)


def test_a_registration_is_taken_apart_into_account_and_vehicle() -> None:
    payload = {
        "email": "d@e.com",
        "password": "p",
        "surplus": 1,
        "role": "ops",
        "vehicle": VEHICLE,
        "idempotency": None,
    }
    command = load(RegisterDriverSchema(), payload)
    assert command.vehicle == VehicleDetails("Toyota", "Corolla", "silver", "ABC 123", "comfort")
    assert command.account == {"email": "d@e.com", "password": "p", "surplus": 1, "role": "driver"}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field in VEHICLE for value in ("", "x" * 60, None, 5, ["x"], "a\x00b")] + [("wheels", 4)],
)
def test_a_wrong_field_of_a_vehicle_is_named(field: str, value: Any) -> None:
    assert refused(RegisterDriverSchema(), {"vehicle": {**VEHICLE, field: value}}) == [f"vehicle.{field}"]


@pytest.mark.parametrize("vehicle", [None, "car", [], 5])
def test_a_vehicle_that_is_none_is_named(vehicle: Any) -> None:
    assert refused(RegisterDriverSchema(), {"vehicle": vehicle})[0].startswith("vehicle")


@pytest.mark.parametrize("online", ["true", 1, 0, None, "yes", []])
def test_online_is_true_or_false_and_nothing_like_it(online: Any) -> None:
    assert refused(SetAvailabilitySchema(), {"driver_id": "d", "online": online}) == ["online"]


def test_a_list_has_defaults_and_bounds() -> None:
    assert load(ListDriversSchema(), {}) == ListDrivers()
    assert load(ListDriversSchema(), {"approval": "pending"}).approval is Approval.PENDING
    for field, value in [("limit", 0), ("limit", 101), ("limit", "5"), ("approval", "maybe"), ("online", "no")]:
        assert refused(ListDriversSchema(), {field: value}) == [field]


def test_only_so_many_drivers_are_asked_for_at_once() -> None:
    assert refused(DriverIdsSchema(), {"driver_ids": ["d"] * 2001}) == ["driver_ids"]


def test_only_ops_decide() -> None:
    assert refused(DecideDriverSchema(), {"driver_id": "d", "actor": {"user_id": "u", "role": "driver"}}) == [
        "actor.role"
    ]
