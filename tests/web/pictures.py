"""Pictures of the pages for the README: `./hansom screenshots [FOLDER]` brings a city of bots up and runs this.

A rider and a driver of their own go through a ride in it (the driver stands where it begins), and an operator watches.
"""

from __future__ import annotations

import argparse
import io
from contextlib import suppress
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Error, expect, sync_playwright

from tests.support.tabs import Point, Tab, chromium
from tests.web.conftest import WITHIN_MS, People, places_known_to

COLOURS = 256
DRAWN_MS = 3000
"""In which a map that has come has its tiles, and cars have begun to move."""


class Album:
    """Writes what a tab shows, small."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, tab: Tab, name: str, *, dark: bool = False, drawn_ms: int = DRAWN_MS) -> None:
        """What a tab shows now, with its map drawn if it has one."""
        tab.page.emulate_media(color_scheme="dark" if dark else "light")
        if tab.page.locator(".map").count():
            with suppress(Error):
                tab.map.first.wait_for(timeout=WITHIN_MS)
        tab.page.wait_for_timeout(drawn_ms)
        picture = Image.open(io.BytesIO(tab.page.screenshot())).convert("RGB")
        path = self.folder / f"{name}.png"
        picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
        tab.page.emulate_media(color_scheme="light")
        print(f"{path}  {path.stat().st_size // 1000} kB", flush=True)


def take_ride(people: People, places: dict[str, Point], album: Album) -> str:
    """A whole ride, with pictures of both pages. Gives the trip's id."""
    driver = people.driver(at=places["Kaisaniemenkatu"], category="van", with_map=True)
    rider = people.rider(with_map=True)
    album.keep(rider, "rider-map")
    rider.see_fares()
    rider.page.get_by_role("radio", name="Van").check(force=True)
    album.keep(rider, "rider-fares")
    rider.press("Ask for Van")
    rider.heading("Looking for a driver").wait_for()
    # an offer lasts seconds
    album.keep(rider, "rider-waiting", drawn_ms=300)
    driver.offer.wait_for()
    album.keep(driver, "driver-offer", drawn_ms=300)
    driver.accept()
    driver.heading("To the pickup").wait_for()
    rider.heading("Your driver").wait_for()
    album.keep(driver, "driver-way")
    album.keep(rider, "rider-coming")
    driver.press("I am at the pickup")
    driver.page.get_by_label("The rider's number").fill(rider.sheet.locator("output").inner_text())
    driver.press("Start the ride")
    driver.heading("To the destination").wait_for()
    half = {name: (places["Kaisaniemenkatu"][name] + places["Kluuvikatu"][name]) / 2 for name in ("lat", "lng")}
    driver.drive(places["Kaisaniemenkatu"], half)
    album.keep(rider, "rider-riding")
    album.keep(rider, "rider-riding-dark", dark=True)
    driver.drive(half, places["Kluuvikatu"])
    driver.press("We are there")
    rider.sheet.locator(".amounts").wait_for()
    album.keep(rider, "rider-receipt")
    ride = rider.ride()
    assert ride is not None
    rider.open_menu("My rides")
    rider.dialog.get_by_role("button", name="Completed").click()
    rider.dialog.get_by_role("img", name="Route of the ride").wait_for()
    album.keep(rider, "rider-history")
    driver.open_menu("Earnings and payouts")
    expect(driver.dialog).to_contain_text("Your share")
    album.keep(driver, "driver-earnings")
    return ride["id"]


def watch(people: People, trip_id: str, album: Album) -> None:
    """The console, on the desk and once on a telephone."""
    operator = people.operator(with_map=True)
    operator.page.get_by_role("heading", name="Key figures").wait_for()
    album.keep(operator, "ops-live")
    album.keep(operator, "ops-live-dark", dark=True)
    for name, fragment in {
        "trip": f"trips/{trip_id}",
        "trips": "trips",
        "drivers": "drivers",
        "health": "health",
    }.items():
        operator.open(f"#/{fragment}")
        album.keep(operator, f"ops-{name}")
    album.keep(people.operator(with_map=True, desk=False), "ops-live-phone")
    album.keep(people.rider(with_map=True, desk=True), "rider-desk")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--operator", required=True, help="the e-mail of an operator with the tests' password")
    given = parser.parse_args()
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=chromium())
        people = People(lambda with_map: browser, given.url, given.operator)
        album = Album(given.into)
        try:
            watch(people, take_ride(people, places_known_to(people), album), album)
        finally:
            people.go_home()
            browser.close()


if __name__ == "__main__":
    main()
