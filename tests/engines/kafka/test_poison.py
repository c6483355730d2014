"""A record that is no event becomes a dead letter that says why, and the stream goes on."""

import asyncio
from pathlib import Path

import pytest

from streams.contracts.codec import BYTES_MAX, codec_of
from streams.contracts.declarations import resolved
from streams.contracts.event import encode_event
from streams.contracts.registry import Known, RegistryUnavailableError, UnknownSchemaError
from streams.domain.envelope import HUB
from streams.engines.kafka.frames import Frames, Poison
from streams.engines.kafka.lanes import Lanes
from streams.engines.kafka.learning import learn
from streams.promises.watermark import Watermark
from tests.domain.region import AGREEMENTS, KELA, PERSON, at
from tests.domain.speaker import Speaker
from tests.engines.kafka.fixed_schemas import FixedSchemas
from tests.engines.kafka.lanes_engine import LanesEngine, record

STRANGE, FOREIGN, OLD = 900, 901, 902
KEY = PERSON.encode()


def framed(schema_id: int, payload: bytes = b"") -> bytes:
    return b"\0" + schema_id.to_bytes(4, "big") + payload


def good(frames: Frames) -> bytes:
    consent = Speaker().consents(at())
    return frames.head("ConsentGiven") + encode_event(consent)


@pytest.fixture
def engine(tmp_path: Path) -> LanesEngine:
    return LanesEngine(AGREEMENTS, tmp_path)


def poisons(frames: Frames) -> dict[str, tuple[bytes | None, bytes | None, str]]:
    """Give records that are no event of their topic: key, value, and the code of why."""
    value = good(frames)
    ours = frames.head("ConsentGiven")
    return {
        "no value": (KEY, None, "bad-magic"),
        "an empty value": (KEY, b"", "bad-magic"),
        "bad magic": (KEY, b"\x01" + value[1:], "bad-magic"),
        "a frame cut short": (KEY, value[:3], "bad-magic"),
        "an unknown id": (KEY, framed(STRANGE, value[5:]), "unknown-schema"),
        "another subject's id": (KEY, framed(FOREIGN, value[5:]), "another-subject"),
        "trailing bytes": (KEY, value + b"\0", "bad-bytes"),
        "truncated": (KEY, value[:-1], "bad-bytes"),
        "ten megabytes": (KEY, ours + bytes(10 * 1024 * 1024), "too-large"),
        "over a megabyte": (KEY, ours + bytes(BYTES_MAX + 1), "too-large"),
        "a null key": (None, value, "wrong-key"),
        "another's key": (b"p-other", value, "wrong-key"),
    }


KINDS = tuple(poisons(Frames(FixedSchemas())))


def taught(frames: Frames, *values: bytes | None) -> None:
    """Let the frames ask the registry of what they do not know, as the router does beforehand."""
    asyncio.run(learn(frames, values))


@pytest.mark.parametrize("kind", KINDS)
def test_poison_is_a_dead_letter_and_the_next_event_is_taken(
    engine: LanesEngine, kind: str
) -> None:
    frames = schemas_with_others(engine)
    key, value, code = poisons(frames)[kind]
    taught(frames, value)
    engine.take([record(key, value, 7), record(KEY, good(frames), 8)])
    (letter,) = engine.dead_letters()
    assert [problem.code for problem in letter.errors] == [code]
    assert letter.errors[0].pointer == "saattaen.events/0/7"
    assert letter.agency == HUB
    assert letter.sealed_body == b""
    assert [stored.entry.person for stored in engine.ledger()] == [PERSON]


def schemas_with_others(engine: LanesEngine) -> Frames:
    """Let the engine's registry know a schema of another subject, and not know a third."""
    frames = engine.lanes._frames
    assert isinstance(frames._schemas, FixedSchemas)
    frames._schemas.others[FOREIGN] = Known("LedgerEntry", resolved("LedgerEntry"), is_current=True)
    return frames


def test_the_same_poison_read_again_is_the_same_dead_letter(engine: LanesEngine) -> None:
    poison = record(KEY, b"\x07", 3)
    engine.take([poison])
    engine.take([poison])
    assert len(engine.dead_letters()) == 1


def test_a_record_of_an_earlier_contract_is_read(engine: LanesEngine) -> None:
    frames = engine.lanes._frames
    assert isinstance(frames._schemas, FixedSchemas)
    schema = resolved("Watermark")
    shorter = {**schema, "fields": schema["fields"][:2]}
    frames._schemas.others[OLD] = Known("Watermark", shorter, is_current=False)
    whole = codec_of(Watermark).encode(Watermark(KELA, at(), None))
    value = framed(OLD, whole[:-1])  # without the field that came later
    taught(frames, value)
    assert frames.read(value) == Watermark(KELA, at(), None)


def test_an_event_that_meets_a_defect_is_a_dead_letter_and_the_next_is_taken(
    engine: LanesEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = Lanes._hear

    def fail_once(lanes: Lanes, *heard: object) -> None:
        monkeypatch.setattr(Lanes, "_hear", hear)
        raise ZeroDivisionError(*heard)

    monkeypatch.setattr(Lanes, "_hear", fail_once)
    frames = engine.lanes._frames
    consent = Speaker().consents(at(1))
    value = frames.head("ConsentGiven") + encode_event(consent)
    engine.take([record(KEY, good(frames), 1), record(KEY, value, 2)])
    (letter,) = engine.dead_letters()
    assert [problem.code for problem in letter.errors] == ["defect"]
    assert letter.person == PERSON
    assert len(list(engine.ledger())) == 1


def test_a_registry_that_does_not_answer_is_a_wait_and_no_poison() -> None:
    schemas = FixedSchemas()
    schemas.is_reachable = False
    frames = Frames(schemas)
    value = framed(STRANGE, b"whatever")

    async def come_back() -> None:
        learning = asyncio.create_task(learn(frames, [value]))
        async with asyncio.timeout(5):
            while not schemas.asked:  # noqa: ASYNC110  # a fake tells nobody
                await asyncio.sleep(0)
        assert not learning.done()
        schemas.is_reachable = True
        await learning

    asyncio.run(come_back())
    found = frames.read(value)
    assert isinstance(found, Poison)
    assert found.code == "unknown-schema"


def test_a_state_of_an_unreadable_contract_waits_or_is_refused() -> None:
    schemas = FixedSchemas()
    frames = Frames(schemas)
    with pytest.raises(RegistryUnavailableError):
        frames.current("PersonState", framed(STRANGE))
    with pytest.raises(UnknownSchemaError):
        asyncio.run(schemas.look_up(STRANGE))
