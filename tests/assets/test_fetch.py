"""Fetching from a server of the test, and from files: all of it, from a server that can be trusted, or nothing."""

import hashlib
from collections.abc import Callable

import pytest

from harmonic.assets.fetch import expect, fetch, shown
from harmonic.errors import UsageError, WeightsError

FILE = bytes(range(256)) * 40


def failure(call: Callable[[], object], kind: type[Exception] = WeightsError) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("path", ["whole.bin", "endless.bin", "back.bin"])
def test_a_file_comes_whole(server, path):
    assert fetch(f"{server}/{path}") == FILE


@pytest.mark.parametrize(
    "path, reason",
    [
        ("none.bin", "Not Found"),
        ("short.bin", "1000 of 10240 bytes"),
        ("away.bin", "leads away from https, to http://localhost/whole.bin"),
    ],
)
def test_what_does_not_come_whole_is_refused_in_one_line(server, path, reason):
    message = failure(lambda: fetch(f"{server}/{path}"))
    assert message.startswith(f"{server}/{path}: cannot be fetched (") and reason in message


def test_a_server_that_falls_silent_is_given_up(server, monkeypatch):
    monkeypatch.setattr("harmonic.assets.fetch.TIMEOUT", 0.1)
    assert "timed out" in failure(lambda: fetch(f"{server}/silent.bin"))


@pytest.mark.parametrize("path", ["whole.bin", "endless.bin"])
def test_a_file_above_the_limit_is_refused_announced_or_not(server, path):
    assert "10239" in failure(lambda: fetch(f"{server}/{path}", limit=10239))
    assert fetch(f"{server}/{path}", limit=10240) == FILE


def test_a_certificate_that_nobody_signed_is_refused(address, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    assert "certificate" in failure(lambda: fetch(f"{address}/whole.bin")).lower()


def test_a_server_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    assert "cannot be fetched" in failure(lambda: fetch("https://localhost:9/x.safetensors"))


@pytest.mark.parametrize(
    "url", ["http://localhost/x", "ftp://localhost/x", "file://elsewhere/x", "https://", "data:,x", "x.safetensors"]
)
def test_nothing_but_https_and_files_of_this_machine_is_fetched(url):
    assert "only https://" in failure(lambda: fetch(url), UsageError)


def test_a_mirror_on_disk_is_read(tmp_path):
    path = tmp_path / "a file.bin"
    path.write_bytes(FILE)
    assert fetch(path.as_uri()) == FILE
    assert "more than 10 bytes" in failure(lambda: fetch(path.as_uri(), limit=10))
    assert "No such file" in failure(lambda: fetch((tmp_path / "none").as_uri()))


def test_a_digest_may_be_of_any_case_but_not_of_other_bytes():
    expect(FILE, hashlib.sha256(FILE).hexdigest().upper(), "https://example.org/x")
    assert "nothing is kept" in failure(
        lambda: expect(FILE + b"x", hashlib.sha256(FILE).hexdigest(), "https://e.org/x")
    )


def test_passwords_and_tokens_are_not_shown():
    assert shown("https://me:secret@example.org/x.bin?token=secret#secret") == "https://example.org/x.bin"
