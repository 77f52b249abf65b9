"""A rider's tab, a driver's tab and one of operations carry a ride together."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect


def test_a_ride_goes_from_the_first_look_at_fares_to_receipt_tip_and_ratings(people: Any, places: Any) -> None:
    start, end = places["Kaisaniemenkatu"], places["Kluuvikatu"]
    operator = people.operator("#/trips")
    driver = people.driver(at=start, name="Matti Meikäläinen")
    rider = people.rider(name="Aino Virtanen")

    rider.see_fares()
    rider.press("How the fare is made up")
    expect(rider.dialog).to_contain_text("Basic fare")
    rider.dialog.get_by_role("button", name="Close").click()
    rider.press("Ask for Standard")

    driver.accept()
    expect(rider.sheet).to_contain_text("Matti Meikäläinen")
    expect(rider.sheet).to_contain_text("Toyota Corolla")
    pin = rider.sheet.locator("output").inner_text()

    trip_id = rider.ride()["id"]
    operator.open(f"#/trips/{trip_id}")
    expect(operator.page.locator("#work")).to_contain_text("Driver on the way")
    expect(operator.page.locator("#work")).to_contain_text("Aino Virtanen")

    driver.press("I am at the pickup")
    expect(rider.sheet.get_by_role("heading")).to_have_text("Your driver is here")
    driver.page.get_by_label("The rider's number").fill(pin)
    driver.press("Start the ride")
    expect(driver.sheet.get_by_role("heading")).to_have_text("To the destination")
    expect(rider.sheet.get_by_role("heading")).to_contain_text("There in")

    driver.drive(start, end, legs=10)  # as fast as a car may be: what jumps is not believed
    driver.press("We are there")
    expect(rider.sheet.get_by_role("heading").first).to_have_text("You have arrived")
    expect(rider.sheet.locator(".amounts")).to_contain_text("Total")
    rider.press("€2.00", exact=True)
    expect(rider.text("Thank you: all of it is your driver's.")).to_be_visible()
    expect(driver.text("Your rider tipped €2.00.")).to_be_visible()

    rider.press("5 stars", exact=True)
    rider.page.get_by_label("A word about it").fill("Smooth, kiitos!")
    rider.press("Send rating")
    expect(rider.text("Thank you for your rating.")).to_be_visible()
    driver.press("5 stars", exact=True)
    expect(driver.text("Thank you for your rating.")).to_be_visible()
    expect(driver.sheet).to_contain_text("Today, one ride")

    rider.open_menu("My rides")
    rider.dialog.get_by_role("button", name="Completed").click()
    expect(rider.dialog.get_by_role("img", name="Route of the ride")).to_be_visible()

    happened = operator.page.get_by_role("list").filter(has_text="Asked for a ride")
    for moment in (
        "Is at the pickup",
        "Started the ride with the rider's PIN",
        "The fare is final",
        "Gave a tip of €2.00",
    ):
        expect(happened).to_contain_text(moment)
    expect(operator.page.locator("#work")).to_contain_text("Completed")
    operator.page.get_by_role("link", name="All trips").click()
    newest = operator.page.get_by_role("row").filter(has=operator.page.get_by_role("link", name=f"Trip {trip_id[:8]}"))
    expect(newest).to_contain_text("Matti Meikäläinen")
