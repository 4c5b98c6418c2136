"""Who may use a service: headers, the token, hosts and origins."""

from typing import Any

import pytest

from uploads import picture


@pytest.mark.parametrize("path, kind", [
    ("/", "text/html"),
    ("/healthz", "application/json"),
    ("/metrics", "text/plain"),
    ("/nothing", "application/json"),
    ("/../../etc/passwd", "application/json"),
    ("/samples/..%2f..%2fapp.py", "application/json"),
])  # fmt: skip
def test_every_answer_bears_the_headers_that_bind_a_browser(running: Any, path: str, kind: str):
    headers = running.client.get(path).headers
    assert headers["content-type"].startswith(kind)
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'self'" if path == "/" else "default-src 'none'")


def test_the_token_opens_and_nothing_else_does(serving: Any):
    with serving(token="sesame") as running:
        assert running.client.get("/").status_code == running.client.get("/healthz").status_code == 200
        for bearer in (None, "Bearer wrong", "sesame", "Bearer \xff"):
            headers = {"Authorization": bearer.encode("latin-1")} if bearer else {}
            for path in ("/v1/models", "/metrics", "/v1/jobs/x"):
                assert running.client.get(path, headers=headers).json()["code"] == "unauthorized"
        assert running.client.get("/v1/models", headers={"Authorization": "Bearer sesame"}).status_code == 200


def test_pages_of_other_sites_cannot_use_a_service_on_this_machine(running: Any, serving: Any):
    assert running.client.get("/", headers={"Host": "evil.example"}).json()["code"] == "wrong_host"
    foreign = running.client.post("/v1/restore", headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.json()["code"] == "forbidden"
    assert running.client.get("/", headers={"Host": "LOCALHOST:8000"}).status_code == 200
    for host in ("127.0.0.1", "0.0.0.0"):
        with serving(hosts=("Photos.example",), host=host) as proxied:
            for known in ("photos.example", "PHOTOS.example:443", "127.0.0.1:80", "[::1]:80", "localhost"):
                assert proxied.client.get("/", headers={"Host": known}).status_code == 200
            assert proxied.client.get("/", headers={"Host": "evil.example"}).json()["code"] == "wrong_host"


@pytest.mark.parametrize("origin, site, status", [
    ("http://photos.example", None, 200),
    ("https://photos.example:8443", None, 200),
    ("http://evil.example", None, 403),
    ("http://localhost:3000", None, 403),
    ("null", None, 403),
    ("https://behind.a.proxy", "same-origin", 200),
    ("https://photos.example", "same-site", 403),
])  # fmt: skip
def test_a_page_is_known_by_its_origin_where_the_browser_tells_no_more(
    serving: Any, origin: str, site: str | None, status: int
):
    """Over plain http from another machine there is no Sec-Fetch-Site."""
    with serving(host="0.0.0.0") as running:
        headers = {"Host": "photos.example", "Origin": origin} | ({"Sec-Fetch-Site": site} if site else {})
        answer = running.client.post("/v1/inspect", files={"picture": picture()}, headers=headers)
        assert answer.status_code == status
