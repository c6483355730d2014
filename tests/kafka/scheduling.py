"""Which process of a run gets which tests: those of `tests/kafka` all go to one, and first.

Their topics have fixed names, so two at once would wait for each other until time is up; and two
routers under fault on two cores measure each other. Every other file goes where there is room.
"""

from typing import Any

import pytest

FOLDER = "tests/kafka/"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config,
    log: Any,  # noqa: ANN401  # xdist's own
) -> object | None:
    """Make the scheduler of `--dist=loadfile`; every other kind is left as it is."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import (  # type: ignore[import-untyped]  # it has no types
        LoadFileScheduling,
    )

    class KafkaInOneProcess(LoadFileScheduling):  # type: ignore[misc]  # as above
        def _split_scope(self, nodeid: str) -> str:
            return FOLDER if nodeid.startswith(FOLDER) else super()._split_scope(nodeid)

        def _assign_work_unit(self, node: Any) -> None:  # noqa: ANN401  # xdist's own
            # The longest piece first, or the other process waits for it at the end.
            if FOLDER in self.workqueue:
                self.workqueue.move_to_end(FOLDER, last=False)
            super()._assign_work_unit(node)

    return KafkaInOneProcess(config, log)
