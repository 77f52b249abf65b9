"""Twenty taps on every button have the effect of one, with an Idempotency-Key and without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import eventlet
import requests

from tests.support.apps import DROPOFF, PASSWORD, PICKUP, App, DriverApp, RiderApp

TAPS = 20
VEHICLE = {"make": "Toyota", "model": "Prius", "colour": "white", "plate": "ABC-123", "category": "standard"}


def person() -> dict[str, Any]:
    return {"email": f"{uuid4().hex}@example.org", "password": PASSWORD, "name": "Kaisa", "phone": "+358401234567"}


def tap(url: str, path: str, body: Any = None, *, app: App | None = None, key: str | None = None) -> requests.Response:
    """One POST, as it is answered: nothing is tried again."""
    headers = {"Authorization": f"Bearer {app.token}"} if app is not None else {}
    if key is not None:
        headers["Idempotency-Key"] = key
    return requests.post(url + path, json=body, headers=headers, timeout=30)


def twenty(call: Callable[[], requests.Response]) -> Counter[tuple[int, str | None]]:
    """How often each (status, code of the error) came of as many calls at once."""
    return told(answers(call))


def answers(call: Callable[[], requests.Response]) -> list[requests.Response]:
    return [greenlet.wait() for greenlet in [eventlet.spawn(call) for _ in range(TAPS)]]


def told(given: list[requests.Response]) -> Counter[tuple[int, str | None]]:
    return Counter((each.status_code, each.json().get("error", {}).get("code")) for each in given)


def test_registering_is_done_once(people: Any) -> None:
    for path, body in (("/v1/riders", person()), ("/v1/drivers", {**person(), "vehicle": VEHICLE})):
        plain = twenty(lambda path=path, body=body: tap(people.url, path, body))
        assert plain == {(201, None): 1, (409, "email_taken"): TAPS - 1}
        fresh, key = {**body, "email": person()["email"]}, uuid4().hex
        keyed = answers(lambda path=path, fresh=fresh, key=key: tap(people.url, path, fresh, key=key))
        assert told(keyed) == {(201, None): TAPS}
        assert len({each.text for each in keyed}) == 1, "all get the same account and the same tokens"


def test_refreshing_is_done_once_with_a_key_and_is_a_theft_without(people: Any) -> None:
    rider, key = people.rider(), uuid4().hex
    body = {"refresh_token": rider.refresh_token}
    keyed = answers(lambda: tap(people.url, "/v1/sessions/refresh", body, key=key))
    assert told(keyed) == {(200, None): TAPS}
    assert len({each.json()["refresh_token"] for each in keyed}) == 1
    fresh = {"refresh_token": keyed[0].json()["refresh_token"]}
    plain = answers(lambda: tap(people.url, "/v1/sessions/refresh", fresh))
    assert told(plain) == {(200, None): 1, (401, "session_ended"): TAPS - 1}
    winner = next(each.json()["access_token"] for each in plain if each.status_code == 200)
    me = requests.get(f"{people.url}/v1/me", headers={"Authorization": f"Bearer {winner}"}, timeout=10)
    assert me.status_code == 401, "who showed a used token may be the thief, so nobody goes on"


def test_every_button_of_a_ride_is_pressed_twenty_times(people: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    trip = _ask(people.url, rider)
    offer_id = driver.event("offer_made", trip_id=trip["id"])["offer_id"]
    at = f"/v1/trips/{trip['id']}"
    all_fine = {(200, None): TAPS}
    assert twenty(lambda: tap(people.url, f"/v1/offers/{offer_id}/accept", app=driver)) == all_fine
    assert twenty(lambda: tap(people.url, f"{at}/arrive", app=driver)) == all_fine
    assert twenty(lambda: tap(people.url, f"{at}/start", {"pin": trip["pin"]}, app=driver)) == all_fine
    assert twenty(lambda: tap(people.url, f"{at}/complete", app=driver)) == all_fine
    assert twenty(lambda: tap(people.url, f"{at}/cancel", app=rider)) == {(409, "illegal_transition"): TAPS}
    _rate(people.url, at, rider, driver)
    rider.event("payment_captured", trip_id=trip["id"])
    driver.event("trip_settled", trip_id=trip["id"])
    assert set(Counter(event["event"] for event in rider.events).values()) == {1}, rider.events
    assert set(Counter(event["event"] for event in driver.events).values()) == {1}, driver.events
    assert len(driver.call("GET", "/v1/driver/earnings")["lines"]) == 1


def _ask(url: str, rider: RiderApp) -> dict[str, Any]:
    quotes = {"pickup": PICKUP, "dropoff": DROPOFF}
    key = uuid4().hex
    quoted = answers(lambda: tap(url, "/v1/quotes", quotes, app=rider, key=key))
    assert len({each.json()["id"] for each in quoted}) == 1
    body = {"quote_id": quoted[0].json()["id"], "category": "van"}
    asked = answers(lambda: tap(url, "/v1/trips", body, app=rider))
    assert told(asked) == {(201, None): 1, (409, "active_trip_exists"): TAPS - 1}
    return next(each.json() for each in asked if each.status_code == 201)


def _rate(url: str, at: str, rider: RiderApp, driver: DriverApp) -> None:
    plain = twenty(lambda: tap(url, f"{at}/rating", {"stars": 4}, app=rider))
    assert plain == {(201, None): 1, (409, "already_rated"): TAPS - 1}
    key = uuid4().hex
    keyed = twenty(lambda: tap(url, f"{at}/rating", {"stars": 3}, app=driver, key=key))
    assert keyed == {(201, None): TAPS}
    for app, stars in ((rider, 3), (driver, 4)):
        app.wait(lambda app=app, stars=stars: app.call("GET", "/v1/me")["rating"] == stars, "his one rating")
        assert app.call("GET", "/v1/me")["rating_count"] == 1


def test_twenty_cancels_are_one_and_the_next_ride_can_be_asked_for(people: Any) -> None:
    rider = people.rider()
    for _ in range(3):
        trip = rider.ask(category="van")
        cancelled = answers(lambda trip=trip: tap(people.url, f"/v1/trips/{trip['id']}/cancel", app=rider))
        assert told(cancelled) == {(200, None): TAPS}
        assert {each.json()["version"] for each in cancelled} == {trip["version"] + 1}
        rider.event("trip_cancelled", trip_id=trip["id"])
    rider.call("PATCH", "/v1/me", {"name": "Kaisa"})
    assert [event["event"] for event in rider.events] == ["trip_cancelled"] * 3


def test_wrong_pins_all_at_once_lock_and_never_start(people: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    trip = rider.ask(category="van")
    offer_id = driver.event("offer_made", trip_id=trip["id"])["offer_id"]
    driver.call("POST", f"/v1/offers/{offer_id}/accept")
    driver.do(trip["id"], "arrive")
    wrong = f"{(int(trip['pin']) + 1) % 10_000:04}"
    tried = twenty(lambda: tap(people.url, f"/v1/trips/{trip['id']}/start", {"pin": wrong}, app=driver))
    assert tried == {(422, "wrong_pin"): 3, (429, "pin_locked"): TAPS - 3}
    right = tap(people.url, f"/v1/trips/{trip['id']}/start", {"pin": trip["pin"]}, app=driver)
    assert (right.status_code, right.json()["error"]["code"]) == (429, "pin_locked")
    assert 1 <= int(right.headers["Retry-After"]) <= 60
    assert rider.call("POST", f"/v1/trips/{trip['id']}/cancel")["state"] == "cancelled"


def test_everybody_presses_everything_and_the_trip_has_one_history(people: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    trip = rider.ask(category="van")
    offer_id = driver.event("offer_made", trip_id=trip["id"])["offer_id"]
    at = f"/v1/trips/{trip['id']}"
    buttons: list[tuple[App, str, Any]] = [
        (rider, f"{at}/cancel", None),
        (driver, f"/v1/offers/{offer_id}/accept", None),
        (driver, f"/v1/offers/{offer_id}/decline", None),
        (driver, f"{at}/arrive", None),
        (driver, f"{at}/start", {"pin": trip["pin"]}),
        (driver, f"{at}/complete", None),
        (driver, f"{at}/cancel", None),
    ]
    pressed = [eventlet.spawn(tap, people.url, path, body, app=app) for app, path, body in buttons * 5]
    given = [each.wait() for each in pressed]
    assert {each.status_code for each in given} <= {200, 403, 409}, told(given)
    rider.event("trip_cancelled", trip_id=trip["id"])
    after = rider.trip(trip["id"])
    assert after["state"] == "cancelled"
    # who gives a ride back is told that he has, and nothing of what becomes of the ride
    gave_back = any(each.status_code == 200 for each in given[len(buttons) - 1 :: len(buttons)])
    ends = {"trip_returned"} if gave_back else {"trip_cancelled", "offer_withdrawn", "offer_made"}
    driver.wait(lambda: driver.events[-1]["event"] in ends, f"one of {sorted(ends)} to be the last it hears")
    assert (rider.gaps, driver.gaps) == ([], [])
