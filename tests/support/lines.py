"""A line between a browser and the gateway that can be cut, as a telephone loses it: a browser's own `offline` leaves
sockets that are open alone."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

MOST = 65_536


class Line:
    """Carries connections to a server on this machine, at `.url`, until it is cut and after it is mended."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()
        self._whole = True
        self._ends: set[socket.socket] = set()
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and those that are tried from now on."""
        with self._lock:
            self._whole = False
            for end in self._ends:
                _shut(end)

    def mend(self) -> None:
        with self._lock:
            self._whole = True

    def close(self) -> None:
        self.cut()
        _shut(self._listener)
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(self._target) as far:
            with self._lock:
                if not self._whole:
                    return
                self._ends |= {near, far}
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join()
            with self._lock:
                self._ends -= {near, far}


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(MOST):
            sink.sendall(some)
    _shut(sink)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
