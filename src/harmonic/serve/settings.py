"""All that an operator may set, as one frozen value; the defaults are safe on a machine of one's own."""

from dataclasses import dataclass

from harmonic.restore.restorer import DEFAULT_MODEL

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Settings:
    """models: names or weights files, the first is the default. token: what clients must
    bear; None = nothing. hosts: further names that the service is reached by. max_pixels, max_bytes: of one upload.
    queue: jobs that may wait or run at once. timeout, job_timeout: seconds for a request, and for a job in the
    background. threads: of the network, None = torch's choice. tile: as for `Restorer`; smaller ones answer a cancel
    sooner and cost more.

    The rest are seconds and bounds that hardly anybody changes: header_seconds until a request's header must be there;
    body_rate in bytes per second, averaged, once grace_seconds are over, for uploads and downloads; decode_seconds for
    one picture; drain_seconds for running work after SIGTERM; keep_seconds and kept_results of finished jobs; most
    connections at once.
    """

    models: tuple[str, ...] = (DEFAULT_MODEL,)
    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    hosts: tuple[str, ...] = ()
    max_pixels: int = 50_000_000
    max_bytes: int = 64 << 20
    queue: int = 16
    timeout: float = 120.0
    job_timeout: float = 3600.0
    threads: int | None = None
    device: str = "auto"
    precision: str = "auto"
    tile: str = "auto"
    header_seconds: float = 9.0
    body_rate: int = 50_000
    grace_seconds: float = 5.0
    decode_seconds: float = 10.0
    drain_seconds: float = 20.0
    keep_seconds: float = 600.0
    kept_results: int = 32
    connections: int = 1000

    @property
    def queue_pixels(self) -> int:
        """Input pixels that may wait or run at once."""
        return 4 * self.max_pixels

    @property
    def result_pixels(self) -> int:
        """Pixels that one result may have."""
        return 4 * self.max_pixels

    @property
    def held_bytes(self) -> int:
        """Bytes of uploads that may be held at once, on disk for the most part."""
        return (self.queue + 1) * self.max_bytes

    @property
    def loopback(self) -> bool:
        return self.host in LOOPBACK
