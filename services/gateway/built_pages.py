"""The web pages as they were built: files with their content's hash in their names, and one piece of HTML a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nameko.extensions import DependencyProvider

from hansom.contracts.errors import NotFound
from hansom.contracts.gateway import PagesNotBuilt
from services.gateway.http.answers import Answer

TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

STRICT = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
"""Nothing from elsewhere, and no script or style that is not a file."""

PLAIN = ("img-src 'self' data:", "connect-src 'self'")
WITH_MAP = ("img-src 'self' data: blob: {origins}", "connect-src 'self' {origins}", "worker-src 'self'")
"""What a map needs besides; `{origins}`: those of the operator's own map."""

WITHOUT_MAP = frozenset({"home", "docs", "asyncapi"})

FOR_GOOD = ("Cache-Control", "public, max-age=31536000, immutable")


class BuiltPages:
    """Files of `PAGES_DIR`, read once and kept: a few megabytes."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._folder = Path(config["PAGES_DIR"])
        self._origins = str(config["MAP_ORIGINS"] or "")
        self._index: dict[str, str] = {}
        self._changed_ns = 0
        self._kept: dict[str, tuple[bytes, bytes]] = {}

    def page(self, name: str) -> Answer:
        """A page's HTML. Raises PagesNotBuilt."""
        html = self._pages().get(name)
        if html is None:
            raise PagesNotBuilt()
        headers = [
            ("Content-Security-Policy", self._policy(name)),
            ("Cache-Control", "no-cache"),
            ("Referrer-Policy", "same-origin"),
            ("X-Content-Type-Options", "nosniff"),
            ("Permissions-Policy", "geolocation=(self), camera=(), microphone=()"),
        ]
        return Answer(200, html.encode(), "text/html; charset=utf-8", headers)

    def _policy(self, name: str) -> str:
        if name in WITHOUT_MAP:
            return "; ".join((*STRICT, *PLAIN))
        return "; ".join((*STRICT, *(each.format(origins=self._origins).strip() for each in WITH_MAP)))

    def asset(self, name: str, *, packed: bool) -> Answer:
        """A file that a page names. Raises NotFound."""
        kind = TYPES.get(Path(name).suffix)
        self._pages()
        if kind is None or name.startswith("."):
            raise NotFound()
        if name not in self._kept:
            path = self._folder / "assets" / name
            try:
                self._kept[name] = (path.read_bytes(), path.with_name(f"{name}.gz").read_bytes())
            except OSError as exc:
                raise NotFound() from exc
        plain, small = self._kept[name]
        headers = [FOR_GOOD, ("Vary", "Accept-Encoding"), ("X-Content-Type-Options", "nosniff")]
        if packed:
            return Answer(200, small, kind, [*headers, ("Content-Encoding", "gzip")])
        return Answer(200, plain, kind, headers)

    def _pages(self) -> dict[str, str]:
        """HTML by page; read again when the pages were built anew."""
        path = self._folder / "index.json"
        try:
            changed_ns = path.stat().st_mtime_ns
            if changed_ns != self._changed_ns:
                self._index = json.loads(path.read_text(encoding="utf-8"))
                self._changed_ns = changed_ns
                self._kept.clear()
        except (OSError, ValueError) as exc:
            raise PagesNotBuilt() from exc
        return self._index


class BuiltPagesProvider(DependencyProvider):
    """Gives a worker the gateway's one `BuiltPages`."""

    def setup(self) -> None:
        self.pages = BuiltPages(self.container.config)

    def get_dependency(self, worker_ctx: Any) -> BuiltPages:
        return self.pages
