"""Memory of large feature maps is kept for reuse instead of going back to the system after every layer.

glibc maps blocks above a threshold anew at each allocation, and the page faults cost 15 to 25 % of a restoration on the
CPU. The price is that resident memory stays at its peak, so this is a choice of the command line, made once per process
before the first large tensor; a library must not make it for its users.
"""

import ctypes
import os
from contextlib import suppress

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> None:
    """Tune glibc's malloc, and ask torch for huge pages, which it decides at its first tensor; Linux only."""
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    with suppress(OSError, AttributeError, TypeError):  # no C library by this way, or one without mallopt
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
