"""What is wrong stands at the field it is wrong in."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, expect


def stands_at(field: Locator, words: str) -> None:
    """The field says that it is wrong, to eyes and to screen readers."""
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(words)


def test_a_rider_who_signs_up_is_told_at_each_field(people: Any) -> None:
    tab = people.stranger("rider")
    tab.press("I am new here")
    tab.page.get_by_label("Name").fill("Aino")
    tab.page.get_by_label("Phone").fill("soon")
    tab.page.get_by_label("E-mail").fill("aino")
    tab.page.get_by_label("Password").fill("short")
    tab.press("Create account")
    for label in ("Phone", "E-mail", "Password"):
        expect(tab.page.get_by_label(label)).to_have_attribute("aria-invalid", "true")
    expect(tab.page.get_by_label("Phone")).to_be_focused()
    assert tab.page.get_by_label("Name").get_attribute("aria-invalid") is None
    tab.page.get_by_label("Phone").fill("+358401234567")
    tab.page.get_by_label("E-mail").fill(tab.email)
    tab.page.get_by_label("Password").fill("a long password")
    tab.press("Create account")
    expect(tab.heading("Where to?")).to_be_visible()


def test_a_driver_is_told_which_field_of_the_vehicle_is_missing(people: Any) -> None:
    tab = people.stranger("driver")
    tab.press("I am new here")
    filled = {"Name": "Matti", "Phone": "+358401234567", "E-mail": tab.email, "Password": "a long password"}
    for label, value in {**filled, "Make": "Toyota", "Model": "Corolla", "Colour": "white"}.items():
        tab.page.get_by_label(label, exact=True).fill(value)
    tab.press("Create account")
    plate = tab.page.get_by_label("Licence plate")
    expect(plate).to_have_attribute("aria-invalid", "true")
    expect(plate).to_be_focused()
    plate.fill("ABC-123")
    tab.press("Create account")
    expect(tab.button("Go online")).to_be_visible()


def test_a_wrong_password_is_told_and_says_not_which_of_both_is_wrong(people: Any) -> None:
    tab = people.stranger("rider")
    tab.page.get_by_label("E-mail").fill(tab.email)
    tab.page.get_by_label("Password").fill("not my password")
    tab.press("Sign in")
    expect(tab.page.get_by_role("alert")).to_have_text("The e-mail or the password is wrong.")


def test_a_drivers_account_is_no_riders(people: Any, places: Any) -> None:
    driver = people.driver(at=places["Kaisaniemenkatu"], online=False)
    tab = people.stranger("rider")
    tab.page.get_by_label("E-mail").fill(driver.email)
    tab.page.get_by_label("Password").fill("correct horse battery")
    tab.press("Sign in")
    expect(tab.page.get_by_role("alert")).to_have_text("This account is for another kind of user.")


def test_a_wrong_number_of_the_rider_is_told_at_its_field(people: Any, places: Any) -> None:
    rider, driver = people.ride(places, "arrived")
    pin = rider.sheet.locator("output").inner_text()
    field = driver.page.get_by_label("The rider's number")
    field.fill("0000" if pin != "0000" else "1111")
    driver.press("Start the ride")
    stands_at(field, "That is not the rider's number.")
    field.fill(pin)
    driver.press("Start the ride")
    expect(driver.heading("To the destination")).to_be_visible()


def test_a_card_that_is_refused_can_be_changed_for_another(people: Any) -> None:
    rider = people.rider()
    rider.see_fares()
    pay_with = rider.page.get_by_label("Pay with")
    pay_with.select_option("card_hold_declined")
    rider.press("Ask for Standard")
    expect(rider.text("The card was refused. Please choose another way to pay.")).to_be_visible()
    pay_with.select_option("card_needs_confirmation")
    rider.press("Ask for Standard")
    expect(rider.dialog).to_contain_text("Your bank wants you to confirm this payment.")
    rider.press("Confirm payment")
    expect(rider.heading("Looking for a driver")).to_be_visible()
    rider.press("Cancel the ride")
    rider.press("Yes, cancel")
    expect(rider.heading("The ride was cancelled")).to_be_visible()


def test_a_place_that_is_nowhere_is_told_in_the_search(people: Any) -> None:
    rider = people.rider()
    rider.page.get_by_role("combobox", name="From").fill("zzqxqzz")
    expect(rider.page.get_by_role("option")).to_have_text("Nothing found")
