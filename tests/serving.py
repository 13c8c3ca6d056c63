"""Servers on loopback that tests ask: plain ones by http.server, kind or hostile."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Served:
    """A server's address, and what it was sent: (path, headers, body) of every query."""

    address: str
    queries: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[str, dict[str, str], bytes], Any]) -> Iterator[Served]:
    """A server whose answer to a query is what `answer(path, headers, body)` returns: JSON, or (status, headers, bytes), or a
    function that writes to the connection itself."""
    served = Served("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            served.queries.append((self.path, dict(self.headers), body))
            found = answer(self.path, dict(self.headers), body)
            if callable(found):
                found(self)
                return
            status, headers, data = found if isinstance(found, tuple) else (200, {}, json.dumps(found).encode())
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    served.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


def endless(handler):
    """Sends ten gigabytes, or as much as anybody reads."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(10 << 30))
    handler.end_headers()
    try:
        for _ in range(10 << 10):
            handler.wfile.write(bytes(1 << 20))
    except OSError:
        pass


def dripping(handler):
    """Sends a byte now and then, for ever."""
    handler.send_response(200)
    handler.end_headers()
    drip(handler, b"", b" ")


def dripping_head(handler):
    """Sends a header that does not end, a byte now and then."""
    handler.send_response(200)
    handler.flush_headers()
    drip(handler, b"X-Slow: ", b"a")


def forever_early(handler):
    """Says again and again that an answer will come."""
    drip(handler, b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")


def drip(handler, first, more):
    try:
        handler.wfile.write(first)
        for _ in range(10_000):
            handler.wfile.write(more)
            time.sleep(0.05)
    except OSError:
        pass


def hanging(handler):
    """Answers nothing for a long time."""
    time.sleep(30)
