"""The one place that opens a connection, and only for `harmonic models pull`: a weights file by https, or from a mirror
on disk by file://. What comes is bytes; nothing in them is run, and `expect` says whether they are the ones asked for.
"""

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from harmonic.errors import UsageError, WeightsError

LIMIT = 256 << 20
"""Bytes of the largest file that is taken."""
TIMEOUT = 30.0
"""Seconds of silence after which a server is given up."""
_CHUNK = 1 << 20


def fetch(url: str, limit: int = LIMIT) -> bytes:
    """All bytes of a file, at most `limit`. Nothing is kept of a transfer that breaks off.

    Certificates are checked against those of the system, or of SSL_CERT_FILE; https_proxy is heeded. Raises UsageError
    for a URL that is neither https:// nor file://, WeightsError when the file cannot be had whole, or is too large.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme == "file" and parts.netloc in ("", "localhost"):
            with Path(url2pathname(parts.path)).open("rb") as file:
                return _whole(file, None, limit)
        if parts.scheme != "https" or not parts.hostname:
            raise UsageError(f"{shown(url)}: only https:// (or file:// of this machine) is fetched; give such a URL")
        opener = urllib.request.build_opener(_StaysEncrypted)
        request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
        with opener.open(request, timeout=TIMEOUT) as answer:
            return _whole(answer, answer.headers.get("Content-Length"), limit)
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        raise _failure(url, f"{error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise _failure(url, error.reason) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _failure(url, error) from None


def expect(data: bytes, sha256: str, url: str) -> None:
    """Raises WeightsError unless `data` has that digest, 64 hex digits of any case."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256.lower():
        raise WeightsError(f"{shown(url)}: has SHA-256 {found}, not the one given; nothing is kept, check both")


def shown(url: str) -> str:
    """A URL for a message: printable, and without a password or token that it may hold."""
    parts = urlsplit(url)
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    return plain if plain.isprintable() else repr(plain)


class _StaysEncrypted(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        if urlsplit(newurl).scheme != "https":
            fp.close()
            raise urllib.error.URLError(f"it leads away from https, to {shown(newurl)}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _whole(file: IO[bytes], length: str | None, limit: int) -> bytes:
    """Everything, or ValueError: too much, or less than was announced, which http.client itself does not report."""
    expected = int(length) if length and length.isdecimal() else None
    if expected is not None and expected > limit:
        raise ValueError(f"it has {expected} bytes, at most {limit} are taken")
    data = bytearray()
    while chunk := file.read(_CHUNK):
        data += chunk
        if len(data) > limit:
            raise ValueError(f"it has more than {limit} bytes, which are the most taken")
    if expected is not None and len(data) != expected:
        raise ValueError(f"it ended after {len(data)} of {expected} bytes")
    return bytes(data)


def _failure(url: str, cause: object) -> WeightsError:
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause) or type(cause).__name__
    remedy = "try again, or get it otherwise and give --model its path"
    return WeightsError(f"{shown(url)}: cannot be fetched ({' '.join(reason.split())}); {remedy}")
