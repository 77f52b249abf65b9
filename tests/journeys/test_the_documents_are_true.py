"""A machine reads /openapi.json and tries everything in it: no answer is one that the document does not know."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

CHECKS = (
    "not_a_server_error,status_code_conformance,response_schema_conformance,unsupported_method,content_type_conformance"
)
LIMITS = ["--max-examples", "5", "--seed", "1", "--request-timeout", "20", "--suppress-health-check", "all"]


@pytest.mark.parametrize("role", ["rider", "driver", "ops"])
def test_every_answer_is_one_that_openapi_promises(people: Any, ops: Any, role: str, tmp_path: Path) -> None:
    app = {"rider": people.rider, "driver": lambda: people.driver(category="comfort"), "ops": lambda: ops}[role]()
    command = [str(Path(sys.executable).with_name("st")), "run", f"{app.url}/openapi.json", "--checks", CHECKS, *LIMITS]
    command += ["--exclude-path", "/v1/sessions/current", "-H", f"Authorization: Bearer {app.token}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_the_page_can_be_read_without_the_internet(running_stack: Any) -> None:
    page = requests.get(f"{running_stack.url}/docs", timeout=5).text
    assert "http://" not in page.replace(running_stack.url, "")
    assert "https://" not in page
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js", "openapi.json"):
        assert requests.get(f"{running_stack.url}/docs/{name}", timeout=5).status_code == 200


def test_who_opens_the_address_sees_a_page(running_stack: Any) -> None:
    answer = requests.get(running_stack.url, timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
