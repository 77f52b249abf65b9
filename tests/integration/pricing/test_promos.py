"""Promo codes over the broker: limits that hold when riders race, reservations that come to an end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import eventlet
import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from hansom.contracts.errors import Invalid, Unavailable
from hansom.contracts.pricing import NotYourFare, QuoteOfAChange
from hansom.contracts.promos import PromoExists, PromoRefused, UnknownPromo
from hansom.store import engine_for
from tests.integration.pricing.conftest import Call
from tests.support.pricing_world import DROPOFF, World
from tests.support.promos import OPS, TWO_EUROS, a_code, a_quote, a_request, an_event, breaches, tell, uses


@pytest.fixture
def engine(pricing_settings: dict[str, Any], service: ServiceContainer) -> Iterator[Engine]:
    engine = engine_for(pricing_settings, "pricing")
    yield engine
    engine.dispose()


def refusal(call: Call, method: str, payload: dict[str, Any]) -> str:
    with pytest.raises(PromoRefused) as refused:
        call(method, payload)
    return refused.value.details["reason"]


def quoting(code: str, rider: str = "rider-1") -> dict[str, Any]:
    return {"rider_id": rider, "pickup": DROPOFF, "dropoff": DROPOFF, "promo_code": code}


def use_of(call: Call, trip_id: str, code: str) -> dict[str, Any]:
    (use,) = [use for use in call("list_promo_uses", {"code": code})["items"] if use["trip_id"] == trip_id]
    return use


# -- quotes ----------------------------------------------------------------------------------------------------------
def test_a_quote_shows_what_a_code_takes_off_and_keeps_it(call: Call) -> None:
    code = a_code(call, kind="percent", percent=20, amount=None, cap={"amount_minor": 300, "currency": "EUR"})
    quote = a_quote(call, code.lower())
    offs = {option["category"]: option["promo"]["discount"]["amount_minor"] for option in quote["options"]}
    assert offs == {"standard": 276, "comfort": 300, "van": 300}, "a fifth, at most three euros"
    for option in quote["options"]:
        assert option["promo"]["to_pay"]["amount_minor"] == (
            option["fare"]["amount_minor"] - option["promo"]["discount"]["amount_minor"]
        )
        assert option["promo"]["label"] == f"Promo code {code} (20 %)"
    assert call("get_quote", {"quote_id": quote["id"]}) == quote


def test_a_code_that_cannot_be_used_is_refused_with_its_reason(call: Call) -> None:
    year = {"valid_from": "2020-01-01T00:00:00Z"}
    assert refusal(call, "quote", quoting("NO-SUCH-CODE")) == "unknown"
    assert refusal(call, "quote", quoting(a_code(call, valid_from="2099-01-01T00:00:00Z"))) == "not_yet"
    disabled = a_code(call, **year)
    call("disable_promo", {"code": disabled, "actor": OPS})
    assert refusal(call, "quote", quoting(disabled)) == "disabled"
    used = a_code(call, uses_max=1)
    call("reserve_promo", a_request(a_quote(call, used)))
    assert refusal(call, "quote", quoting(used)) == "used_by_you"
    assert refusal(call, "quote", quoting(used, "rider-2")) == "used_up"


def test_a_code_that_is_over_is_refused(call: Call, engine: Engine) -> None:
    code = f"OVER-{uuid4().hex[:6].upper()}"
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO promo_codes (code, kind, amount_minor, currency, first_ride, valid_from, valid_until,"
                " created_at, created_by) VALUES (:code, 'fixed', 200, 'EUR', false, '2020-01-01Z', '2020-02-01Z',"
                " '2020-01-01Z', 'ops')"
            ),
            {"code": code},
        )
    assert refusal(call, "quote", quoting(code)) == "over"


def test_a_code_for_first_rides_is_not_shown_to_who_has_had_one(call: Call, service: ServiceContainer) -> None:
    code, rider = a_code(call, first_ride=True), uuid4().hex
    quote = a_quote(call, code, rider)
    assert refusal(call, "reserve_promo", a_request(quote)) == "not_first_ride", "trips knows of a ride"
    assert call("reserve_promo", a_request(quote, first_ride=True))["code"] == code
    newcomer = uuid4().hex
    tell(service, an_event("trip_settled", uuid4().hex, rider=newcomer, started=True))
    assert refusal(call, "quote", quoting(code, newcomer)) == "not_first_ride"


# -- reservations ----------------------------------------------------------------------------------------------------
def test_a_trip_without_a_code_reserves_none(call: Call) -> None:
    assert call("reserve_promo", a_request(a_quote(call))) == {"code": None}


def test_a_repeated_request_has_the_same_reservation(call: Call) -> None:
    code = a_code(call, uses_max=1)
    asked = a_request(a_quote(call, code))
    first = call("reserve_promo", asked)
    assert first == {"code": code, "discount": TWO_EUROS}
    assert [call("reserve_promo", asked) for _ in range(3)] == [first] * 3
    assert uses(call, code) == 1


def test_two_riders_at_the_last_use_and_one_wins(call: Call) -> None:
    code = a_code(call, uses_max=3)
    asked = [a_request(a_quote(call, code, f"racer-{number}")) for number in range(12)]

    def reserve(request: dict[str, Any]) -> str:
        try:
            return call("reserve_promo", request)["code"]
        except PromoRefused as refused:
            return refused.details["reason"]

    answers = list(eventlet.GreenPool(12).imap(reserve, asked))
    assert sorted(answers) == sorted([code] * 3 + ["used_up"] * 9)
    assert uses(call, code) == 3
    assert breaches(call) == {}


def test_one_rider_with_two_trips_at_once_uses_a_code_once(call: Call) -> None:
    code = a_code(call)
    asked = [a_request(a_quote(call, code)) for _ in range(6)]

    def reserve(request: dict[str, Any]) -> bool:
        try:
            return call("reserve_promo", request)["code"] == code
        except PromoRefused as refused:
            assert refused.details["reason"] == "used_by_you"
            return False

    assert sum(eventlet.GreenPool(6).imap(reserve, asked)) == 1


def test_the_database_itself_refuses_a_use_above_a_limit(call: Call, engine: Engine) -> None:
    code = a_code(call, uses_max=2)
    insert = text(
        "INSERT INTO promo_uses (trip_id, code, rider_id, quote_id, category, state, discount_minor, currency,"
        " reserved_at, look_after) VALUES (:trip, :code, :rider, 'q', 'standard', 'reserved', 100, 'EUR', now(), now())"
    )

    def use(rider: str) -> None:
        with engine.begin() as connection:
            connection.execute(insert, {"trip": uuid4().hex, "code": code, "rider": rider})

    use("one")
    with pytest.raises(IntegrityError, match="as often as he may"):
        use("one")
    use("two")
    with pytest.raises(IntegrityError, match="ck_promo_codes_uses"):
        use("three")
    for change in ("uses = 0", "uses_max = 9", "amount_minor = 10000", "valid_until = NULL, first_ride = true"):
        with pytest.raises(DBAPIError, match="code"), engine.begin() as connection:
            connection.execute(text(f"UPDATE promo_codes SET {change} WHERE code = :code"), {"code": code})
    for table in ("promo_uses", "promo_codes"):
        with pytest.raises(DBAPIError, match="stays written"), engine.begin() as connection:
            connection.execute(text(f"DELETE FROM {table} WHERE code = :code"), {"code": code})


def test_only_the_quotes_rider_reserves_and_only_for_a_new_trip(call: Call) -> None:
    quote = a_quote(call, a_code(call))
    with pytest.raises(NotYourFare):
        call("reserve_promo", {**a_request(quote), "rider_id": "somebody"})
    ends = {"trip_id": "t", "rider_id": "rider-1", "quote_id": quote["id"], "category": "standard", "dropoff": DROPOFF}
    changed = call("requote", ends)
    with pytest.raises(QuoteOfAChange):
        call("reserve_promo", a_request(changed))


# -- what becomes of trips -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("end", ["trip_cancelled", "trip_expired"])
def test_a_trip_that_was_no_ride_gives_its_code_back(call: Call, service: ServiceContainer, end: str) -> None:
    code = a_code(call, uses_max=1)
    asked = a_request(a_quote(call, code))
    call("reserve_promo", asked)
    ended = an_event(end, asked["trip_id"])
    tell(service, ended, ended)
    tell(service, ended)
    assert (uses(call, code), use_of(call, asked["trip_id"], code)["state"]) == (0, "given_back")
    assert call("reserve_promo", a_request(a_quote(call, code, "rider-2")))["code"] == code


@pytest.mark.parametrize(("ended_early", "state"), [(True, "reserved"), (None, "reserved"), (False, "given_back")])
def test_a_ride_called_off_under_way_keeps_its_code_while_it_may_be_settled(
    call: Call, service: ServiceContainer, ended_early: bool | None, state: str
) -> None:
    code = a_code(call)
    asked = a_request(a_quote(call, code))
    call("reserve_promo", asked)
    tell(service, an_event("trip_cancelled", asked["trip_id"], started=True, ended_early=ended_early))
    assert use_of(call, asked["trip_id"], code)["state"] == state


def test_a_settled_trip_has_used_its_code_whatever_comes_twice_or_late(call: Call, service: ServiceContainer) -> None:
    code = a_code(call)
    asked = a_request(a_quote(call, code))
    call("reserve_promo", asked)
    off = {"amount_minor": 150, "currency": "EUR"}
    settled = an_event("trip_settled", asked["trip_id"], started=True, promo_code=code, discount=off)
    cancelled = an_event("trip_cancelled", asked["trip_id"])
    tell(service, an_event("trip_cancelled", asked["trip_id"], started=True), settled, settled)
    tell(service, cancelled, settled)
    use = use_of(call, asked["trip_id"], code)
    assert (use["state"], use["discount"], uses(call, code)) == ("used", off, 1)
    assert call("reserve_promo", asked)["code"] == code, "asked late, the same answer"


def test_a_trip_settled_without_the_code_gives_it_back_and_an_old_message_uses_it(
    call: Call, service: ServiceContainer
) -> None:
    code = a_code(call, uses_per_rider=2)
    without, old = a_request(a_quote(call, code)), a_request(a_quote(call, code))
    for asked in (without, old):
        call("reserve_promo", asked)
    nothing = {"promo_code": None, "discount": {"amount_minor": 0, "currency": "EUR"}}
    tell(service, an_event("trip_settled", without["trip_id"], started=True, **nothing))
    tell(service, an_event("trip_settled", old["trip_id"], started=True))
    assert use_of(call, without["trip_id"], code)["state"] == "given_back"
    assert (use_of(call, old["trip_id"], code)["state"], uses(call, code)) == ("used", 1)


def test_trips_gives_back_what_it_reserved_for_a_request_that_was_refused(call: Call) -> None:
    code = a_code(call, uses_max=1)
    asked = a_request(a_quote(call, code))
    call("reserve_promo", asked)
    assert call("release_promo", {"trip_id": asked["trip_id"]}) == {"released": True}
    assert call("release_promo", {"trip_id": asked["trip_id"]}) == {"released": False}
    assert call("reserve_promo", asked)["code"] == code, "asked again, it has it again"
    assert uses(call, code) == 1


def test_a_trip_asked_for_again_with_another_quote_has_that_quotes_code(call: Call) -> None:
    one, other = a_code(call), a_code(call)
    trip_id = uuid4().hex
    call("reserve_promo", a_request(a_quote(call, one), trip_id))
    assert call("reserve_promo", a_request(a_quote(call, other), trip_id))["code"] == other
    assert (uses(call, one), uses(call, other)) == (0, 1)


def sweep(service: ServiceContainer, engine: Engine, older: str = "10 minutes") -> None:
    """Every reservation is due, and as old as told."""
    with engine.begin() as connection:
        connection.execute(
            text(f"UPDATE promo_uses SET look_after = now(), reserved_at = reserved_at - interval '{older}'")
        )
    with entrypoint_hook(service, "sweep_promos") as sweep_promos:
        sweep_promos()


def test_a_reservation_whose_trip_never_came_to_be_is_swept(
    call: Call, service: ServiceContainer, engine: Engine, world: World
) -> None:
    code = a_code(call, uses_max=3)
    lost, living, cancelled = (a_request(a_quote(call, code, f"sweep-{number}")) for number in range(3))
    for asked in (lost, living, cancelled):
        call("reserve_promo", asked)
    world.states = {living["trip_id"]: "assigned", cancelled["trip_id"]: "cancelled"}
    world.failures["get_parties"] = Unavailable()
    sweep(service, engine)
    assert uses(call, code) == 3, "while trips is down nothing is given back"
    world.failures.clear()
    sweep(service, engine)
    states = {use["trip_id"]: use["state"] for use in call("list_promo_uses", {"code": code})["items"]}
    assert states == {
        lost["trip_id"]: "given_back",
        living["trip_id"]: "reserved",
        cancelled["trip_id"]: "reserved",
    }, "who was cancelled under way may yet be settled"
    sweep(service, engine, "1 hour")
    assert use_of(call, cancelled["trip_id"], code)["state"] == "given_back"
    assert use_of(call, living["trip_id"], code)["state"] == "reserved"


# -- operators -------------------------------------------------------------------------------------------------------
def test_operators_see_codes_newest_first_page_by_page(call: Call) -> None:
    codes = [a_code(call) for _ in range(3)]
    first = call("list_promos", {"limit": 2})
    second = call("list_promos", {"limit": 1, "cursor": first["next_cursor"]})
    assert [item["code"] for item in first["items"] + second["items"]] == codes[::-1]


def test_a_code_is_made_once_and_disabled_once(call: Call) -> None:
    code = a_code(call)
    with pytest.raises(PromoExists):
        a_code(call, code=code.lower())
    first = call("disable_promo", {"code": code, "actor": OPS})
    again = call("disable_promo", {"code": code, "actor": {**OPS, "user_id": "ops-2"}})
    assert first["disabled_by"] == "ops-1" and again == first
    with pytest.raises(UnknownPromo):
        call("disable_promo", {"code": "NO-SUCH-CODE", "actor": OPS})


def test_a_trip_under_way_keeps_a_code_that_is_disabled(call: Call) -> None:
    code = a_code(call, uses_per_rider=None)
    kept, late = a_request(a_quote(call, code)), a_request(a_quote(call, code))
    call("reserve_promo", kept)
    call("disable_promo", {"code": code, "actor": OPS})
    assert call("reserve_promo", kept)["code"] == code
    assert refusal(call, "reserve_promo", late) == "disabled"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"code": "ab"}, "code"),
        ({"code": "A B C"}, "code"),
        ({"kind": "gift"}, "kind"),
        ({"amount": None}, "amount"),
        ({"amount": {"amount_minor": 0, "currency": "EUR"}}, "amount.amount_minor"),
        ({"amount": {"amount_minor": 2.5, "currency": "EUR"}}, "amount.amount_minor"),
        ({"amount": {"amount_minor": 200, "currency": "SEK"}}, "currency"),
        ({"percent": 10}, "percent"),
        ({"cap": TWO_EUROS}, "cap"),
        ({"kind": "percent", "percent": 20}, "amount"),
        ({"kind": "percent", "amount": None, "percent": 101}, "percent"),
        ({"uses_max": 0}, "uses_max"),
        ({"cities": ["atlantis"]}, "cities"),
        ({"cities": []}, "cities"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, "valid_until"),
        ({"valid_from": "yesterday"}, "valid_from"),
        ({"actor": {"user_id": "me", "role": "rider"}}, "actor.role"),
    ],
    ids=str,
)
def test_a_code_that_makes_no_sense_is_refused_by_its_field(call: Call, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        a_code(call, **wrong)
    assert list(refused.value.details) == [field]
