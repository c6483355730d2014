"""A Kafka hub makes of every message what an embedded one makes of it, byte for byte."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.dead_letter import decode_dead_letter
from streams.contracts.event import decode_event
from streams.domain.ids import Instant
from streams.normalise.opening import open_dead_letter
from streams.promises.engine import DeadLetter
from tests.connectors.kela.batches import era, viesti
from tests.connectors.sote import documents, kanta
from tests.normalise.plain_connector import IMATRA, PlainConnector, agreements, lines, referral
from tests.normalise.two_ways import RECORDED_AT, SEALER, SENDERS, TwoWays, hetus_in, shown

WIRE = Path(__file__).parents[1] / "data" / "wire"
SAMPLE_FILES = [
    (sector, path)
    for sector in SENDERS
    for folder in (WIRE / sector, WIRE / sector / "invalid", WIRE / "statements" / sector)
    for path in sorted(folder.iterdir())
    if path.is_file() and path.name != "expected.json"
]
SAMPLES = [
    pytest.param(sector, path, id="-".join((sector, *path.relative_to(WIRE).parts[-2:])))
    for sector, path in SAMPLE_FILES
]


def ways(sector: str) -> TwoWays:
    return TwoWays(*SENDERS[sector])


def both(sector: str, raw: bytes) -> list[Any]:
    """Take bytes in both ways; give what became of them when it is the same."""
    made = ways(sector)
    embedded = made.embedded(raw)
    assert made.by_topic(raw) == embedded
    return embedded


@pytest.mark.parametrize(("sector", "path"), SAMPLES)
def test_every_sample_becomes_the_same_event_or_dead_letter(sector: str, path: Path) -> None:
    assert both(sector, path.read_bytes())


def test_every_folder_of_samples_was_walked() -> None:
    walked = {path.parent for _, path in SAMPLE_FILES}
    assert len(walked) == 12
    assert len(SAMPLES) > 120


@pytest.mark.parametrize(("sector", "path"), SAMPLES)
def test_nothing_of_a_sample_shows_on_its_topic(sector: str, path: Path) -> None:
    made = ways(sector)
    raw = path.read_bytes()
    hetus = {*hetus_in(raw), b"010190-999W"}
    for queued in made.queued(raw, transport_id="010190-999W"):
        record = queued.record
        names = [name.encode() for name, _ in record.headers]
        values = [value for _, value in record.headers]
        assert not shown(hetus, [record.key, record.value, *names, *values])
        normalised = made.normalised(record)
        values = [value for _, value in normalised.headers]
        assert not shown(hetus, [normalised.key, normalised.payload, *values])


@pytest.mark.parametrize(("sector", "path"), SAMPLES)
def test_the_bytes_of_a_sample_read_back_as_what_it_became(sector: str, path: Path) -> None:
    made = ways(sector)
    for queued in made.queued(path.read_bytes()):
        normalised = made.normalised(queued.record)
        if isinstance(normalised.taken, DeadLetter):
            assert decode_dead_letter(normalised.payload, DeadLetter) == normalised.taken
        else:
            assert decode_event(normalised.record, normalised.payload) == normalised.taken
            assert normalised.key == queued.record.key == normalised.taken.envelope.person.encode()


EVENT = (WIRE / "employment" / "milestone.json").read_bytes()
ONE = orjson.dumps(orjson.loads(EVENT))
DEEP = b'{"tapahtumaTunnus":"D","x":' + b"[" * 250 + b"]" * 250 + b"}"
LONG = b'{"tapahtumaTunnus":"E","x":"' + b"e" * (600 * 1024) + b'"}'

JSON_FILES = {
    "byte order mark": b"\xef\xbb\xbf" + EVENT,
    "spaces around": b" \r\n" + EVENT + b"\n ",
    "lines": ONE + b"\r\n\n" + ONE + b"\n",
    "a mark within": ONE + b"\n\xef\xbb\xbf" + ONE,
    "an array as a line": ONE + b"\n[" + ONE + b"]",
    "arrays in an array": b"[" + ONE + b",[" + ONE + b"," + ONE + b"],[],1,null]",
    "numbers in many spellings": b'[{"tapahtumaTunnus":1e400,"versio":99999999999999999999}]',
    "a line cut short": ONE[:-40] + b"\n" + ONE,
    "cut short": EVENT[:-40],
    "a deep line": ONE + b"\n" + DEEP,
    "a deep element": b"[" + ONE + b"," + DEEP + b"]",
    "a long line": ONE + b"\n" + LONG,
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("raw", JSON_FILES.values(), ids=JSON_FILES)
@pytest.mark.parametrize("sector", ["employment", "typ"])
def test_json_files_however_they_are_written(sector: str, raw: bytes) -> None:
    both(sector, raw)


def kela_head(written: str, number: int) -> str:
    return viesti().replace("2026-02-09", written).replace("K-1", f"K-{number}")


KELA_FILES = {
    "many": era(*[kela_head("2026-02-09", number) for number in range(4)]),
    "an odd date": era(kela_head("2026-02-09", 1), kela_head("9.2.2026", 2), viesti()),
    "the first date is none": era(kela_head("31.2.2026", 1), kela_head("9.2.2026", 2)),
    "no date can be read": era(kela_head("x", 1), kela_head("y", 2)),
    "no date at all": era(viesti(head="<viestiTunnus>K-1</viestiTunnus>")),
    "a posing message": era(viesti().replace("<viesti>", '<viesti paivamuoto="packed">')),
    "one alone": viesti().replace("<viesti>", '<viesti xmlns="urn:fi:kela:yhteistyo:1">').encode(),
    "one alone that poses": viesti()
    .replace("<viesti>", '<viesti xmlns="urn:fi:kela:yhteistyo:1" paivamuoto="packed">')
    .encode(),
    "a long one": era(viesti(), viesti(f"<muu>{'x' * 600 * 1024}</muu>"), viesti()),
    "a deep one": era(viesti(), viesti("<a>" * 220 + "</a>" * 220), viesti()),
    "others between": era(viesti(), "<muu/>", viesti().replace("K-1", "K-2")),
    "letters of Latin-1": b'<?xml version="1.0" encoding="ISO-8859-1"?>'
    + era(viesti(), viesti()).decode().encode("latin-1"),
    "comments": era(viesti(), "<!-- <viesti/> -->", viesti().replace("<pvm>", "<!-- --><pvm>")),
}


@pytest.mark.parametrize("raw", KELA_FILES.values(), ids=KELA_FILES)
def test_batches_of_kela_keep_their_places_and_styles(raw: bytes) -> None:
    both("kela", raw)


def together(kind: str, *names: str) -> dict[str, Any]:
    entries = [
        each
        for name in names
        for each in documents.sample(name)["entry"]
        if each["resource"]["resourceType"] != "MessageHeader"
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def referring() -> dict[str, Any]:
    """Give a Bundle whose Tasks refer to each other, so that each message holds both."""
    bundle = together("collection", "referral-submitted", "completed")
    first, second = bundle["entry"][0], bundle["entry"][3]
    second["resource"]["partOf"] = [{"reference": first["fullUrl"]}]
    first["resource"]["partOf"] = [{"reference": second["fullUrl"]}]
    return bundle


def two_in_focus() -> dict[str, Any]:
    bundle = documents.sample("consent-given")
    other = documents.sample("disclosure-prohibited")["entry"][1]
    other["resource"]["patient"] = bundle["entry"][1]["resource"]["patient"]
    bundle["entry"].append(other)
    focus = bundle["entry"][0]["resource"]["focus"]
    focus.append({"reference": f"Consent/{other['resource']['id']}"})
    return bundle


def one_too_long() -> dict[str, Any]:
    bundle = together("transaction", "rejected", "completed")
    bundle["entry"][0]["resource"]["note"] = [{"text": "x" * 600 * 1024}]
    return bundle


BUNDLES: dict[str, Any] = {
    "two of one kind": together("transaction", "rejected", "completed"),
    "two persons": together("transaction", "referral-submitted", "referral-open"),
    "tasks that refer to each other": referring(),
    "two consents in one focus": two_in_focus(),
    "the same permit twice": kanta.transaction(
        (kanta.permit("L-1"), kanta.provenance(0, kanta.CLIENT)),
        (kanta.permit("L-1"), kanta.provenance(1, kanta.CLIENT)),
    ),
    "two permits": kanta.transaction(
        (kanta.permit("L-1"), kanta.provenance(0, kanta.CLIENT)),
        (kanta.permit("L-2", "social-to-health"), kanta.provenance(1, kanta.CLIENT)),
    ),
    "one too long": one_too_long(),
    "nobody's": together("searchset", "rejected", "completed"),
    "only a person": documents.resource(documents.sample("rejected"), "Patient"),
    "empty": {"resourceType": "Bundle", "type": "batch", "entry": []},
}


@pytest.mark.parametrize("bundle", BUNDLES.values(), ids=BUNDLES)
def test_bundles_of_several_messages(bundle: dict[str, Any]) -> None:
    both("sote", orjson.dumps(bundle))


def test_bundles_as_lines_with_a_bad_one_among_them() -> None:
    good = [orjson.dumps(each) for each in BUNDLES.values()]
    both("sote", b"\n".join([*good[:3], b'{"resourceType": "Ta', b"[]", good[4]]))


def test_a_bundle_whose_messages_hold_each_other_needs_its_context() -> None:
    made = ways("sote")
    raw = orjson.dumps(referring())
    first, second = made.queued(raw)
    assert dict(second.record.headers)["context"] == b"[3,[]]"
    assert "context" not in dict(first.record.headers)
    assert [each.message_id for each in (first, second)] == ["L-2026-00002", "L-2026-00014"]


JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tapahtumaTunnus", "asiakas", "versio"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
LINE = st.sampled_from([ONE, DEEP, b"", b"\xef\xbb\xbf" + ONE, ONE[:-9]]) | st.binary(max_size=20)


@given(values=st.lists(JSON_VALUE, max_size=4))
def test_whatever_stands_in_an_array(values: list[Any]) -> None:
    both("employment", json.dumps(values).encode())


@given(written=st.lists(LINE, max_size=4))
def test_whatever_stands_on_lines(written: list[bytes]) -> None:
    both("employment", b"\n".join(written))
    both("sote", b"\n".join(written))


PVM = st.sampled_from(["2026-02-09", "9.2.2026", "09022026", "31.2.2026", "", "x"])


@given(dates=st.lists(PVM, min_size=1, max_size=4))
def test_whatever_dates_a_batch_mixes(dates: list[str]) -> None:
    both("kela", era(*[kela_head(date, place) for place, date in enumerate(dates)]))


def test_a_connector_that_breaks_gives_the_same_dead_letter() -> None:
    plain = PlainConnector()
    made = TwoWays(IMATRA, plain, agreements=agreements(IMATRA), connectors=lambda _: plain)
    bad = [("bad-value", "/a/010190-999W", "Not 010190-999W.", None)]
    messages = (
        referral(),
        referral(id="TE-2", crash=True),
        referral(id="TE-3", hetu="somebody"),
        referral(id="\ud800"),
        referral(id="TE-4", reason="\udfff"),
        referral(id="010190-999W", problems=bad),
        referral(id="TE-5", reason="x" * 70_000),
    )
    raw = lines(*messages)
    assert made.by_topic(raw) == made.embedded(raw)
    assert made.by_topic(b"crash") == made.embedded(b"crash")


def test_a_large_file_that_cannot_be_split_is_kept_where_it_lies() -> None:
    made = ways("employment")
    raw = b"{" + b" " * (1024 * 1024) + b"x"
    (queued,), (letter,) = made.queued(raw), made.embedded(raw)
    assert isinstance(letter, DeadLetter)
    normalised = made.normalised(queued.record)
    taken = normalised.taken
    assert isinstance(taken, DeadLetter)
    assert taken == letter._replace(body_kind="at:saattaen.raw.x/3/42", sealed_body=b"")
    assert len(normalised.payload) < 1_000
    whole = taken._replace(sealed_body=queued.record.value)
    assert open_dead_letter(whole, made.keys, SEALER) == raw


def test_the_same_file_gives_the_same_records_but_for_its_time() -> None:
    made = ways("kela")
    raw = KELA_FILES["many"]
    later = Instant(RECORDED_AT + 1)
    first, again, stamped = made.queued(raw), made.queued(raw), made.queued(raw, later)
    assert first == again
    assert [each.record.value for each in stamped] == [each.record.value for each in first]
    assert [each.record.key for each in stamped] == [each.record.key for each in first]
    assert dict(stamped[0].record.headers)["recorded_at"] == str(later).encode()
