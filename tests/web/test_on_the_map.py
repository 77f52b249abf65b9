"""What is done on the map."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.support.axe import violations


def tap(tab: Any, across: float, down: float) -> None:
    """Tap the map at a part of its width and height, once it is drawn."""
    tab.map.wait_for()
    box = tab.map.bounding_box()
    tab.page.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * down)


def pull(tab: Any, by_px: float) -> None:
    """Pull the map to the right, and see that it is where the hand is: it may get coarser on the way, but not lost."""
    pin = tab.page.locator(".pin").first
    before, box = pin.bounding_box()["x"], tab.map.bounding_box()
    x, y, steps = box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.8, 10
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    for step in range(1, steps + 1):
        tab.page.mouse.move(x + by_px * step / steps, y)
        tab.page.evaluate("() => new Promise(requestAnimationFrame)")
    tab.until(lambda: abs(pin.bounding_box()["x"] - before - by_px) < 5, "the map follows the hand")
    tab.page.mouse.up()


def test_a_rider_taps_where_from_and_where_to_and_a_driver_where_his_car_is(people: Any) -> None:
    rider = people.rider(with_map=True, desk=True)
    expect(rider.page.get_by_role("link", name="OpenStreetMap contributors")).to_be_visible()
    tap(rider, 0.6, 0.5)
    expect(rider.page.get_by_role("combobox", name="From")).to_have_value("Point on the map")
    tap(rider, 0.63, 0.53)
    rider.button("Ask for").wait_for()
    expect(rider.page.locator(".pin")).to_have_count(2)
    assert not violations(rider.page)
    pull(rider, 90)

    driver = people.driver(at={"lat": 60.0, "lng": 24.0}, online=False, with_map=True, desk=True)
    driver.sheet.locator("summary", has_text="Position").click()
    driver.page.get_by_label("Where the position comes from").select_option("map")
    driver.go_online()
    expect(driver.text("Click on the map where your car is.")).to_be_visible()
    tap(driver, 0.6, 0.5)
    told = driver.until(lambda: driver.told and driver.told[-1], "the position is told")
    assert abs(told["lat"] - 60.17) < 0.1 and abs(told["lng"] - 24.95) < 0.2
    assert not violations(driver.page)


def test_who_has_a_browser_without_maps_is_told_and_rides_all_the_same(people: Any) -> None:
    rider = people.rider()
    expect(rider.text("The map cannot be shown in this browser. Everything else works.")).to_be_visible()
    rider.ask()
