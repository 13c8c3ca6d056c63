"""Queries to a server: timeouts, tries, a rate, a budget, and limits on what it may answer.

No redirect is followed, no answer of more than a few megabytes is read, and a query ends when its time is over, however
slowly the server drips its head or its body. Redirects, refusals and failures are told apart.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from pipeline.cases.case import Limits
from pipeline.cases.saying import brief
from pipeline.core.errors import BadInput

MOST_BYTES = 8 << 20
AGAIN = (408, 425, 429, 500, 502, 503, 504)
REFUSALS = (403, 413, 415, 422, 451)
LONGEST_PAUSE = 30.0

Reply = tuple[int, Any, bytes]
"""The status, the headers and the body of an answer."""


class Refused(Exception):
    """The server refuses this probe, and would refuse it again."""


class BudgetSpent(Exception):
    """No more queries may be sent."""


@dataclass
class Sender:
    """Sends queries within limits. on_try is called before each query leaves, so that it can be logged and counted."""

    limits: Limits
    on_try: Callable[[], None] = lambda: None
    refusals: tuple[int, ...] = REFUSALS
    last: float = field(default=float("-inf"), init=False)

    def send(self, method: str, address: str, **content: Any) -> bytes:
        """The server's answer to a query. Raises Refused, or BadInput when it fails for good."""
        import httpx

        problem = "no try"
        for attempt in range(self.limits.tries):
            self._wait(min(2.0**attempt / 4, LONGEST_PAUSE) if attempt else 0)
            self.on_try()
            try:
                status, headers, body = self._once(method, address, content)
            except (httpx.TransportError, TimeoutError) as error:
                problem = f"{type(error).__name__}: {brief(error, 100)}"
                continue
            except (httpx.InvalidURL, httpx.HTTPError, ValueError) as error:
                raise BadInput(f"{address}: cannot be asked ({brief(error)})") from None
            if status in AGAIN:
                problem = f"HTTP {status}"
                continue
            return _accepted(address, status, headers, body, self.refusals)
        raise BadInput(
            f"{address}: failed {self.limits.tries} times, the last time with {problem}; what it answered so far is "
            "kept, run the same command again"
        )

    def _wait(self, pause: float) -> None:
        now = time.monotonic()
        due = max(now + pause, self.last + (1 / self.limits.rate if self.limits.rate else 0))
        if due > now:
            time.sleep(due - now)
        self.last = time.monotonic()

    def _once(self, method: str, address: str, content: dict[str, Any]) -> Reply:
        """One query, in a thread of its own: httpx bounds every read, but not all reads of a head together.

        Raises TimeoutError when the time is over; the connection is closed then, which ends the thread.
        """
        import httpx

        done: Future[Reply] = Future()

        def ask() -> None:
            try:
                done.set_result(_read(client, method, address, content))
            except BaseException as error:  # whatever it is, the one who waits is told
                done.set_exception(error)

        with httpx.Client(timeout=self.limits.timeout, follow_redirects=False) as client:
            threading.Thread(target=ask, daemon=True).start()
            try:
                return done.result(self.limits.timeout)
            except TimeoutError:
                raise TimeoutError(f"not done after {self.limits.timeout:g} seconds") from None


def _read(client: Any, method: str, address: str, content: dict[str, Any]) -> Reply:
    with client.stream(method, address, **content) as reply:
        body = bytearray()
        for part in reply.iter_bytes():
            body += part
            if len(body) > MOST_BYTES:
                raise BadInput(f"{address}: answers more than {MOST_BYTES >> 20} MB, expected some numbers")
        return reply.status_code, reply.headers, bytes(body)


def _accepted(address: str, status: int, headers: Any, body: bytes, refusals: tuple[int, ...]) -> bytes:
    if 300 <= status < 400:
        raise BadInput(
            f"{address}: redirects to {headers.get('location', 'nowhere')[:120]!r}, which was not followed; ask "
            "that address if it is the suspect's"
        )
    if status in refusals:
        raise Refused(f"HTTP {status}")
    if status >= 400:
        raise BadInput(f"{address}: answers HTTP {status}: {' '.join(body[:200].decode(errors='replace').split())[:100]!r}")
    return body
