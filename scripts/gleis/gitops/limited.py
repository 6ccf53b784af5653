"""`python limited.py BYTES PROGRAM ARGUMENT…`: become PROGRAM, which may write no larger file.

A program of its own, because the limit must hold for git alone and not for us.
"""

from __future__ import annotations

import os
import resource
import signal
import sys

limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
# Ignored, a write beyond the limit is an error that git reports, and not the end of it.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
os.execv(sys.argv[2], sys.argv[2:])
