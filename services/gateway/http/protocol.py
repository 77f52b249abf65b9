"""HTTP/1.1 on one connection: eventlet's, with errors in api.md's form and a close that lets the client read them."""

from __future__ import annotations

import logging
import socket
from time import monotonic
from typing import Any

from eventlet import wsgi
from nameko.web.server import HttpOnlyProtocol

from hansom.contracts.errors import HansomError
from hansom.contracts.gateway import BadRequest, MethodNotAllowed, TooLarge
from hansom.ids import new_id
from services.gateway.http.answers import STATUS_LINES, error_answer

log = logging.getLogger(__name__)

DRAIN_MAX_BYTES = 64 << 20
DRAIN_MAX_S = 10.0


class Protocol(HttpOnlyProtocol):
    """One connection. A client that is still sending what was refused is listened to, within bounds, and then closed:
    closing at once would have its kernel throw the answer away (RFC 9112, section 9.6)."""

    lingers = False
    handed_over = False
    """Somebody else has the connection now: it is not closed with this protocol."""

    def close_after_answer(self) -> None:
        self.close_connection = 1
        self.lingers = True

    def get_environ(self) -> dict[str, Any]:
        env = super().get_environ()
        env["hansom.protocol"] = self
        return env

    def _read_request_line(self) -> bytes:
        line = super()._read_request_line()
        if len(line) >= self.server.url_length_limit:
            self._refuse(TooLarge("The address is too long."), 414)
            return b""
        return line

    def parse_request(self) -> bool:
        try:
            if not super().parse_request():
                return False
        except (wsgi.HeaderLineTooLong, wsgi.HeadersTooLarge):
            return self._refuse(BadRequest("The headers are too large."), 431)
        except ValueError:
            return self._refuse(BadRequest())
        length = self.headers.get("content-length")
        if length is not None and not (length.isascii() and length.isdigit() and len(length) < 20):
            return self._refuse(BadRequest("The Content-Length is not a number."))
        if length is not None and self.headers.get("transfer-encoding") is not None:
            return self._refuse(BadRequest("Content-Length and Transfer-Encoding exclude each other."))
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses: unreadable request lines, odd versions."""
        error: HansomError = MethodNotAllowed() if code == 501 else TooLarge() if code == 414 else BadRequest()
        self._refuse(error, code)

    def _refuse(self, error: HansomError, status: int = 400) -> bool:
        request_id = new_id()
        body = error_answer(error, request_id).body
        head = (
            f"HTTP/1.1 {STATUS_LINES.get(status, '400 Bad Request')}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Request-Id: {request_id}\r\nConnection: close\r\n\r\n"
        )
        self.wfile.write(head.encode("ascii") + body)
        self.wfile.flush()
        self.close_after_answer()
        return False

    def finish(self) -> None:
        if self.lingers:
            self._linger()
        try:
            if self.handed_over:
                self.rfile.close()
                self.wfile.close()
            else:
                super().finish()
        except OSError as exc:
            log.debug("while closing a connection: %s", exc)

    def _linger(self) -> None:
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1)
            drained, until = 0, monotonic() + DRAIN_MAX_S
            while drained < DRAIN_MAX_BYTES and monotonic() < until:
                data = self.connection.recv(65536)
                if not data:
                    return
                drained += len(data)
        except OSError as exc:
            log.debug("while draining a connection: %s", exc)
