"""The HTTP server: nameko's web server with a front of its own, which never dies of what a client sends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from time import monotonic, perf_counter
from typing import Any

import eventlet
from eventlet import wsgi
from nameko.web.server import WebServer
from prometheus_client import Counter, Gauge, Histogram

from hansom import logs
from hansom.contracts.errors import HansomError, InternalError
from hansom.contracts.gateway import MethodNotAllowed
from hansom.rpc import as_hansom_error
from services.gateway.http.answers import STATUS_LINES, Answer, error_answer
from services.gateway.http.protocol import Protocol
from services.gateway.http.request import Request
from services.gateway.http.router import Router

log = logging.getLogger(__name__)

IDLE_CONNECTION_S = 75
SLOW_CONNECTION_S = 30
"""A request must go on coming, and its answer going out, within this time."""
DRAIN_S = 10.0
BACKLOG = 1024

HTTP_REQUESTS = Counter("http_requests_total", "HTTP requests answered", ["method", "route", "status"])
HTTP_SECONDS = Histogram(
    "http_seconds",
    "Time from a request's headers to its answer",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
HTTP_OPEN = Gauge("http_requests_open", "HTTP requests under way")

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class FrontDoor(WebServer):
    """Listens, matches paths, and hands each request to its route. Routes register themselves as providers."""

    def __init__(self) -> None:
        super().__init__()
        self._gt: Any = None
        self.router = Router()
        self.upgrades: dict[str, Callable[[Request], Callable[[], None]]] = {}
        """Path → what checks an upgrade request and gives what then serves its connection."""
        self.open_requests = 0
        self.closing = False

    def setup(self) -> None:
        config = self.container.config
        self.max_bytes = int(config["BODY_MAX_BYTES"])
        self.shares_port = bool(config["WEB_REUSE_PORT"])
        workers = int(config["GATEWAY_MAX_WORKERS"])
        # a gateway's workers mostly wait for other services, so it has more of them than those
        self.container.max_workers = workers
        self.container._worker_pool.resize(workers)

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken, unless WEB_REUSE_PORT has several gateways share it."""
        if self._gt is None:
            self._sock = eventlet.listen(self.bind_addr, backlog=BACKLOG, reuse_port=self.shares_port)
            self._sock.settimeout(None)
            self._serv = self.get_wsgi_server(self._sock, self.get_wsgi_app())
            self._gt = self.container.spawn_managed_thread(self.run)

    def get_wsgi_app(self) -> Callable[..., Iterable[bytes]]:
        return self.respond

    def get_wsgi_server(self, sock: Any, wsgi_app: Any, protocol: Any = Protocol, debug: bool = False) -> wsgi.Server:
        return wsgi.Server(
            sock,
            sock.getsockname(),
            wsgi_app,
            protocol=protocol,
            debug=debug,
            log=logging.getLogger("hansom.http"),
            log_output=False,
            keepalive=IDLE_CONNECTION_S,
            socket_timeout=SLOW_CONNECTION_S,
            url_length_limit=16 << 10,
        )

    def run(self) -> None:
        while self._is_accepting:
            try:
                sock, address = self._sock.accept()
            except OSError as exc:
                if not self._is_accepting:
                    return
                log.warning("cannot accept a connection: %s", exc)
                eventlet.sleep(0.1)
                continue
            sock.settimeout(SLOW_CONNECTION_S)
            eventlet.spawn_n(self.process_request, sock, address)

    def process_request(self, sock: Any, address: Any) -> None:
        try:
            self._serv.process_request([address, sock, wsgi.STATE_IDLE])
        except (OSError, ValueError, eventlet.Timeout) as exc:
            log.debug("a connection broke: %s", exc)
            sock.close()
        except Exception:
            log.exception("a bug broke a connection")
            sock.close()

    def stop_accepting(self) -> None:
        """No new connections; open ones are closed with their next answer."""
        if not self.closing:
            self.closing = True
            self._is_accepting = False
            if self._gt is not None:
                self._gt.kill()
                self._sock.close()

    def wait_idle(self, timeout_s: float = DRAIN_S) -> None:
        """Until every request under way has its answer, or the time is over."""
        until = monotonic() + timeout_s
        while self.open_requests and monotonic() < until:
            eventlet.sleep(0.02)

    def stop(self) -> None:
        self.stop_accepting()
        self.wait_idle()

    def respond(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        request = Request(environ, self.max_bytes)
        if request.path in self.upgrades and request.method == "GET":
            return self._upgrade(request, start_response)
        began = perf_counter()
        self.open_requests += 1
        HTTP_OPEN.inc()
        name = "-"
        try:
            try:
                request.refuse_large()
                if request.path in self.upgrades:
                    raise MethodNotAllowed(details={"allow": ["GET"]})
                route, ids = self.router.match(request.method, request.path)
                name = route.path
                answer = route.answer(request, ids)
            except HansomError as exc:
                answer = error_answer(exc, request.request_id)
            except Exception as exc:  # noqa: BLE001 - looked at and logged there
                answer = self._answer_bug(exc, request)
            if answer.status >= 500:
                more = {"method": request.method, "route": name, "status": answer.status}
                log.warning("a request failed", extra={**more, "request_id": request.request_id})
            return self._send(request, answer, start_response)
        finally:
            self.open_requests -= 1
            HTTP_OPEN.dec()
            HTTP_REQUESTS.labels(_known(request.method), name, answer.status).inc()
            HTTP_SECONDS.labels(_known(request.method), name).observe(perf_counter() - began)
            logs.clear()

    def _upgrade(self, request: Request, start_response: StartResponse) -> Iterable[bytes]:
        """Hand the connection over; it ends with what serves it."""
        try:
            serve = self.upgrades[request.path](request)
        except HansomError as exc:
            return self._send(request, error_answer(exc, request.request_id), start_response)
        wsgi.WSGI_LOCAL.already_handled = True
        serve()
        wsgi.WSGI_LOCAL.already_handled = True
        return []

    @staticmethod
    def _answer_bug(exc: Exception, request: Request) -> Answer:
        told = as_hansom_error(exc)
        if isinstance(told, InternalError):
            log.exception("a bug in the gateway", extra={"path": request.path[:200], "request_id": request.request_id})
        return error_answer(told, request.request_id)

    def _send(self, request: Request, answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
        headers = [("X-Request-Id", request.request_id)]
        if answer.body:
            headers.append(("Content-Type", answer.content_type))
        if answer.status != 204:
            headers.append(("Content-Length", str(len(answer.body))))
        headers += answer.headers
        if self.closing:
            request.environ["hansom.protocol"].close_connection = 1
        start_response(STATUS_LINES[answer.status], headers)
        return [] if request.method == "HEAD" or answer.status == 204 else [answer.body]


def _known(method: str) -> str:
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "other"
