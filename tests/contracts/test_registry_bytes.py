"""Bytes under another contract than ours of now are brought forward, or refused with the reason."""

import json
from typing import Any

import pytest

from streams.contracts import registry as registry_module
from streams.contracts.codec import codec_of
from streams.contracts.declarations import ContractError, declared, resolved
from streams.contracts.older import Renewal
from streams.contracts.registry import Known, Registry, payload_of, subject_of
from streams.domain.ids import AgencyId, Instant
from streams.promises.watermark import Watermark
from tests.contracts.examples import encoded_example
from tests.contracts.registry_server import RegistryServer

RECORD = "HandoffRejected"
ID = 7


async def test_bytes_of_an_earlier_release_are_brought_forward(
    server: RegistryServer, registry: Registry
) -> None:
    heard_nothing = Watermark(AgencyId("kela"), Instant(1_770_000_000_000_000), None)
    now = codec_of(Watermark).encode(heard_nothing)
    older = earlier_watermark()
    server.put(subject_of("Watermark"), json.dumps(older), ID)

    known = await registry.look_up(ID)

    assert known == Known("Watermark", older, is_current=False)
    # The field that came later is null: one byte at the end.
    assert payload_of(known, now[:-1]) == now
    with pytest.raises(ContractError, match="older bytes"):
        payload_of(known, now[:-2])
    with pytest.raises(ContractError, match="go on after the end"):
        payload_of(known, now)


def test_a_contract_of_then_is_compiled_once_however_many_bytes_it_wrote(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []

    class Counted(Renewal):
        def __init__(self, record: str, written_with: dict[str, Any]) -> None:
            made.append(record)
            super().__init__(record, written_with)

    monkeypatch.setattr(registry_module, "Renewal", Counted)
    older = [Known("Watermark", earlier_watermark(), is_current=False) for _ in range(100)]
    for known in (*older, older[-1]):
        assert payload_of(known, b"\x08kela\x02") == b"\x08kela\x02\x00"
    assert len(made) == len(older)


def earlier_watermark() -> dict[str, Any]:
    earlier = resolved("Watermark")
    earlier["fields"] = earlier["fields"][:-1]
    return earlier


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ('"string"', "a schema without a name"),
        ("no JSON", "a schema without a name"),
        ("[" * 100_000, "a schema without a name"),
        ('{"type": "record", "name": 5, "fields": []}', "a schema without a name"),
        ('{"type": "enum", "name": "HandoffRejected", "symbols": []}', "HandoffRejected"),
        (
            '{"type": "record", "namespace": "other", "name": "HandoffRejected", "fields": []}',
            "other.HandoffRejected",
        ),
        ('{"namespace": "fi.saattaen.handoff", "name": "HandoffRejected"}', None),
        (
            json.dumps(declared()[RECORD] | {"fields": [{"name": "a", "type": "no.Such"}]}),
            RECORD,
        ),
    ],
)
async def test_a_schema_of_somebody_else_is_known_and_its_bytes_refused(
    server: RegistryServer, registry: Registry, text: str, record: str | None
) -> None:
    server.put("somebody", text, ID)
    known = await registry.look_up(ID)
    assert not known.is_current
    assert record is None or known.record == record
    with pytest.raises(ContractError):
        payload_of(known, encoded_example(RECORD))
