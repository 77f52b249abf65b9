"""A new build of the pages leaves those that are open what they were made of."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from hansom.contracts.errors import NotFound
from hansom.stack.pages import KEPT_BUILDS, publish
from services.gateway.built_pages import BuiltPages


def a_build(folder: Path, number: int) -> Path:
    """What `build.mjs` makes: a page that names its script, the script, and a part that it fetches later."""
    draft = folder / "draft"
    (draft / "assets").mkdir(parents=True)
    for name in (f"rider-{number}.js", f"map-{number}.js", "shared.js"):
        (draft / "assets" / name).write_bytes(f"// {name}".encode())
        (draft / "assets" / f"{name}.gz").write_bytes(gzip.compress(f"// {name}".encode()))
    (draft / "index.json").write_text(json.dumps({"rider": f'<script src="/assets/rider-{number}.js">'}))
    return draft


def the_gateway(folder: Path) -> BuiltPages:
    return BuiltPages({"PAGES_DIR": str(folder), "MAP_ORIGINS": ""})


def test_a_page_that_was_open_before_a_build_still_gets_its_parts(tmp_path: Path) -> None:
    built = tmp_path / "built"
    publish(a_build(tmp_path, 1), built)
    gateway = the_gateway(built)
    assert b"rider-1.js" in gateway.page("rider").body
    publish(a_build(tmp_path, 2), built)
    assert b"rider-2.js" in gateway.page("rider").body, "who comes now gets the new page"
    for name in ("map-1.js", "map-2.js", "shared.js"):
        assert gateway.asset(name, packed=False).body == f"// {name}".encode()
    assert not (tmp_path / "draft").exists()


def test_parts_go_with_the_last_build_that_had_them(tmp_path: Path) -> None:
    built = tmp_path / "built"
    for number in range(1, KEPT_BUILDS + 2):
        publish(a_build(tmp_path, number), built)
    gateway = the_gateway(built)
    with pytest.raises(NotFound):
        gateway.asset("map-1.js", packed=True)
    assert gateway.asset("map-2.js", packed=True).status == gateway.asset("shared.js", packed=True).status == 200
    assert len(list((built / "assets").iterdir())) == 2 * (2 * KEPT_BUILDS + 1)


def test_a_build_that_changed_nothing_drives_none_out(tmp_path: Path) -> None:
    built = tmp_path / "built"
    publish(a_build(tmp_path, 1), built)
    for _ in range(KEPT_BUILDS + 1):
        publish(a_build(tmp_path, 2), built)
    assert the_gateway(built).asset("map-1.js", packed=False).status == 200


def test_what_a_release_without_a_list_had_built_is_kept_too(tmp_path: Path) -> None:
    built = tmp_path / "built"
    a_build(tmp_path, 1).rename(built)
    publish(a_build(tmp_path, 2), built)
    assert the_gateway(built).asset("map-1.js", packed=False).status == 200


def test_only_pages_with_a_map_are_allowed_what_a_map_needs(tmp_path: Path) -> None:
    pages = dict.fromkeys(("rider", "home", "docs", "asyncapi"), "<html>")
    (tmp_path / "index.json").write_text(json.dumps(pages))
    gateway = BuiltPages({"PAGES_DIR": str(tmp_path), "MAP_ORIGINS": "https://tiles.example.org"})
    policies = {name: dict(gateway.page(name).headers)["Content-Security-Policy"] for name in pages}
    assert "connect-src 'self' https://tiles.example.org; worker-src 'self'" in policies.pop("rider")
    for policy in policies.values():
        assert policy.endswith("img-src 'self' data:; connect-src 'self'")
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'")
