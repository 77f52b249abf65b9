"""What can be done with drivers: one function a verb."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from hansom.contracts.drivers import (
    AvailabilityChangedData,
    AvailabilityReply,
    CardReply,
    DecideDriver,
    DocumentsMissing,
    DriverCounts,
    DriverReply,
    ListDrivers,
    RegisterDriver,
    SetAvailability,
    UnknownDriver,
    VehicleDetails,
    VehicleReply,
)
from hansom.contracts.errors import Invalid
from hansom.wire import iso
from services.drivers.domain import drivers
from services.drivers.domain.documents import Document, DocumentRules, Verdict, wanting
from services.drivers.domain.drivers import Decision, Driver, carries

Idempotency = dict[str, str] | None
Categories = Mapping[str, tuple[str, ...]]
"""For a car of each category, the categories that it may carry."""


NO_DOCUMENTS = DocumentRules((), frozenset())


class Rows(Protocol):
    """Drivers of one transaction: see `storage.drivers.DriverRows`."""

    def add(self, newcomers: Sequence[Driver]) -> None: ...
    def find(self, ids: Collection[str]) -> list[Driver]: ...
    def lock(self, driver_id: str) -> Driver | None: ...
    def save(self, driver: Driver) -> None: ...
    def add_decision(self, driver_id: str, decision: Decision, by: str, reason: str | None, at: datetime) -> None: ...
    def set_names(self, names: Mapping[str, tuple[str, int]]) -> None: ...
    def set_ratings(self, ratings: Mapping[str, tuple[float, int]]) -> None: ...
    def page(self, wanted: ListDrivers) -> list[Driver]: ...
    def count(self) -> DriverCounts: ...
    def documents_of(self, driver_id: str) -> list[Document]: ...
    def lock_document(self, driver_id: str, kind: str) -> Document | None: ...
    def add_or_lock_document(self, new: Document) -> Document: ...
    def save_document(self, document: Document) -> None: ...
    def add_verdict(self, document: Document, verdict: Verdict) -> None: ...
    def decisions_of(self, driver_id: str) -> list[tuple[str, str, str | None, datetime]]: ...


@dataclass(frozen=True, slots=True)
class Unit:
    """One transaction: its rows, the events told when it commits, replies by idempotency key, the time, settings."""

    rows: Rows
    tell: Callable[[str, str, dict[str, Any]], Any]
    once: Callable[[Idempotency, Callable[[], dict[str, Any]]], dict[str, Any]]
    now: datetime
    auto_approve: bool
    categories: Categories
    documents: DocumentRules = NO_DOCUMENTS

    @property
    def approves_newcomers(self) -> bool:
        """At once, where the settings say so and no document is waited for."""
        return self.auto_approve and not self.documents.required


Units = Callable[[], AbstractContextManager[Unit]]
"""Opens a transaction: `with units() as unit:`, committed at the end of the block."""


class Users(Protocol):
    """The users service: see `hansom.rpc.ServiceClient`."""

    def register_account(self, payload: dict[str, Any]) -> dict[str, Any]: ...


class Cache(Protocol):
    """See `hansom.cache.ReadCache`."""

    def read(
        self, ids: list[str], load: Callable[[list[str]], dict[str, dict[str, Any]]]
    ) -> dict[str, dict[str, Any]]: ...
    def changing(self, ids: Collection[str]) -> AbstractContextManager[None]: ...


def vehicle_reply(vehicle: VehicleDetails) -> VehicleReply:
    """A vehicle, plain."""
    return {
        "make": vehicle.make,
        "model": vehicle.model,
        "colour": vehicle.colour,
        "plate": vehicle.plate,
        "category": vehicle.category,
    }


def driver_reply(driver: Driver) -> DriverReply:
    """A driver as he and ops see him."""
    return {
        "id": driver.id,
        "name": driver.name,
        "rating": driver.rating,
        "rating_count": driver.rating_count,
        "vehicle": vehicle_reply(driver.vehicle),
        "approval": driver.approval.value,
        "suspended_for": driver.suspended_for,
        "online": driver.online,
        "went_online_at": iso(driver.went_online_at),
        "created_at": iso(driver.created_at) or "",
    }


def register_driver(units: Units, users: Users, categories: Categories, command: RegisterDriver) -> dict[str, Any]:
    """A new account with its driver. Raises EmailTaken, Invalid, IdempotencyKeyReused, Crowded, Unavailable.

    The account comes first, in the other service; `account_registered` tells of it as well, so when we die in between
    `add_registered` makes the driver. Either way it is the same row, made once.
    """
    if command.vehicle.category not in categories:
        raise Invalid(details={"vehicle.category": [f"Must be one of: {', '.join(sorted(categories))}."]})
    vehicle = asdict(command.vehicle)
    reply = users.register_account({**command.account, "vehicle": vehicle, "idempotency": command.idempotency})
    user = reply["user"]

    def add() -> dict[str, Any]:
        unit.rows.add([drivers.newcomer(user["id"], user["name"], command.vehicle, unit.approves_newcomers, unit.now)])
        [driver] = unit.rows.find([user["id"]])
        return {"vehicle": vehicle_reply(driver.vehicle), "approval": driver.approval.value}

    with units() as unit:
        more = unit.once(command.idempotency, add)
    return {**reply, "user": {**user, **more}}


def add_registered(units: Units, registered: Collection[dict[str, Any]]) -> None:
    """Make the drivers of new accounts, unless they are there. `registered`: data of `account_registered` events."""
    with units() as unit:
        unit.rows.add(
            [
                drivers.newcomer(
                    data["user_id"], data["name"], VehicleDetails(**data["vehicle"]), unit.approves_newcomers, unit.now
                )
                for data in registered
                if data["role"] == "driver"
            ]
        )


def note_names(units: Units, cache: Cache, changed: Collection[dict[str, Any]]) -> None:
    """Write the newest name of each driver. `changed`: data of `profile_changed` events, repeats too."""
    newest: dict[str, tuple[str, int]] = {}
    for data in changed:
        if data["role"] == "driver" and data["version"] > newest.get(data["user_id"], ("", 0))[1]:
            newest[data["user_id"]] = (data["name"], data["version"])
    if not newest:
        return
    with cache.changing(newest), units() as unit:
        unit.rows.set_names(newest)


def note_ratings(units: Units, cache: Cache, given: Collection[dict[str, Any]]) -> None:
    """Write the newest mean of each driver rated. `given`: data of `rating_given` events, repeats too."""
    newest: dict[str, tuple[float, int]] = {}
    for data in given:
        if data["rated_role"] == "driver" and data["count"] > newest.get(data["rated_user_id"], (0.0, 0))[1]:
            newest[data["rated_user_id"]] = (float(data["average"]), int(data["count"]))
    if not newest:
        return
    with cache.changing(newest), units() as unit:
        unit.rows.set_ratings(newest)


def get_driver(units: Units, driver_id: str) -> DriverReply:
    """One driver. Raises UnknownDriver."""
    with units() as unit:
        found = unit.rows.find([driver_id])
    if not found:
        raise UnknownDriver()
    return driver_reply(found[0])


def get_cards(units: Units, cache: Cache, categories: Categories, driver_ids: list[str]) -> dict[str, CardReply]:
    """Id → what a rider sees of a driver; an id without a driver is left out."""

    def load(missing: list[str]) -> dict[str, dict[str, Any]]:
        with units() as unit:
            return {driver.id: _cached_card(driver) for driver in unit.rows.find(missing)}

    # what a car may carry is a setting, which may change under the cache: added to what comes out of it
    return {
        driver_id: {**card, "categories": carries(categories, card["vehicle"]["category"])}  # type: ignore[typeddict-item]
        for driver_id, card in cache.read(driver_ids, load).items()
    }


def _cached_card(driver: Driver) -> dict[str, Any]:
    vehicle = vehicle_reply(driver.vehicle)
    return {"id": driver.id, "name": driver.name, "rating": driver.rating, "vehicle": vehicle}


def get_availability(units: Units, driver_ids: list[str]) -> dict[str, AvailabilityReply]:
    """Id → whether he is online and what he may carry; an id without a driver is left out."""
    with units() as unit:
        found = unit.rows.find(driver_ids)
        return {
            driver.id: {"online": driver.online, "categories": carries(unit.categories, driver.vehicle.category)}
            for driver in found
        }


def set_availability(units: Units, command: SetAvailability) -> Driver:
    """The driver, online or not, told to others when it changes.

    Raises UnknownDriver, DriverNotApproved, DocumentsMissing.
    """
    with units() as unit:
        before = _locked(unit, command.driver_id)
        after = drivers.set_availability(before, command.online, unit.now)
        if after.online and not before.online:
            must_be_in_order(unit, after.id)
        _save(unit, before, after)
    return after


def approve_driver(units: Units, command: DecideDriver) -> DriverReply:
    """The driver, who may go online from now on. Raises UnknownDriver, DocumentsMissing."""
    return _decide(units, command, Decision.APPROVE)


def suspend_driver(units: Units, command: DecideDriver) -> DriverReply:
    """The driver, offline and not to come back until approved again. A ride under way is driven on.

    Raises UnknownDriver.
    """
    return _decide(units, command, Decision.SUSPEND)


def _decide(units: Units, command: DecideDriver, decision: Decision) -> DriverReply:
    with units() as unit:
        before = _locked(unit, command.driver_id)
        after = drivers.decide(before, decision, command.reason)
        if after is not before and decision is Decision.APPROVE:
            must_be_in_order(unit, after.id)
        if after is not before:
            unit.rows.add_decision(after.id, decision, command.decided_by, command.reason, unit.now)
        _save(unit, before, after)
    return driver_reply(after)


def must_be_in_order(unit: Unit, driver_id: str) -> None:
    """Raises DocumentsMissing when a required document is not there, not accepted, or out of date."""
    if not unit.documents.required:
        return
    found = wanting(unit.documents, unit.rows.documents_of(driver_id), unit.now.date())
    if found:
        raise DocumentsMissing(details={"documents": found})


def _locked(unit: Unit, driver_id: str) -> Driver:
    driver = unit.rows.lock(driver_id)
    if driver is None:
        raise UnknownDriver()
    return driver


def _save(unit: Unit, before: Driver, after: Driver) -> None:
    """Write what changed, and tell of it when it is the availability."""
    if after is not before:
        unit.rows.save(after)
    if after.online != before.online:
        data = AvailabilityChangedData(
            driver_id=after.id, online=after.online, categories=carries(unit.categories, after.vehicle.category)
        )
        unit.tell("driver_availability_changed", after.id, dict(data))


def list_drivers(units: Units, wanted: ListDrivers) -> dict[str, Any]:
    """`{"items", "next_cursor"}`, newest first."""
    with units() as unit:
        found = unit.rows.page(wanted)
    page = found[: wanted.limit]
    more = len(found) > wanted.limit
    return {"items": [driver_reply(driver) for driver in page], "next_cursor": page[-1].id if more else None}


def count_drivers(units: Units) -> DriverCounts:
    """How many drivers there are, by what they may and do."""
    with units() as unit:
        return unit.rows.count()
