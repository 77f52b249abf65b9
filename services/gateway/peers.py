"""Calls to other services from extensions, which live outside workers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hansom.ids import new_id
from hansom.rpc import ServiceClient


class Peer(ServiceClient):
    """A client of a service as part of another extension: `users = Peer("users")`, `self.users.client()`."""

    def bind(self, container: Any, attr_name: str = "peer") -> Peer:
        return super().bind(container, attr_name)

    def client(self, request_id: str | None = None) -> Any:
        """The client; the calls carry a request id, a new one unless given."""
        return self.get_dependency(SimpleNamespace(data={"request_id": request_id or new_id()}))
