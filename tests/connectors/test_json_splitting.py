"""A file of JSON events is taken apart; what is wrong with one event leaves the others alone."""

import pytest

from connectors.employment import EmploymentConnector
from streams.promises.connector import (
    DEPTH_MAX,
    FILE_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    Message,
    Unreadable,
)
from tests.connectors.region import LAPPEENRANTA, NOW, REGION

CONNECTOR = EmploymentConnector()
ONE = b'{"tapahtumaTunnus":"A"}'
TWO = b'{"tapahtumaTunnus":"B","asiakas":{}}'
BROKEN = b'{"tapahtumaTunnus":"C","asia'


def codes(messages: list[Message]) -> list[str]:
    return [", ".join(problem.code for problem in message.problems) for message in messages]


def nested(levels: int) -> bytes:
    inner = levels - 1
    return b'{"tapahtumaTunnus":"D","x":' + b"[" * inner + b"]" * inner + b"}"


def padded(size: int) -> bytes:
    return b'{"tapahtumaTunnus":"E","x":"' + b"e" * (size - 30) + b'"}'


@pytest.mark.parametrize("raw", [ONE, b" \r\n" + ONE + b"\n", b"\xef\xbb\xbf" + ONE])
def test_one_object_is_one_message_with_its_own_bytes(raw: bytes) -> None:
    assert CONNECTOR.split(raw) == [Message(raw, {"tapahtumaTunnus": "A"}, "", ())]


def test_an_object_over_many_lines_is_one_message() -> None:
    (message,) = CONNECTOR.split(TWO.replace(b",", b",\n").replace(b"{", b"{\n"))
    assert message.parsed == {"tapahtumaTunnus": "B", "asiakas": {}}


def test_an_element_of_an_array_has_bytes_of_its_own() -> None:
    messages = CONNECTOR.split(b"[\n " + ONE + b", " + TWO.replace(b":", b" : ") + b"]")
    assert [message.raw for message in messages] == [ONE, TWO]
    assert codes(messages) == ["", ""]


def test_lines_are_messages_and_blank_ones_are_none() -> None:
    messages = CONNECTOR.split(b"\n" + ONE + b"\r\n\r\n" + TWO + b"\n")
    assert [message.parsed is not None for message in messages] == [True, True]
    assert messages[1].raw == TWO


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([ONE, BROKEN, TWO], ["", "malformed", ""]),
        ([BROKEN, TWO], ["malformed", ""]),
        ([ONE, b"garbage"], ["", "malformed"]),
        ([ONE, b"[]"], ["", "malformed"]),
        ([ONE, b'"text"', b"\xff\xfe", b"\0"], ["", "malformed", "malformed", "malformed"]),
        ([BROKEN, BROKEN], ["malformed", "malformed"]),
        ([b'{"x":1}', b'{ "y":2}'], ["", ""]),
        ([ONE, nested(DEPTH_MAX + 1), nested(5000)], ["", "too-deep", "too-deep"]),
        ([ONE, padded(MESSAGE_BYTES_MAX + 1)], ["", "too-large"]),
    ],
    ids=range(9),
)
def test_a_bad_line_is_its_own_dead_letter(lines: list[bytes], expected: list[str]) -> None:
    messages = CONNECTOR.split(b"\n".join(lines))
    assert codes(messages) == expected
    assert [message.raw for message in messages] == lines


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" \n ",
        b"\xef\xbb\xbf",
        b"null",
        b"12",
        b"NaN",
        b'"text"',
        b"[]",
        b"[",
        BROKEN,
        b'{\n"tapahtumaTunnus": "A",\n"jasenet": [\n{"osapuoli": "X"},\n{"osapuoli": "Y"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":1e999}',
        b'{"a":"\0"}',
        ONE.decode().encode("utf-16"),
        ONE + b"}",
        b"[" + ONE + b"," + BROKEN,
        b'{"a":"' + b'\\"' * 10_000,
    ],
    ids=range(19),
)
def test_what_is_no_json_event_is_one_malformed_message(raw: bytes) -> None:
    messages = CONNECTOR.split(raw)
    assert codes(messages) == ["malformed"]
    assert messages[0].raw == raw
    assert messages[0].problems[0].pointer == ""
    assert CONNECTOR.read(messages[0], LAPPEENRANTA, REGION, NOW) == Unreadable(
        messages[0].problems, None, None
    )


def test_what_is_no_object_in_an_array_is_its_own_dead_letter() -> None:
    messages = CONNECTOR.split(b"[" + ONE + b",[],null,7," + TWO + b"]")
    assert codes(messages) == ["", "malformed", "malformed", "malformed", ""]
    assert messages[2].raw == b"null"


def test_a_file_over_its_limit_is_refused_whole() -> None:
    assert codes(CONNECTOR.split(b" " * (FILE_BYTES_MAX + 1))) == ["too-large"]
    assert codes(CONNECTOR.split(ONE + b" " * (FILE_BYTES_MAX - len(ONE)))) == ["too-large"]


@pytest.mark.parametrize(("size", "expected"), [(0, ""), (1, "too-large")])
def test_a_message_has_a_limit_of_its_own(size: int, expected: str) -> None:
    large = padded(MESSAGE_BYTES_MAX + size)
    assert codes(CONNECTOR.split(large)) == [expected]
    assert codes(CONNECTOR.split(b"[" + large + b"," + ONE + b"]")) == [expected, ""]
    assert codes(CONNECTOR.split(b"\n".join([large, ONE]))) == [expected, ""]


def test_a_large_file_that_is_no_json_is_too_large_for_one_message() -> None:
    assert codes(CONNECTOR.split(b"x" * (MESSAGE_BYTES_MAX + 1))) == ["too-large"]


@pytest.mark.parametrize("levels", [DEPTH_MAX + 1, 253, 255, 5_000])
def test_a_message_nested_too_deep_is_refused(levels: int) -> None:
    deep = nested(levels)
    assert codes(CONNECTOR.split(deep)) == ["too-deep"]
    assert codes(CONNECTOR.split(b"[" + deep + b"]")) == ["too-deep"]


def test_a_message_of_the_greatest_depth_is_taken() -> None:
    deep = nested(DEPTH_MAX)
    assert codes(CONNECTOR.split(deep)) == [""]
    assert codes(CONNECTOR.split(b"[" + deep + b"," + ONE + b"]")) == ["", ""]


def test_brackets_side_by_side_or_in_a_text_are_not_depth() -> None:
    beside = b'{"tapahtumaTunnus":"F","x":[' + b"[]," * 500 + b'"' + b'[{\\"' * 500 + b'"]}'
    assert codes(CONNECTOR.split(beside)) == [""]
    assert codes(CONNECTOR.split(beside[:-1])) == ["malformed"]
