"""What the machine did meanwhile: peak memory of a process, and processor time that others took."""

import threading
import time
from contextlib import suppress

import psutil

_LOOK_S = 0.2


class Watch(threading.Thread):
    """Watches from its start until `end`."""

    def __init__(self, process: int, *others: int) -> None:
        """Watch a process; it and the others are not noise."""
        super().__init__(daemon=True)
        self._processes = [psutil.Process(pid) for pid in (process, *others)]
        self._ended = threading.Event()
        self.rss_mb = 0
        """Peak resident memory of the process, and of those that it started."""
        self.noise = 0.0
        """Share of the machine that neither process nor others took, 0 to 1."""

    def run(self) -> None:
        """Look a few times a second."""
        busy, own, began_s = _busy_s(), self._own_s(), time.perf_counter()
        while not self._ended.wait(_LOOK_S):
            with suppress(psutil.Error):
                resident = sum(each.memory_info().rss for each in _family(self._processes[0]))
                self.rss_mb = max(self.rss_mb, resident // 1_000_000)
                spent_s = (_busy_s() - busy) - (self._own_s() - own)
                whole_s = (time.perf_counter() - began_s) * psutil.cpu_count()
                self.noise = round(max(0.0, spent_s) / whole_s, 2)

    def end(self) -> None:
        """Stop watching."""
        self._ended.set()
        self.join()

    def _own_s(self) -> float:
        total = 0.0
        for process in self._processes:
            times = process.cpu_times()
            total += times.children_user + times.children_system  # of those that have ended
            for each in _family(process):
                times = each.cpu_times()
                total += times.user + times.system
        return total


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _busy_s() -> float:
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    twice = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    busy: float = sum(times) - idle - twice
    return busy
