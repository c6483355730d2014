"""Whatever bytes come, every message has its answer and nothing is raised."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.finnish_codes import SERVICES
from connectors.kela.dates import read_date, style_of
from streams.promises.connector import BATCH_MESSAGES_MAX, Reading, Unreadable
from tests.connectors.kela.batches import CONNECTOR, SAMPLES, era, readings, viesti

pytestmark = pytest.mark.usefixtures("unmeasured")

EXAMPLES = Path(__file__).parents[4] / "shared" / "examples" / "x-road"
WHOLE = [path.read_bytes() for path in sorted(SAMPLES.rglob("*.xml"))]
TOKENS = [
    *(b"<", b">", b"/>", b"</", b"&", b";", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<?", b"?>"),
    *(b"<!DOCTYPE era [", b"<!ENTITY x 'y'>", b"&x;", b"&#0;", b"&#xD800;", b"&#13;", b"\x00"),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"+ADw-", b"'", b'"', b" xmlns=''"),
    *(b"<viesti>", b"</viesti>", b"<viesti/>", b"<hetu/>", b"<pvm>", b"9.2.2026", b"<a>" * 300),
    *(b"PERUTTU", b"ANNETTU", b"vastaus", b"ohjaus", b"oid", b"encoding='utf-7'", b"koodi=''"),
]
STATEMENTS = SAMPLES.parent / "statements" / "kela"
WHOLE += [path.read_bytes() for path in sorted(STATEMENTS.glob("*.xml"))]
CODES = {
    *("malformed", "dtd-refused", "too-large", "too-deep", "missing-field", "bad-value"),
    *("bad-time", "hetu-format", "hetu-check", "hetu-not-allowed", "unknown-code"),
    "unknown-agency",
}


def is_answered(raw: bytes) -> None:
    messages = CONNECTOR.split(raw)
    assert 1 <= len(messages) <= BATCH_MESSAGES_MAX
    read = readings(raw)
    assert read == readings(raw)
    for each in read:
        assert isinstance(each, Reading | Unreadable)
        if isinstance(each, Unreadable):
            assert each.problems
            assert {problem.code for problem in each.problems} <= CODES


@given(raw=st.binary(max_size=400))
def test_any_bytes_are_answered(raw: bytes) -> None:
    is_answered(raw)


@given(parts=st.lists(st.sampled_from(TOKENS), max_size=30))
def test_any_pieces_of_xml_are_answered(parts: list[bytes]) -> None:
    is_answered(b"".join(parts))


@given(data=st.data())
def test_a_damaged_sample_is_answered(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from(WHOLE))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        cut = data.draw(st.integers(0, 40))
        piece = data.draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=4)))
        raw = raw[:at] + piece + raw[at + cut :]
    is_answered(raw)


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="cannot run here: no examples of others beside")
def test_what_others_wrote_for_x_road_gets_a_receipt_and_never_an_exception() -> None:
    found = [path for path in sorted(EXAMPLES.rglob("*")) if path.is_file()]
    assert found
    for path in found:
        (read,) = readings(path.read_bytes())
        assert isinstance(read, Unreadable), path.name
        assert {problem.code for problem in read.problems} == {"malformed"}, path.name


@given(raw=st.sampled_from(WHOLE), encoding=st.sampled_from(["utf-16", "utf-32", "cp037"]))
def test_a_sample_in_a_foreign_encoding_is_one_dead_letter(raw: bytes, encoding: str) -> None:
    (read,) = readings(raw.decode("latin-1").encode(encoding, "replace"))
    assert isinstance(read, Unreadable)
    assert {problem.code for problem in read.problems} <= {"malformed", "dtd-refused"}


@given(code=st.text(st.characters(codec="utf-8", exclude_characters="<&\x00"), max_size=300))
def test_any_code_is_known_or_has_a_nearest(code: str) -> None:
    (read,) = readings(era(viesti(f"<ohjaus><palvelu>x{code}</palvelu></ohjaus>")))
    assert isinstance(read, Unreadable)
    for problem in read.problems:
        assert problem.code == "malformed" or problem.nearest in SERVICES


@given(text=st.text(alphabet="0123456789.-", max_size=12))
def test_a_date_has_one_meaning_at_most(text: str) -> None:
    style = style_of(text)
    assert read_date(text, None) == (read_date(text, style) if style is not None else None)


@given(
    day=st.dates(), style=st.sampled_from(["{0:%Y}-{0:%m}-{0:%d}", "{0.day}.{0.month}.{0.year}"])
)
def test_dates_of_living_memory_are_read_and_others_are_not(day: object, style: str) -> None:
    read = read_date(style.format(day), None)
    assert read in (day, None)
