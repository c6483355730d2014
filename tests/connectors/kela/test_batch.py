"""A batch is taken apart safely: what is over a limit, foreign or forbidden has its receipt."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from streams.promises.connector import (
    BATCH_MESSAGES_MAX,
    DEPTH_MAX,
    FILE_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    Reading,
)
from tests.connectors.kela.batches import (
    CONNECTOR,
    NAMESPACE,
    RECEIVED,
    era,
    errors,
    reading,
    readings,
    viesti,
)

GOOD = era(viesti())
TEXT = GOOD.decode()
DOCTYPE = '<!DOCTYPE era [<!ENTITY x "y">]>'
MALFORMED = [("malformed", "")]
DTD = [("dtd-refused", "")]
REMARK = RECEIVED.replace("</vastaus>", "<selite>{}</selite></vastaus>")


def nested(levels: int) -> str:
    return "<a>" * levels + "</a>" * levels


@pytest.mark.parametrize("encoding", ["UTF-8", "utf-8", "ISO-8859-1", "iso-8859-1", "latin1"])
@pytest.mark.parametrize("prefix", ["", "k", "kela"])
def test_the_same_content_reads_the_same_in_every_spelling(encoding: str, prefix: str) -> None:
    text = TEXT
    if prefix:
        text = text.replace("</", f"</{prefix}:").replace("<", f"<{prefix}:")
        text = text.replace(f"<{prefix}:/{prefix}:", f"</{prefix}:")
        text = text.replace("xmlns=", f"xmlns:{prefix}=")
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{text}'
    assert readings(declared.encode(encoding)) == readings(GOOD)


def test_a_byte_order_mark_is_no_part_of_the_message() -> None:
    assert readings(b"\xef\xbb\xbf" + GOOD) == readings(GOOD)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"no XML",
        b"{}",
        b"\x00" * 100,
        b"<era",
        GOOD[:-1],
        GOOD + b"<more/>",
        GOOD.replace(b":1", b":2"),
        TEXT.replace(f' xmlns="{NAMESPACE}"', "").encode(),
        GOOD.replace(b"era", b"eras"),
        era(),
        era("<viestit/>"),
        GOOD.replace(b"K-1", b"K-\x00"),
        GOOD.replace(b"K-1", b"K-\xed\xa0\x80"),
        GOOD.replace(b"K-1", b"K-&x;"),
        GOOD.replace(b"K-1", b"K-&#0;"),
        GOOD.replace("ä".encode(), b"\xe4"),
        b"<k:" + GOOD[1:],
    ],
)
def test_what_is_no_batch_of_kelas_is_malformed(raw: bytes) -> None:
    assert errors(raw) == MALFORMED


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("utf-32-be"),
        TEXT.encode("utf-7").replace(b"<", b"+ADw-"),
        *(
            f'<?xml version="1.0" encoding="{declared}"?>{TEXT}'.encode()
            for declared in ("UTF-16", "UTF-7", "ISO-8859-15", "windows-1252", "rot13", "zip", "")
        ),
        b"\xef\xbb\xbf" + f'<?xml version="1.0" encoding="ISO-8859-1"?>{TEXT}'.encode(),
        f'<?xml version="1.0" encoding="cp037"?>{TEXT}'.encode("cp037"),
    ],
)
def test_other_encodings_and_wrong_declarations_are_malformed(raw: bytes) -> None:
    assert errors(raw) == MALFORMED


@pytest.mark.parametrize(
    "before",
    [
        DOCTYPE,
        "<!DOCTYPE era>",
        '<!DOCTYPE era SYSTEM "http://127.0.0.1:9/era.dtd">',
        '<!DOCTYPE era PUBLIC "-//x" "file:///etc/passwd">',
        '<?xml version="1.0"?>\n<!-- a comment -->\n<?a pi?>\n' + DOCTYPE,
        "<!-- <era> -->" + DOCTYPE,
        '<!ENTITY x SYSTEM "file:///etc/hostname">',
        "<!doctype html>",
    ],
)
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_a_declaration_before_the_root_is_refused_in_any_encoding(
    before: str, encoding: str
) -> None:
    assert errors((before + TEXT).encode(encoding)) == DTD


def test_a_declaration_in_an_escaping_encoding_is_refused_too() -> None:
    assert errors((DOCTYPE + TEXT).encode("utf-7").replace(b"<", b"+ADw-")) == DTD
    declared = '<?xml version="1.0" encoding="utf-7"?>' + DOCTYPE + TEXT
    assert errors(declared.encode()) == DTD
    assert errors(f'<?xml version="1.0" encoding="cp037"?>{DOCTYPE}'.encode("cp037")) == DTD


def test_expanding_entities_are_refused_before_anything_is_expanded() -> None:
    laughs = "".join(f'<!ENTITY l{level + 1} "{f"&l{level};" * 10}">' for level in range(1, 30))
    bomb = f'<!DOCTYPE era [<!ENTITY l1 "ha">{laughs}]>{TEXT.replace("K-1", "&l30;")}'
    tracemalloc.start()
    assert errors(bomb.encode()) == DTD
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_declaration_in_a_comment_or_as_text_is_no_declaration() -> None:
    commented = f"<!-- {DOCTYPE} -->{TEXT}<!-- {DOCTYPE} -->".encode()
    assert readings(commented) == readings(GOOD)
    remark = reading(era(viesti(REMARK.format(f"<![CDATA[{DOCTYPE}]]>")))).details["remark"]
    assert remark == DOCTYPE


def test_a_declaration_inside_the_root_is_no_xml() -> None:
    assert errors(era(DOCTYPE, viesti())) == MALFORMED


@pytest.mark.parametrize("year", [2001, 2003])
def test_an_inclusion_is_refused_wherever_it_stands(year: int) -> None:
    include = (
        f'<x:include xmlns:x="http://www.w3.org/{year}/XInclude" href="file:///etc/hostname"'
        ' parse="text"/>'
    )
    assert errors(era(viesti(REMARK.format(include)))) == DTD
    assert errors(era(include, viesti())) == DTD


def test_hints_at_schemas_and_style_sheets_are_passed_over() -> None:
    hinted = TEXT.replace(
        "<era ",
        '<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?><era'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="{NAMESPACE} http://127.0.0.1:9/era.xsd" ',
    )
    assert readings(hinted.encode()) == readings(GOOD)


def test_a_batch_holds_a_thousand_messages_and_no_more() -> None:
    assert len(CONNECTOR.split(era(*["<viesti/>"] * BATCH_MESSAGES_MAX))) == BATCH_MESSAGES_MAX
    assert errors(era(*["<viesti/>"] * (BATCH_MESSAGES_MAX + 1))) == [("too-large", "/era")]


def test_a_file_over_its_limit_is_not_parsed() -> None:
    padded = GOOD.ljust(FILE_BYTES_MAX)
    assert isinstance(readings(padded)[0], Reading)
    assert errors(padded + b" ") == [("too-large", "/era")]


def test_a_file_of_nothing_but_tags_or_attributes_is_too_large() -> None:
    assert errors(era(viesti("<a/>" * 260_000))) == [("too-large", "/era")]
    attributes = " ".join(f'a{number}=""' for number in range(260_000))
    assert errors(era(f"<viesti {attributes}/>")) == [("too-large", "/era")]


def test_a_text_of_equals_signs_is_no_markup() -> None:
    remark = REMARK.format("=" * 200_000)
    assert errors(era(viesti(remark), viesti(remark))) == []


def test_a_message_over_its_limit_leaves_the_others_alone() -> None:
    long = viesti(REMARK.format("x" * MESSAGE_BYTES_MAX))
    assert errors(era(viesti(), long, viesti())) == [("too-large", "/era/viesti[2]")]


def test_a_message_may_be_as_deep_as_the_limit_and_no_deeper() -> None:
    assert errors(era(viesti(RECEIVED + nested(DEPTH_MAX - 2)))) == []
    deep = viesti(RECEIVED + nested(DEPTH_MAX - 1))
    assert errors(era(viesti(), deep, viesti())) == [("too-deep", "/era/viesti[2]")]


def test_a_deep_message_is_deep_when_it_stands_alone_too() -> None:
    (message,) = CONNECTOR.split(era(viesti(RECEIVED + nested(DEPTH_MAX - 1))))
    (alone,) = CONNECTOR.split(message.raw)
    assert alone.problems == message.problems


@pytest.mark.parametrize("levels", [DEPTH_MAX, 255, 1_000, 100_000])
def test_a_batch_that_is_deep_outside_its_messages_is_refused_whole(levels: int) -> None:
    assert errors(era(viesti(), nested(levels))) == [("too-deep", "/era")]


def test_a_huge_attribute_is_one_messages_trouble() -> None:
    assert errors(era(f'<viesti a="{"x" * MESSAGE_BYTES_MAX}"/>', viesti())) == [
        ("too-large", "/era/viesti[1]")
    ]


def test_messages_have_their_place_and_their_own_bytes() -> None:
    first, second = CONNECTOR.split(era(viesti(), "<muu/>", viesti().replace("K-1", "K-2")))
    assert (first.place, second.place) == ("/era/viesti[1]", "/era/viesti[2]")
    assert second.raw.startswith(f'<viesti xmlns="{NAMESPACE}">'.encode())
    assert b"K-2" in second.raw
    assert b"K-1" not in second.raw


def test_an_odd_date_in_a_batch_is_odd_when_it_stands_alone_too() -> None:
    odd = viesti().replace("2026-02-09", "9.2.2026")
    messages = CONNECTOR.split(era(viesti(), odd))
    assert errors(era(viesti(), odd)) == [("bad-time", "/era/viesti[2]/pvm")]
    assert errors(messages[1].raw) == [("bad-time", "/era/viesti[1]/pvm")]
    assert errors(messages[0].raw) == []


def test_a_sender_cannot_choose_the_batchs_style_for_it() -> None:
    posing = viesti().replace("<viesti>", '<viesti paivamuoto="packed">')
    assert errors(era(posing)) == []
    assert errors(era(posing.replace("packed", "none"))) == []


@pytest.mark.parametrize("written", ["9.2.2026", "09.02.2026", "09022026", "2026-02-09"])
def test_each_style_of_a_date_means_the_same_day(written: str) -> None:
    assert readings(era(viesti().replace("2026-02-09", written))) == readings(GOOD)


def test_the_first_date_that_can_be_read_gives_the_batch_its_style() -> None:
    unreadable = viesti().replace("2026-02-09", "31.2.2026")
    dotted = viesti().replace("2026-02-09", "9.2.2026")
    assert errors(era(unreadable, dotted, viesti())) == [
        ("bad-time", "/era/viesti[1]/pvm"),
        ("bad-time", "/era/viesti[3]/pvm"),
    ]


def test_one_connector_serves_many_threads() -> None:
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(readings, [GOOD] * 40)) == [readings(GOOD)] * 40
