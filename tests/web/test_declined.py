"""What one driver declines or gives back goes to another."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect


def test_a_ride_that_one_driver_declines_and_another_gives_back_is_driven_by_the_first_who_may(
    people: Any, places: Any
) -> None:
    near = places["Kaisaniemenkatu"]
    drivers = [people.driver(at=near, name="Matti"), people.driver(at=near, name="Liisa")]
    rider = people.rider()
    rider.ask()

    first = drivers[0].until(lambda: next((each for each in drivers if each.offer.is_visible()), None), "an offer")
    second = drivers[1 - drivers.index(first)]
    first.press("Decline")
    expect(first.offer).to_be_hidden()
    expect(first.heading("You are online")).to_be_visible()
    second.accept()
    expect(second.heading("To the pickup")).to_be_visible()
    expect(rider.sheet).to_contain_text({0: "Matti", 1: "Liisa"}[drivers.index(second)])

    third = people.driver(at=near, name="Aleksi")
    second.press("Give the ride back")
    expect(second.dialog).to_contain_text("Another driver is looked for")
    second.press("Yes, give it back")
    expect(second.heading("You are online")).to_be_visible()
    third.accept()
    expect(rider.sheet).to_contain_text("Aleksi")
    assert not first.offer.is_visible() and not second.offer.is_visible()
