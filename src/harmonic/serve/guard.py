"""Who may come in, and with how much: the service's names, pages of other sites, the token, the size of uploads.

On every route, before anything is read.
"""

import hmac
import ipaddress

from harmonic.serve.answers import error_answer
from harmonic.serve.headers import App, Message, Receive, Scope, Send
from harmonic.serve.refusal import Refusal, draining, too_large
from harmonic.serve.service import Service

_LOCKED = ("/v1", "/metrics")  # what the token locks; pages, samples and health hold nothing of anybody's


class Guard:
    """ASGI middleware."""

    def __init__(self, app: App, service: Service):
        self._app, self._service = app, service
        self._held = 0  # bytes of uploads in work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        try:
            self._check_sender(scope, headers)
            self._check_room(scope, headers)
        except Refusal as refusal:
            number = scope["state"]["request_id"]
            self._service.metrics.add("harmonic_refusals_total", code=refusal.code)
            return await error_answer(refusal, number)(scope, receive, send)
        read = 0

        async def bounded() -> Message:
            """Raises Refusal once there is too much; a length that was stated proves nothing."""
            nonlocal read
            message = await receive()
            size = len(message.get("body", b""))
            read, self._held = read + size, self._held + size
            if read > self._service.settings.max_bytes:
                raise too_large(self._service.settings.max_bytes)
            if self._held > self._service.settings.held_bytes:
                raise Refusal(429, "busy", "too many uploads at once; try again soon", 5)
            return message

        try:
            await self._app(scope, bounded, send)
        finally:
            self._held -= read

    def _check_sender(self, scope: Scope, headers: dict[bytes, str]) -> None:
        settings = self._service.settings
        host, hosts = _name(headers.get(b"host", "")), {_name(host) for host in settings.hosts}
        # A name that leads here without our knowing is how a foreign page reaches a service on this machine.
        known = host in ("", "localhost", *hosts) or _is_address(host)
        if not known and (settings.loopback or hosts):
            raise Refusal(421, "wrong_host", "not a name of this service; add it with --allow-host")
        if scope["method"] not in ("GET", "HEAD") and _is_foreign(headers, {host, *hosts}):
            raise Refusal(403, "forbidden", "pages of other sites may not use this service")
        if settings.token and scope["path"].startswith(_LOCKED):
            given = headers.get(b"authorization", "").encode("latin-1")
            if not hmac.compare_digest(given, f"Bearer {settings.token}".encode()):
                raise Refusal(401, "unauthorized", "send the header Authorization: Bearer TOKEN")

    def _check_room(self, scope: Scope, headers: dict[bytes, str]) -> None:
        service = self._service
        if scope["method"] != "POST":
            return
        if service.draining:
            raise draining()
        length = headers.get(b"content-length", "")
        if length.isdecimal() and int(length) > service.settings.max_bytes:
            raise too_large(service.settings.max_bytes)
        if scope["path"].startswith("/v1/"):
            service.queue.refuse_if_full()


def _is_foreign(headers: dict[bytes, str], ours: set[str]) -> bool:
    """Whether a page that is not ours sends this. Browsers tell it over https and to this machine; elsewhere they tell
    the page's origin alone.
    """
    if site := headers.get(b"sec-fetch-site"):
        return site in ("cross-site", "same-site")
    origin = headers.get(b"origin")
    return origin is not None and (origin == "null" or _name(origin.rpartition("://")[2]) not in ours)


def _is_address(name: str) -> bool:
    """An address is nobody's to lead elsewhere, as a name is."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    """Host header -> the name alone, in lower case, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return (host.rpartition(":")[0] if host.count(":") == 1 else host).lower()
