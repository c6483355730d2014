"""The last resort: ends the servers of a parent that was killed before it could.

Runs as a process of its own with the standard library alone. Its stdin names the servers, one a
line: `watch PID SIGNAL` and `forget PID`. When stdin ends the parent is gone: whoever is still
watched gets its signal, and after a while the one that nobody survives.
"""

import contextlib
import os
import signal
import sys
import time

GRACE_S = 10.0
"""How long a server may take to end by itself."""
_LOOK_AGAIN_S = 0.05


def main() -> None:
    """Listen to the parent until it is gone, then end what it left behind."""
    watched: dict[int, int] = {}
    for line in sys.stdin:
        match line.split():
            case ["watch", pid, by]:
                watched[int(pid)] = int(by)
            case ["forget", pid]:
                watched.pop(int(pid), None)
            case _:
                continue
    _end(watched)


def _end(watched: dict[int, int]) -> None:
    for pid, by in watched.items():
        _send(pid, by)
    until = time.monotonic() + GRACE_S
    while time.monotonic() < until and any(_send(pid, 0) for pid in watched):
        time.sleep(_LOOK_AGAIN_S)
    for pid in watched:
        _send(pid, signal.SIGKILL)


def _send(pid: int, by: int) -> bool:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, by)
        return True
    return False


if __name__ == "__main__":
    main()
