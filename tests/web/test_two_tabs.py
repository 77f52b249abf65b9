"""Two tabs of one person agree."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect


def test_what_is_done_in_one_tab_of_a_rider_is_seen_in_the_other(people: Any) -> None:
    here = people.rider()
    there = people.another_tab(here)
    there.heading("Where to?").wait_for()
    here.ask()
    there.page.reload()
    expect(there.heading("Looking for a driver")).to_be_visible()
    there.press("Cancel the ride")
    there.press("Yes, cancel")
    for tab in (there, here):
        expect(tab.heading("The ride was cancelled")).to_be_visible()


def test_a_driver_who_takes_a_ride_in_one_tab_has_it_in_the_other(people: Any, places: Any) -> None:
    here = people.driver(at=places["Kaisaniemenkatu"])
    there = people.another_tab(here)
    expect(there.heading("You are online")).to_be_visible()
    rider = people.rider()
    rider.ask()
    expect(there.offer).to_be_visible()
    here.accept()
    for tab in (here, there):
        expect(tab.heading("To the pickup")).to_be_visible()
    expect(there.offer).to_be_hidden()


def test_who_signs_out_in_one_tab_is_out_in_all(people: Any) -> None:
    here = people.rider()
    there = people.another_tab(here)
    there.sheet.wait_for()
    here.open_menu("Sign out")
    for tab in (here, there):
        expect(tab.button("Sign in")).to_be_visible()
    there.page.reload()
    expect(there.button("Sign in")).to_be_visible()
    here.token = there.token = ""
