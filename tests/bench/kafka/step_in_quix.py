"""The hub's `step` in Quix Streams: exactly-once, its own state, as `peers/quix.py` sets it up.

Run by the hub's interpreter, which finds Quix Streams in the peers' environment.
"""

import argparse
import site
from pathlib import Path
from typing import Any

from streams.bootstrap.sweeping import sweep_seldom
from streams.promises import topics
from tests.bench.kafka.hosted import Hosted


def main() -> None:
    """Decide until so many events are through."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("kafka", "registry", "packages"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    order = parser.parse_args()
    site.addsitedir(order.packages)  # after our own: what both have is ours
    from quixstreams import (  # type: ignore[import-not-found]  # it is the peers' alone
        Application,
    )

    sweep_seldom()  # no host is made slower than it need be
    hosted = Hosted(order.registry)
    app = Application(
        broker_address=order.kafka,
        consumer_group="bench.quix",
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=order.folder / "quix",
        loglevel="ERROR",
        commit_interval=1.0,
        producer_extra_config={"compression.type": "lz4", "linger.ms": 5},
    )
    seen = 0

    def decided(value: bytes, state: Any) -> list[bytes]:  # noqa: ANN401  # as the library's
        nonlocal seen
        found = hosted.decide(value, state.get_bytes("hot"), state.get_bytes("closed"))
        if found.hot is not None:
            state.set_bytes("hot", found.hot)
        if found.closed is not None:
            state.set_bytes("closed", found.closed)
        seen += 1
        if seen == order.events:
            app.stop()
        return found.entries

    source = app.topic(topics.EVENTS, value_deserializer="bytes", key_deserializer="bytes")
    target = app.topic(topics.LEDGER, value_serializer="bytes", key_serializer="bytes")
    app.dataframe(source).apply(decided, stateful=True, expand=True).to_topic(target)
    app.run()


if __name__ == "__main__":
    main()
