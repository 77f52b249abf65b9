"""Where the simulated provider's webhooks arrive: the gateway's route and no more, passed on doubled now and then."""

from __future__ import annotations

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

from nameko.standalone.rpc import ClusterRpcProxy

from bench.paying.books import Settings
from bench.paying.clicks import REFUSED, UNHEARD
from bench.paying.process import SERVICE

TIMEOUT_S = 5
DOUBLED = 0.2
PROVIDER = "simulated"


class Hook:
    """`with Hook(config) as hook:`, on a free port of loopback; `settings` point the provider to it."""

    def __init__(self, config: Settings) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(config, Random("hook")))
        self._server.daemon_threads = True

    @property
    def settings(self) -> Settings:
        host, port = self._server.server_address[:2]
        return {"SIMULATED_WEBHOOK_URL": f"http://{host!s}:{port}/v1/webhooks/{PROVIDER}"}

    def __enter__(self) -> Hook:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(config: Settings, rng: Random) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            payload = {
                "provider": PROVIDER,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body_b64": base64.b64encode(body).decode(),
            }
            self.send_response(200 if self._pass_on(payload) else 503)
            self.send_header("content-length", "0")
            self.end_headers()

        def _pass_on(self, payload: dict[str, Any]) -> bool:
            try:
                with ClusterRpcProxy(config, timeout=TIMEOUT_S) as cluster:
                    for _ in range(2 if rng.random() < DOUBLED else 1):
                        cluster[SERVICE].take_webhook(payload)
            except (*UNHEARD, *REFUSED):
                return False
            return True

        def log_message(self, *_: Any) -> None:
            """Nothing: a line for each would hide the rest."""

    return Handler
