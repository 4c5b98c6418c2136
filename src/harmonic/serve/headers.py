"""What every answer bears: a request's number, and headers that keep browsers from doing more than they are asked to.

Here, too, ends every error that nobody expected: logged with its number, answered without a word about its inside.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from harmonic.serve.answers import error_answer
from harmonic.serve.metrics import Metrics
from harmonic.serve.refusal import Refusal

logger = logging.getLogger(__name__)

Scope = Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_PAGE = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_REST = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Headers:
    """ASGI middleware, the outermost."""

    def __init__(self, app: App, metrics: Metrics):
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        number = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = number
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *_ALWAYS, *_more(message["headers"], number)]
                self._metrics.add("harmonic_requests_total", route=_route(scope), status=message["status"])
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            logger.exception("request %s", number)
            if not started:
                refusal = Refusal(500, "internal", "something went wrong here; tell the operator the request's number")
                await error_answer(refusal, number)(scope, receive, answer)


def _more(given: list[tuple[bytes, bytes]], number: str) -> list[tuple[bytes, bytes]]:
    headers = dict(given)
    html = headers.get(b"content-type", b"").startswith(b"text/html")
    more = [(b"x-request-id", number.encode()), (b"content-security-policy", (_PAGE if html else _REST).encode())]
    return more if b"cache-control" in headers else [*more, (b"cache-control", b"no-store")]


def _route(scope: Scope) -> str:
    """The route's pattern, since paths are the client's and there is no end of them."""
    return getattr(scope.get("route"), "path", "other")
