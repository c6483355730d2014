import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from streams.bootstrap import operator_log
from streams.sealing.pseudonyms import looks_like_hetu

NOBODY = "270789Y922S"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    handlers = [*logging.getLogger().handlers]
    yield
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()


class Log:
    """An operator log whose lines a test reads."""

    def __init__(self, level: int = logging.INFO) -> None:
        self._stream = io.BytesIO()
        operator_log.configure(self._stream, level=level)
        self.say = structlog.get_logger()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    def bytes(self) -> bytes:
        return self._stream.getvalue()


def test_a_line_says_when_how_grave_what_and_of_which_ids() -> None:
    log = Log()
    log.say.info("notice_settled", notice_id="n-01J0000000000000000000SAMP", tries=2, cause="")
    (line,) = log.lines()
    assert [*line][:3] == ["at", "level", "event"]
    assert line["at"].endswith("+00:00")
    del line["at"]
    assert line == {
        "level": "info",
        "event": "notice_settled",
        "notice_id": "n-01J0000000000000000000SAMP",
        "tries": 2,
        "cause": "",
    }


def test_a_key_off_the_list_is_refused_and_counted() -> None:
    log = Log()
    log.say.warning("file_held", family_name="Lumikenttä", raw=b"...", agency="kela")
    (line,) = log.lines()
    assert line["refused"] == 2
    assert line["agency"] == "kela"
    assert "family_name" not in line
    assert "Lumikenttä".encode() not in log.bytes()


@pytest.mark.parametrize(
    "value",
    [
        NOBODY,
        f"TE-{NOBODY}",
        NOBODY.lower(),
        "Aino Lumikenttä",
        "x" * 65,
        b"bytes",
        ["kela"],
        {"agency": "kela"},
        ValueError("Lumikenttä"),
        2**64,
    ],
)
def test_a_value_that_is_no_id_code_or_number_is_masked(value: object) -> None:
    log = Log()
    log.say.error("file_held", error=value)
    assert log.lines()[0]["error"] == operator_log.MASKED


@pytest.mark.parametrize("event", ["Aino came", f"taken_{NOBODY}", "x" * 65, "Notice", ""])
def test_an_event_that_is_no_plain_name_is_unnamed(event: str) -> None:
    log = Log()
    log.say.info(event, to="kela")
    assert log.lines()[0]["event"] == operator_log.UNNAMED


def test_what_is_below_the_level_is_not_written() -> None:
    log = Log(logging.WARNING)
    log.say.info("file_taken", agency="kela")
    assert log.lines() == []


def test_a_library_is_heard_without_its_words() -> None:
    log = Log()
    logging.getLogger("asyncio").error("of %s", NOBODY, exc_info=ValueError(NOBODY))
    logging.getLogger("aiohttp.client").warning("of %s", NOBODY)
    first, second = log.lines()
    assert (first["event"], first["library"]) == ("library_spoke", "asyncio")
    assert (first["kind"], first["error"]) == ("ERROR", "ValueError")
    assert (second["library"], second["error"]) == ("aiohttp.client", "none")
    assert NOBODY.encode() not in log.bytes()


def test_configuring_twice_writes_a_librarys_line_once() -> None:
    Log()
    log = Log()
    logging.getLogger("asyncio").error("something")
    assert len(log.lines()) == 1


@given(
    event=st.text(max_size=40),
    line=st.dictionaries(
        st.sampled_from([*sorted(operator_log.KEYS), "name", "hetu"]),
        st.one_of(st.text(max_size=80), st.just(NOBODY), st.integers(), st.binary(), st.floats()),
    ),
)
def test_whatever_is_said_no_line_shows_a_hetu_or_a_key_off_the_list(
    event: str, line: dict[str, Any]
) -> None:
    log = Log()
    log.say.info(event, **line)
    (written,) = log.lines()
    assert written.keys() <= operator_log.KEYS | {"at", "level", "event", "refused"}
    texts = [value for key, value in written.items() if isinstance(value, str) and key != "at"]
    assert not any(map(looks_like_hetu, texts))
