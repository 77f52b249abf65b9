"""People of the stories: each brings a phone, and goes home when the story is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nameko.standalone.rpc import ClusterRpcProxy

from hansom.stack.testing import RunningStack
from tests.support.apps import PASSWORD, App, DriverApp, Refused, RiderApp, new_driver, new_rider


@pytest.fixture
def people(running_stack: RunningStack) -> Iterator[People]:
    people = People(running_stack.url)
    yield people
    people.go_home()


class People:
    """Makes riders and drivers; drivers go offline at the end, so that no later story's offers go to them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.apps: list[App] = []

    def rider(self) -> RiderApp:
        return self._here(new_rider(self.url))

    def driver(self, **more: Any) -> DriverApp:
        return self._here(new_driver(self.url, **more))

    def _here(self, app: Any) -> Any:
        self.apps.append(app)
        return app

    def go_home(self) -> None:
        for app in self.apps:
            if isinstance(app, DriverApp):
                try:
                    app.call("PUT", "/v1/driver/availability", {"online": False})
                except Refused as refused:
                    assert refused.status == 401, refused  # he has logged out
            app.close()


@pytest.fixture
def ops(people: People, config: dict[str, Any]) -> App:
    """An operator, logged in. Such accounts are made from inside only."""
    app = App(people.url, "ops")
    with ClusterRpcProxy(config, timeout=10) as cluster:
        cluster.users.create_ops_account({"email": app.email, "password": PASSWORD, "name": "Olli"})
    app.token = app.call("POST", "/v1/sessions", {"email": app.email, "password": PASSWORD})["access_token"]
    return app


Refusal = Callable[..., Refused]


@pytest.fixture
def refused() -> Refusal:
    """`refused(app, "POST", path, body)`: the refusal of a call that must be refused."""

    def refused(app: App, method: str, path: str, body: Any = None, **more: Any) -> Refused:
        with pytest.raises(Refused) as raised:
            app.call(method, path, body, **more)
        return raised.value

    return refused
