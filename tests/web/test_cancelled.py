"""Who cancels sees first what it costs."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect
from sqlalchemy import text

from hansom.settings import load_config
from hansom.store import engine_for


def no_free_time(trip_id: str) -> None:
    """As if the trip's tariff let nobody cancel for nothing."""
    quick = "jsonb_set(terms, '{cancellation, free_s}', '0')"
    engine = engine_for(load_config(), "trips")
    with engine.begin() as connection:
        changed = connection.execute(text(f"UPDATE trips SET terms = {quick} WHERE id = :id"), {"id": trip_id})
        assert changed.rowcount == 1
    engine.dispose()


def test_cancelling_costs_nothing_at_first_and_says_so(people: Any) -> None:
    rider = people.rider()
    rider.ask()
    rider.press("Cancel the ride")
    expect(rider.dialog).to_contain_text("It costs nothing.")
    rider.press("Yes, cancel")
    expect(rider.heading("The ride was cancelled")).to_be_visible()
    rider.press("Ask for another ride")
    expect(rider.heading("Where to?")).to_be_visible()


def test_a_fee_is_shown_before_the_rider_agrees_to_it_and_after(people: Any, places: Any) -> None:
    rider, driver = people.ride(places)
    no_free_time(rider.ride()["id"])
    rider.press("Cancel the ride")
    expect(rider.dialog).to_contain_text("Cancelling now costs €4.00.")
    rider.press("No, keep it")
    expect(rider.heading("Your driver")).to_be_visible()
    rider.press("Cancel the ride")
    expect(rider.dialog).to_contain_text("Cancelling now costs €4.00.")
    rider.press("Yes, cancel")
    expect(rider.sheet).to_contain_text("This cancellation cost €4.00.")
    expect(driver.heading("The ride was cancelled")).to_be_visible()
    expect(driver.sheet).to_contain_text("The rider's cancellation fee: €4.00")
    rider.open_menu("My rides")
    expect(rider.dialog.get_by_role("listitem")).to_contain_text("€4.00")
