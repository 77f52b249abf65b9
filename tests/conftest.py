"""Fixtures of all tests: the real servers, the settings, and a whole running stack.

Nameko containers run inside the test process, so eventlet patches it before anything else is imported here.
"""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

from collections.abc import Iterator  # noqa: E402
from typing import Any  # noqa: E402

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

from hansom.settings import load_config  # noqa: E402
from hansom.stack import testing  # noqa: E402
from hansom.stack.home import Home  # noqa: E402
from hansom.stack.testing import RunningStack  # noqa: E402

# a browser cannot be driven from this process: ./hansom test runs these in one of their own
collect_ignore = ["web"]

# how long an example takes says more of what else the machine does than of the code
settings.register_profile("hansom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hansom")


@pytest.fixture(scope="session")
def servers() -> Iterator[Home]:
    """The servers are up, databases are migrated, and the environment says where they are. Gives the state folder."""
    home = testing.testing_home()
    started_here = testing.start_servers(home)
    yield home
    testing.stop_everything(home, started_here=started_here)


@pytest.fixture(scope="session")
def config(servers: Home) -> dict[str, Any]:
    """The settings as `nameko run --config config.yaml` would read them. Copy what you change."""
    return load_config()


@pytest.fixture(scope="session")
def running_stack(servers: Home) -> RunningStack:
    """The whole stack with all services, ready, at `.url`; kill, stop and start its processes by name."""
    return testing.start_everything(servers)
