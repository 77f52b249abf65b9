"""The console of operations, on what a rider and a driver do meanwhile."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from playwright.sync_api import expect


def test_operations_see_cars_and_those_who_wait_as_it_happens(people: Any, places: Any) -> None:
    operator = people.operator()
    work = operator.page.locator("#work")
    driver = people.driver(at=places["Kaisaniemenkatu"], online=False)
    rider = people.rider()
    rider.ask()
    state = operator.until(lambda: waiting(operator, rider.ride()["id"]), "the rider waits on the map")
    assert state["city"] == "helsinki"
    expect(work.get_by_role("link", name=f"Trip {rider.ride()['id'][:8]}")).to_be_visible()

    driver.go_online()
    driver.accept()
    rider.heading("Your driver").wait_for()
    operator.until(lambda: driving(operator, driver.id) == "to_pickup", "the driver goes to the pickup")
    expect(work.get_by_role("link", name=f"Trip {rider.ride()['id'][:8]}")).to_be_hidden()


def waiting(operator: Any, trip_id: str) -> Any:
    """The newest state of the city, if the trip waits in it."""
    states = [data for name, data in operator.heard if name == "city_state"]
    return states[-1] if states and trip_id in [each[0] for each in states[-1]["waiting"]] else None


def driving(operator: Any, driver_id: str) -> str | None:
    """What the newest state of the city says of a driver."""
    state = [data for name, data in operator.heard if name == "city_state"][-1]
    return next((each[4] for each in state["drivers"] if each[0] == driver_id), None)


def test_an_operator_cancels_a_ride_and_says_why(people: Any, places: Any) -> None:
    rider, driver = people.ride(places)
    operator = people.operator(f"#/trips/{rider.ride()['id']}")
    operator.press("Cancel the trip")
    reason = operator.dialog.get_by_label("Reason")
    reason.fill("A street is closed")
    operator.dialog.get_by_role("button", name="Cancel the trip").click()
    expect(rider.heading("The ride was cancelled")).to_be_visible()
    expect(rider.sheet).to_contain_text("by the service")
    expect(driver.heading("The ride was cancelled")).to_be_visible()
    expect(operator.page.get_by_role("list").filter(has_text="Cancelled the trip")).to_contain_text(
        "A street is closed"
    )


def test_a_driver_is_suspended_with_a_reason_and_approved_again(people: Any, places: Any) -> None:
    driver = people.driver(at=places["Kaisaniemenkatu"], name="Matti Meikäläinen")
    operator = people.operator(f"#/drivers/{driver.id}")
    expect(operator.page.locator("#work")).to_contain_text("Matti Meikäläinen")
    operator.press("Suspend…", exact=True)
    operator.dialog.get_by_label("Reason").fill("The insurance has ended")
    operator.dialog.get_by_role("button", name="Suspend").click()
    expect(operator.text("Matti Meikäläinen is suspended.")).to_be_visible()
    driver.page.reload()
    expect(driver.heading("You cannot drive at the moment")).to_be_visible()

    operator.press("Approve…", exact=True)
    operator.dialog.get_by_role("button", name="Approve").click()
    expect(operator.text("Matti Meikäläinen may drive.")).to_be_visible()
    driver.page.reload()
    expect(driver.button("Go online")).to_be_visible()


def test_an_operator_makes_a_promo_code_and_takes_it_out_of_use(people: Any) -> None:
    operator = people.operator("#/promos")
    operator.press("Make a code")
    code = f"SNOW{uuid4().hex[:6].upper()}"
    operator.dialog.get_by_label("Code").fill(code)
    operator.dialog.get_by_label("Amount").fill("two")
    make = operator.dialog.get_by_role("button", name="Make a code")
    make.click()
    expect(operator.dialog.get_by_text("This is not an amount")).to_be_visible()
    expect(operator.dialog.get_by_label("Amount")).to_be_focused()
    operator.dialog.get_by_label("Amount").fill("2.50")
    make.click()
    row = operator.page.get_by_role("row", name=code)
    expect(row).to_contain_text("€2.50")
    expect(row).to_contain_text("In use")

    row.get_by_role("button", name="Take out of use").click()
    operator.dialog.get_by_role("button", name="Take out of use").click()
    expect(row).to_contain_text("Taken out of use")


def test_an_operator_switches_surge_off_and_on_and_it_is_kept_who_did(people: Any) -> None:
    operator = people.operator()
    operator.call("PUT", "/v1/ops/surge", {"enabled": True})
    operator.open("#/surge")
    operator.press("Switch surge off")
    operator.dialog.get_by_label("Reason").fill("A fair is on")
    operator.dialog.get_by_role("button", name="Switch surge off").click()
    expect(operator.page.get_by_role("row").filter(has_text="A fair is on").first).to_contain_text("you")
    operator.press("Switch surge on")
    operator.dialog.get_by_label("Reason").fill("It is over")
    operator.dialog.get_by_role("button", name="Switch surge on").click()
    expect(operator.button("Switch surge off")).to_be_visible()
    expect(operator.page.get_by_role("row").filter(has_text="It is over").first).to_be_visible()


def test_an_operator_asks_for_an_audit_and_reads_what_was_looked_at(people: Any) -> None:
    operator = people.operator("#/money")
    operator.press("Audit now")
    expect(operator.page.get_by_role("row").filter(has_text="Asked for").first).to_be_visible()
    expect(operator.page.get_by_role("table").filter(has_text="What must hold")).to_contain_text(
        "Every ledger transaction sums to zero"
    )
