"""A line that is lost shows itself, comes back by itself, and nothing is missed."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.support.tabs import PASSWORD

LOST = "No connection – trying again…"  # noqa: RUF001 - as the page writes it


def test_who_was_away_sees_all_that_happened_when_the_line_is_back(people: Any, places: Any) -> None:
    line = people.line()
    rider, driver = people.ride(places, riders={"line": line})
    line.cut()
    expect(rider.text(LOST)).to_be_visible()
    driver.press("I am at the pickup")
    expect(driver.heading("At the pickup")).to_be_visible()
    driver.page.get_by_label("The rider's number").fill(rider_pin(rider))
    driver.press("Start the ride")
    expect(driver.heading("To the destination")).to_be_visible()
    assert not rider.heading("There in").is_visible(), "nothing came without a line"

    line.mend()
    expect(rider.text(LOST)).to_be_hidden()
    expect(rider.heading("There in")).to_be_visible()
    numbers = [data["seq"] for _, data in rider.heard if "seq" in data]
    assert {"driver_arrived", "trip_started"} <= {name for name, _ in rider.heard}
    assert sorted(set(numbers)) == list(range(min(numbers), max(numbers) + 1)), "none is left out"


def test_positions_of_a_driver_without_a_line_are_kept_and_sent_in_order(people: Any, places: Any) -> None:
    start, end = places["Kaisaniemenkatu"], places["Kluuvikatu"]
    line = people.line()
    _, driver = people.ride(places, "in_progress", drivers={"line": line})
    line.cut()
    expect(driver.text(LOST)).to_be_visible()
    before = len(driver.told)
    driver.be_at({name: (start[name] + end[name]) / 2 for name in start})
    expect(driver.text("positions wait for the connection")).to_be_visible()
    assert len(driver.told) == before

    line.mend()
    driver.page.evaluate("dispatchEvent(new Event('online'))")  # as the system says when there is a network again
    expect(driver.text("positions wait for the connection")).to_be_hidden()
    driver.tell(end)
    numbers = [each["seq"] for each in driver.told]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "each once, in order"


def test_a_gateway_that_dies_is_found_again_by_both(people: Any, places: Any, stack: Any) -> None:
    rider, driver = people.ride(places)
    before = {tab.role: lines_of(tab) for tab in (rider, driver)}
    killed = stack.kill("gateway")
    stack.wait_restarted("gateway", killed)
    stack.wait_ready()
    for tab in (rider, driver):
        tab.until(lambda tab=tab: lines_of(tab) > before[tab.role], "it has a line again")
        expect(tab.text(LOST)).to_be_hidden()
    driver.press("I am at the pickup")
    expect(rider.heading("Your driver is here")).to_be_visible()
    for tab in (rider, driver):
        tab.forgive("answer: 503")


def test_who_signs_in_while_a_service_is_away_is_told_and_is_let_in_when_it_is_back(people: Any) -> None:
    tab = people.stranger("rider")
    person = {"email": tab.email, "password": PASSWORD, "name": "Aino Virtanen", "phone": "+358401234567"}
    tab.call("POST", "/v1/riders", person)
    error = {"code": "unavailable", "message": "users does not answer", "details": {}, "request_id": ""}
    away = {"status": 503, "headers": {"Retry-After": "1"}, "json": {"error": error}}
    tab.page.route("**/v1/sessions", lambda route: route.fulfill(**away))
    tab.page.get_by_label("E-mail").fill(tab.email)
    tab.page.get_by_label("Password").fill(PASSWORD)
    tab.press("Sign in")
    expect(tab.page.get_by_role("status").filter(has_text="A part of Hansom does not answer.")).to_be_visible()
    tab.page.unroute("**/v1/sessions")
    expect(tab.heading("Where to?")).to_be_visible()
    tab.forgive("answer: 503")


def lines_of(tab: Any) -> int:
    """How many lines the page has had."""
    return sum(name == "connected" for name, _ in tab.heard)


def rider_pin(rider: Any) -> str:
    return rider.sheet.locator("output").inner_text()
