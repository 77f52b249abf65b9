"""Which route a method and a path belong to."""

from __future__ import annotations

import re
from typing import Any

from hansom.contracts.errors import NotFound
from hansom.contracts.gateway import MethodNotAllowed, UnknownPath

_ID = re.compile(r"[A-Za-z0-9_.~-]{1,64}", re.ASCII)


class _Node:
    __slots__ = ("children", "methods", "parameter")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.parameter: tuple[str, _Node] | None = None
        self.methods: dict[str, Any] = {}


class Router:
    """Paths such as `/v1/trips/{trip_id}/cancel`, as a tree of their segments."""

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, method: str, path: str, route: Any) -> None:
        """Raises ValueError when the method and path are taken."""
        node = self._root
        for segment in path.strip("/").split("/"):
            if segment.startswith("{"):
                if node.parameter is None:
                    node.parameter = (segment[1:-1], _Node())
                node = node.parameter[1]
            else:
                node = node.children.setdefault(segment, _Node())
        if method in node.methods:
            raise ValueError(f"{method} {path} is taken")
        node.methods[method] = route

    def match(self, method: str, path: str) -> tuple[Any, dict[str, str]]:
        """The route and its path's ids. HEAD goes where GET goes. Raises UnknownPath, MethodNotAllowed, NotFound."""
        node, ids = self._find(path)
        route = node.methods.get("GET" if method == "HEAD" else method)
        if route is None:
            allow = sorted(node.methods) + (["HEAD"] if "GET" in node.methods else [])
            raise MethodNotAllowed(details={"allow": allow})
        for value in ids.values():
            if not _ID.fullmatch(value):
                raise NotFound()
        return route, ids

    def _find(self, path: str) -> tuple[_Node, dict[str, str]]:
        node, ids = self._root, {}
        for segment in path[1:].split("/"):
            child = node.children.get(segment)
            if child is None:
                if node.parameter is None or not segment:
                    raise UnknownPath()
                name, child = node.parameter
                ids[name] = segment
            node = child
        if not node.methods:
            raise UnknownPath()
        return node, ids
