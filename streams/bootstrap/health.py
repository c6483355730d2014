"""A worker's health over HTTP: `/livez`, `/readyz` and `/metrics`, for probes and a supervisor.

No label ever names a person, a handoff or a message.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.bootstrap.progress_watch import STALL_S, ProgressWatch
from streams.promises.engine import UnavailableError

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

Counts = Callable[[], Mapping[str, int]]
Lags = Callable[[], Mapping[int, float]]


def _nothing() -> Mapping[Any, Any]:
    return {}


class Health(Collector):
    """What one worker answers when it is asked how it is."""

    def __init__(
        self,
        stage: str,
        watch: ProgressWatch,
        *,
        outcomes: Counts = _nothing,
        clock_lags_s: Lags = _nothing,
        stall_s: float = STALL_S,
        reads_topics: bool = True,
    ) -> None:
        """Answer for a stage.

        Args:
            stage: As `route`; a label of every figure.
            watch: The worker's progress.
            outcomes: How many events ended in which way, by status.
            clock_lags_s: How long the most overdue clock of each partition waits, in seconds.
            stall_s: How long records may wait while nothing moves, in seconds.
            reads_topics: The worker is ready once it has partitions; else it is ready at once.
        """
        self._reads_topics = reads_topics
        self._stage, self._watch, self._stall_s = stage, watch, stall_s
        self._outcomes, self._clock_lags_s = outcomes, clock_lags_s
        self._registry = CollectorRegistry()
        self._registry.register(self)

    @asynccontextmanager
    async def served(self, port: int | None, host: str = "0.0.0.0") -> Any:  # noqa: ANN401, S104  # probes come from outside the container
        """Serve during a block; nothing where no port is named.

        Raises:
            UnavailableError: The port is taken.
        """
        stop = asyncio.Event()
        if port is None:
            yield
            return
        runner = web.AppRunner(self._app(), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as taken:
            await runner.cleanup()
            raise UnavailableError(
                f"port {port} cannot be served ({taken.strerror}): name another with --health-port"
            ) from taken
        watching = asyncio.create_task(self._watch.run(stop))
        try:
            yield
        finally:
            stop.set()
            try:
                with suppress(asyncio.CancelledError):
                    await watching
            finally:
                await runner.cleanup()

    def collect(self) -> Iterable[Metric]:
        """Give the figures, as prometheus_client asks for them."""
        yield from self._of_partitions()
        ended = CounterMetricFamily(
            "saattaen_events",
            "Events that were taken, by what became of them.",
            None,
            ["stage", "status"],
        )
        for status, count in self._outcomes().items():
            ended.add_metric([self._stage, status], count)
        yield ended
        lag = GaugeMetricFamily(
            "saattaen_clock_lag_seconds",
            "How long the most overdue clock waits.",
            labels=["stage", "partition"],
        )
        for partition, lag_s in self._clock_lags_s().items():
            lag.add_metric([self._stage, str(partition)], lag_s)
        yield lag

    def _of_partitions(self) -> Iterator[Metric]:
        figures = (
            ("saattaen_committed_offset", "Offset from which the group reads next.", "committed"),
            ("saattaen_end_offset", "Offset of the next record that is written.", "end"),
            (
                "saattaen_oldest_unprocessed_age_seconds",
                "How long the oldest unprocessed record waits.",
                "oldest_age_s",
            ),
            (
                "saattaen_still_seconds",
                "How long the committed offset stands while records wait.",
                "still_s",
            ),
            (
                "saattaen_record_corrupt",
                "1 where the record that waits does not read, and its partition halts.",
                "is_corrupt",
            ),
        )
        for name, meaning, field in figures:
            gauge = GaugeMetricFamily(name, meaning, labels=["stage", "topic", "partition"])
            for place, standing in self._watch.standings.items():
                labels = [self._stage, place.topic, str(place.partition)]
                gauge.add_metric(labels, getattr(standing, field))
            yield gauge

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        return app

    async def _livez(self, _: web.Request) -> web.Response:
        stalled = self._watch.stalled(self._stall_s)
        if self._watch.is_blind(self._stall_s):
            said = "blind: nobody looks at the progress any more"
            _log.error("worker_blind")
        elif stalled:
            named = ", ".join(f"{place.topic}/{place.partition}" for place in stalled)
            said = f"stalled: {named}"
            _log.error("worker_stalled", partition=stalled[0].partition, topic=stalled[0].topic)
        else:
            return web.Response(text="ok\n")
        return web.Response(status=503, text=f"{said}\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        is_ready = bool(self._watch.standings) or not self._reads_topics
        said = "ok" if is_ready else "no partition yet: it joins, restores, or others have all"
        return web.Response(status=200 if is_ready else 503, text=f"{said}\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})
