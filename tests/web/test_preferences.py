"""Language and colours are chosen, kept, and nothing that is secret is kept with them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect


def test_the_language_changes_at_once_and_is_kept(people: Any) -> None:
    rider = people.rider()
    rider.see_fares()
    expect(rider.sheet).to_contain_text("€")
    rider.open_menu()
    rider.page.get_by_label("Language").select_option("fi")
    expect(rider.page.get_by_label("Kieli")).to_be_visible()
    rider.page.keyboard.press("Escape")
    expect(rider.heading("Minne?")).to_be_visible()
    expect(rider.button("Tilaa Perus")).to_be_visible()
    assert rider.page.locator("html").get_attribute("lang") == "fi"
    rider.page.reload()
    expect(rider.heading("Minne?")).to_be_visible()
    assert rider.call("GET", "/v1/me")["language"] == "fi", "notices come in it as well"


def test_a_stranger_is_greeted_in_the_browsers_language(people: Any) -> None:
    tab = people.stranger("rider", locale="es-ES")
    expect(tab.page.get_by_role("button", name="Entrar")).to_be_visible()


def test_colours_follow_the_system_until_they_are_chosen(people: Any) -> None:
    rider = people.rider(dark=True)
    page = rider.page.locator("html")
    expect(page).to_have_attribute("data-theme", "dark")
    rider.page.emulate_media(color_scheme="light")
    expect(page).to_have_attribute("data-theme", "light")
    rider.open_menu()
    rider.page.get_by_label("Colours").select_option("dark")
    expect(page).to_have_attribute("data-theme", "dark")
    rider.page.reload()
    expect(page).to_have_attribute("data-theme", "dark")


def test_no_script_can_read_a_token_and_yet_a_reload_keeps_the_session(people: Any, places: Any) -> None:
    rider = people.rider()
    driver = people.driver(at=places["Kaisaniemenkatu"], online=False)
    operator = people.operator()
    for tab in (rider, driver, operator):
        kept = tab.page.evaluate(
            """async () => JSON.stringify([
              {...localStorage}, {...sessionStorage}, document.cookie, location.href, window.name,
              await indexedDB.databases(), await caches.keys(),
            ])"""
        )
        assert "eyJ" not in kept and tab.token not in kept, "a token looks like this"
        assert "token" not in kept and "cookie" not in kept
        cookies = {each["name"]: each for each in tab.context.cookies()}
        assert cookies and all(each["httpOnly"] for each in cookies.values())
        tab.page.reload()
    expect(rider.heading("Where to?")).to_be_visible()
    expect(driver.button("Go online")).to_be_visible()
    expect(operator.page.get_by_role("navigation")).to_be_visible()


def test_what_the_policy_forbids_is_noticed_by_these_tests(people: Any) -> None:
    rider = people.rider()
    rider.page.evaluate("document.body.append(Object.assign(document.createElement('style'), {textContent: 'a{}'}))")
    rider.until(lambda: rider.complaints, "a complaint")
    assert "Content Security Policy" in rider.complaints[0]
    rider.forgive("console:")
