"""Deadlines at the level of the connection, where uvicorn has none: an HTTP/1.1 protocol that watches its own pace.

A header must be there in time; a body must come, and an answer must be taken, at a rate that real lines have.
Middleware comes too late for the first, and misses routes that never read a body; uvicorn's keep-alive timer is put off
by each byte.
"""

import asyncio
import json
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from harmonic.serve.refusal import Refusal, slow_upload
from harmonic.serve.settings import Settings

_TICK = 0.25  # seconds
_SEND_BUFFER = 128 << 10  # bytes of the system's buffer of a connection; left alone, it grows to megabytes
# Linux makes it twice that. It is filled and emptied in lumps, which must not pass for a client's taking or not taking.
_LUMPS = 2 * _SEND_BUFFER


class Counted:
    """A transport that counts what it was given to send."""

    def __init__(self, transport: asyncio.Transport):
        self._transport, self.given = transport, 0

    def write(self, data: bytes) -> None:
        self.given += len(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def gated(settings: Settings, on_cut: Callable[[Refusal], None]) -> type[H11Protocol]:
    """uvicorn's protocol with our deadlines. on_cut: told of each connection that is ended for being slow."""

    class Gated(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            self._counted = Counted(transport)
            super().connection_made(self._counted)  # type: ignore[arg-type]
            self._waiting_since = monotonic()  # for a header
            self._heard = False  # anything of it
            self._body_since, self._body_bytes = monotonic(), 0
            self._taking: tuple[float, int] | None = None  # since when something waits, and what was sent then
            self._watched: Any = None  # the request that the body belongs to
            if len(self.connections) > settings.connections:
                transport.close()
                return
            self._tick = self.loop.call_later(_TICK, self._watch)

        def connection_lost(self, exc: Exception | None) -> None:
            if hasattr(self, "_tick"):
                self._tick.cancel()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            self._heard = True
            self._body_bytes += len(data)
            super().data_received(data)
            if self.cycle is not self._watched:
                self._watched, self._body_since, self._body_bytes = self.cycle, monotonic(), len(data)
            # The answer is out and the rest of the upload is thrown away, up to here.
            if self._body_bytes > settings.max_bytes + (1 << 20) and self._answered():
                self.transport.close()

        def on_response_complete(self) -> None:
            self._waiting_since, self._heard = monotonic(), False
            super().on_response_complete()

        def _answered(self) -> bool:
            return self.cycle is None or self.cycle.response_complete

        def _to_take(self) -> int:
            """Bytes of an answer that wait for the system's buffer, since the client does not empty it."""
            return self.transport.get_write_buffer_size()

        def _watch(self) -> None:
            if self.transport.is_closing() and not self._to_take():
                return
            self._tick = self.loop.call_later(_TICK, self._watch)
            now = monotonic()
            if self.conn.their_state is h11.SEND_BODY:
                # A client is not to blame while we do not read.
                if self.flow.read_paused:
                    self._body_since, self._body_bytes = now, 0
                elif _slow(self._body_bytes, now - self._body_since):
                    self._cut()
            elif self._answered() and now - self._waiting_since > settings.header_seconds and not self._to_take():
                self._cut()
            self._watch_taking(now)

        def _watch_taking(self, now: float) -> None:
            """An answer that is not taken holds memory or disk; while one waits, it must go out at the rate."""
            left = self._to_take()
            sent = self._counted.given - left
            if not left or self._taking is None:
                self._taking = (now, sent) if left else None
            elif _slow(sent - self._taking[1] + _LUMPS, now - self._taking[0]):
                self._end_request()
                self.transport.abort()
                on_cut(slow_upload())

        def _cut(self) -> None:
            """End the connection, with an answer where the client has begun to speak and got none yet."""
            refusal = slow_upload()
            started = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
            if self._heard and not started and self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                body = json.dumps({"code": refusal.code, "message": refusal.message, "request_id": None}).encode()
                headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
                answer = h11.Response(status_code=refusal.status, headers=[*headers, ("connection", "close")])
                for event in (answer, h11.Data(body), h11.EndOfMessage()):
                    self.transport.write(self.conn.send(event) or b"")
            self._end_request()
            self.transport.close()
            on_cut(refusal)

        def _end_request(self) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self.cycle.disconnected = True
                self.cycle.message_event.set()

    def _slow(count: int, seconds: float) -> bool:
        return seconds > settings.grace_seconds and count < settings.body_rate * seconds

    return Gated
