"""Axe finds nothing on any page or step of a ride, in light and dark; nothing is wider than a small telephone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.axe import violations
from tests.support.tabs import SMALL_PHONE, Tab


def look(tab: Tab, step: str, *, small: bool = True) -> None:
    """Look at a page as it stands, in both themes. Raises AssertionError with all that is wrong."""
    wrong = []
    for theme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=theme)
        expect(tab.page.locator("html")).to_have_attribute("data-theme", theme)
        wrong += [f"{step}, {theme}: {each}" for each in violations(tab.page)]
    if small:
        seen = tab.page.viewport_size
        tab.page.set_viewport_size(SMALL_PHONE)
        wide = tab.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            wrong.append(f"{step}: {wide} px wider than a telephone of {SMALL_PHONE['width']}")
        tab.page.set_viewport_size(seen)
    assert not wrong


@pytest.mark.parametrize("role", ["rider", "driver", "ops"])
def test_everybody_can_sign_in_and_up(people: Any, role: str) -> None:
    tab = people.stranger(role)
    tab.button("Sign in").wait_for()
    look(tab, "signing in")
    if role == "ops":
        return
    tab.press("I am new here")
    tab.press("Create account")
    expect(tab.page.locator("[aria-invalid=true]").first).to_be_visible()
    look(tab, "signing up, with mistakes")


def test_everybody_can_ride_and_drive(people: Any, places: Any) -> None:
    driver = people.driver(at=places["Kaisaniemenkatu"], online=False)
    look(driver, "offline")
    driver.go_online()
    rider = people.rider(name="عائشة بنت عبد الرحمن المنصورية الهاشمية")
    look(rider, "where to")
    rider.see_fares()
    look(rider, "fares")
    rider.press("How the fare is made up")
    look(rider, "a fare's parts")
    rider.dialog.get_by_role("button", name="Close").click()

    driver.press("Go offline")
    rider.press("Ask for Standard")
    rider.heading("Looking for a driver").wait_for()
    look(rider, "looking for a driver")
    driver.go_online()
    driver.offer.wait_for()
    look(driver, "an offer")
    newest = [data for name, data in driver.heard if name == "offer_made"][-1]
    driver.call("POST", f"/v1/offers/{newest['offer_id']}/accept")
    driver.heading("To the pickup").wait_for()
    look(driver, "to the pickup")
    rider.heading("Your driver").wait_for()
    look(rider, "the driver comes")
    rider.press("Cancel the ride")
    expect(rider.dialog).to_contain_text("It costs nothing.")
    look(rider, "cancelling")
    rider.press("No, keep it")
    driver.press("I am at the pickup")
    driver.heading("At the pickup").wait_for()
    look(driver, "at the pickup")
    driver.page.get_by_label("The rider's number").fill(rider.sheet.locator("output").inner_text())
    driver.press("Start the ride")
    driver.heading("To the destination").wait_for()
    look(driver, "to the destination")
    rider.heading("There in").wait_for()
    rider.press("Go elsewhere")
    look(rider, "going elsewhere")
    rider.dialog.get_by_role("button", name="Close").click()

    driver.drive(places["Kaisaniemenkatu"], places["Kluuvikatu"])
    driver.press("We are there")
    rider.sheet.locator(".amounts").wait_for()
    look(rider, "a receipt")
    driver.heading("The ride is over").wait_for()
    look(driver, "the ride is over")
    rider.open_menu("My rides")
    rider.dialog.get_by_role("button", name="Completed").click()
    rider.dialog.get_by_role("button", name="Receipt as PDF").wait_for()
    look(rider, "my rides")


def test_everybody_can_read_what_is_in_the_menus(people: Any, places: Any) -> None:
    rider = people.rider()
    rider.open_menu()
    look(rider, "the menu")
    rider.dialog.get_by_role("button", name="Payment").click()
    expect(rider.dialog).to_contain_text("Nothing is unpaid.")
    look(rider, "payment")
    driver = people.driver(at=places["Kaisaniemenkatu"], online=False)
    driver.open_menu("Earnings and payouts")
    expect(driver.dialog).to_contain_text("Still to be paid to you")
    look(driver, "earnings")
    driver.dialog.get_by_role("button", name="Close").click()
    driver.open_menu("Why no rides?")
    expect(driver.dialog).to_contain_text("Offers in this hour")
    look(driver, "why no rides")


def test_a_ride_is_asked_for_by_the_keyboard_alone(people: Any) -> None:
    rider = people.rider()
    keys = rider.page.keyboard
    for typed in ("Kaisaniemenkatu", "Kluuvikatu"):
        for _ in range(20):
            keys.press("Tab")
            if rider.page.evaluate("document.activeElement.role == 'combobox' && !document.activeElement.value"):
                break
        keys.type(typed)
        rider.page.get_by_role("option", name=typed).first.wait_for()
        keys.press("ArrowDown")
        keys.press("Enter")
    rider.button("Ask for").wait_for()
    for _ in range(20):
        keys.press("Tab")
        if rider.page.evaluate("document.activeElement.textContent.startsWith('Ask for')"):
            break
    keys.press("Enter")
    rider.heading("Looking for a driver").wait_for()
    rider.press("Cancel the ride")
    rider.dialog.wait_for()
    keys.press("Escape")
    expect(rider.dialog).to_be_hidden()
    expect(rider.button("Cancel the ride")).to_be_focused()


CONSOLE = {
    "": "Key figures",
    "trips": "Trips",
    "drivers": "Drivers",
    "surge": "Changes by operators",
    "promos": "Promo codes, newest first",
    "money": "Balances of the ledger",
    "health": "Services",
}
"""Parts of the console that are the same for each operator, and what tells that they are there."""


@pytest.mark.parametrize(("page", "heading"), [("", "Hansom"), ("asyncapi", "offer_made")])
def test_everybody_can_read_the_pages_that_need_no_account(people: Any, page: str, heading: str) -> None:
    reader = people.stranger(page)
    reader.page.get_by_role("heading", name=heading).first.wait_for()
    look(reader, page or "the front page")


def test_everybody_can_read_the_contract_and_try_it(people: Any) -> None:
    reader = people.stranger("docs")
    reader.page.get_by_label("Find an operation").fill("register rider")
    expect(reader.page.get_by_role("status").filter(has_text="1 operation")).to_be_attached()
    reader.page.get_by_text("Register a rider").click()
    card = reader.page.locator("#post_v1_riders")
    card.get_by_text("Try it", exact=True).click()
    body = card.get_by_label("Body, as JSON")
    example = body.input_value()
    body.fill("{")
    card.get_by_role("button", name="Send").click()
    expect(body).to_be_focused()
    expect(card.locator(".wrong")).to_contain_text("Not JSON")
    body.fill(example)
    card.get_by_role("button", name="Send").click()
    card.get_by_role("button", name="Go on as Ada Lovelace (rider)").click()
    expect(reader.page.locator("#sign-in")).to_contain_text("Requests go out as Ada Lovelace (rider)")
    reader.page.get_by_label("Find an operation").fill("")
    look(reader, "the contract")


@pytest.mark.parametrize("section", CONSOLE)
def test_everybody_can_operate(people: Any, section: str) -> None:
    operator = people.operator(f"#/{section}")
    operator.page.get_by_role("heading", name=CONSOLE[section], exact=True).wait_for()
    look(operator, f"the console's {section or 'live'}")


def test_everybody_can_look_into_a_trip_and_a_driver(people: Any, places: Any) -> None:
    rider, driver = people.ride(places)
    operator = people.operator(f"#/trips/{rider.ride()['id']}")
    expect(operator.page.get_by_role("list").filter(has_text="Asked for a ride")).to_be_visible()
    look(operator, "a trip")
    operator.press("Cancel the trip")
    look(operator, "cancelling a trip")
    operator.dialog.get_by_role("button", name="Close").click()
    operator.open(f"#/drivers/{driver.id}")
    operator.button("Suspend…", exact=True).wait_for()
    look(operator, "a driver")
