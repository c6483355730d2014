"""Apicurio keeps our contracts, refuses what breaks them, and is not missed while it is away."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from streams.bootstrap.kafka_dev_registry import DevRegistry
from streams.contracts.declarations import resolved
from streams.contracts.frame import SCHEMA_ID_MAX, unframed
from streams.contracts.registry import (
    Registry,
    RegistryUnavailableError,
    UnknownSchemaError,
    frame_payload,
    payload_of,
    subject_of,
    written_records,
)
from streams.contracts.registry_client import (
    FULL_TRANSITIVE,
    RefusedContractError,
    RegistryClient,
)
from tests.cli.command import run
from tests.contracts.examples import encoded_example

RECORD = "HandoffRejected"


@pytest.fixture
async def client(registry_url: str) -> AsyncIterator[RegistryClient]:
    opened = RegistryClient(registry_url, timeout_s=30)
    yield opened
    await opened.close()


@pytest.fixture
async def registry(registry_url: str) -> AsyncIterator[Registry]:
    opened = Registry(registry_url, timeout_s=30)
    yield opened
    await opened.close()


@pytest.fixture
def empty_registry(own_registry: DevRegistry) -> DevRegistry:
    """The module's own registry, with nothing in it."""
    own_registry.stop()
    for file in own_registry.folder.glob("contracts.*"):
        file.unlink()
    asyncio.run(own_registry.start())
    return own_registry


def contract(name: str, *fields: dict[str, Any]) -> str:
    """A contract of a subject that is this test's own: subjects are never deleted."""
    return json.dumps({"type": "record", "name": name, "namespace": "test", "fields": fields})


def field(name: str, of: object, **more: object) -> dict[str, Any]:
    return {"name": name, "type": of, **more}


async def test_every_contract_is_registered_under_its_full_name_and_known_again(
    registry: Registry, client: RegistryClient
) -> None:
    await registry.load()

    assert await client.compatibility() == FULL_TRANSITIVE
    for record in written_records():
        text = json.dumps(resolved(record))
        assert await client.id_of(subject_of(record), text) == registry.id_of(record)
    ids = {registry.id_of(record) for record in written_records()}
    assert len(ids) == len(written_records())


async def test_what_one_worker_frames_another_one_reads(registry_url: str) -> None:
    async with Registry(registry_url, timeout_s=30) as writer:
        await writer.load()
        schema_id, payload = unframed(frame_payload(writer, RECORD, encoded_example(RECORD)))

    async with Registry(registry_url, timeout_s=30) as reader:
        assert reader.known(schema_id) is None
        known = await reader.look_up(schema_id)

    assert (known.record, known.is_current) == (RECORD, True)
    assert payload_of(known, payload) == encoded_example(RECORD)


@pytest.mark.parametrize("schema_id", [0, 1_000_000, SCHEMA_ID_MAX])
async def test_an_id_that_nobody_got_is_positively_unknown(
    registry: Registry, schema_id: int
) -> None:
    with pytest.raises(UnknownSchemaError):
        await registry.look_up(schema_id)


async def test_other_words_of_explanation_are_no_other_contract(
    registry: Registry, client: RegistryClient
) -> None:
    await registry.load()
    explained = resolved(RECORD) | {"doc": "Other words."}
    found = await client.id_of(subject_of(RECORD), json.dumps(explained))
    assert found == registry.id_of(RECORD)


async def test_a_contract_that_breaks_with_an_earlier_one_is_refused(
    registry: Registry, client: RegistryClient
) -> None:
    await registry.load()
    broken = resolved(RECORD)
    broken["fields"] = [f for f in broken["fields"] if f["name"] != "reason"]
    with pytest.raises(RefusedContractError, match=r"HandoffRejected: it breaks with a contract"):
        await client.register(subject_of(RECORD), json.dumps(broken))
    assert await client.id_of(subject_of(RECORD), json.dumps(broken)) is None


async def test_the_rule_reaches_back_past_the_latest_version(
    registry: Registry, client: RegistryClient
) -> None:
    await registry.register()
    first = contract("Transitive", field("a", "int"), field("b", "int", default=0))
    second = contract("Transitive", field("a", "int"))
    third = contract("Transitive", field("a", "int"), field("b", "string", default=""))
    await client.register("test.Transitive", first)
    await client.register("test.Transitive", second)
    with pytest.raises(RefusedContractError):
        await client.register("test.Transitive", third)


async def test_what_is_no_schema_is_refused(client: RegistryClient) -> None:
    with pytest.raises(RefusedContractError, match="no schema"):
        await client.register("test.Nonsense", '{"type": "record"}')


async def test_bytes_of_an_earlier_version_are_brought_forward(
    registry: Registry, client: RegistryClient
) -> None:
    await registry.load()
    earlier = resolved("Watermark")
    earlier["fields"] = earlier["fields"][:-1]
    schema_id = await client.register("test.EarlierWatermark", json.dumps(earlier))

    known = await registry.look_up(schema_id)

    assert (known.record, known.is_current) == ("Watermark", False)
    assert payload_of(known, b"\x08kela\x02") == b"\x08kela\x02\x00"


@pytest.mark.faults
async def test_a_worker_goes_on_and_starts_while_the_registry_is_away(
    empty_registry: DevRegistry, tmp_path: Path
) -> None:
    url, place = empty_registry.address, tmp_path / "registry.json"
    async with (
        Registry(url, cache=place, timeout_s=30) as working,
        Registry(url, timeout_s=30) as without,
    ):
        await working.load()
        ids = ids_of(working)
        later = await registered_elsewhere(url)
        empty_registry.child.kill()

        assert (await working.look_up(ids[RECORD])).record == RECORD
        with pytest.raises(RegistryUnavailableError):
            await working.look_up(later)
        async with Registry(url, cache=place) as restarted:
            await restarted.load()
            assert ids_of(restarted) == ids
        with pytest.raises(RegistryUnavailableError):
            await without.load()

        await empty_registry.start()
        assert (await working.look_up(later)).record == "test.Later"
        await without.load()
        assert ids_of(without) == ids


def ids_of(registry: Registry) -> dict[str, int]:
    return {record: registry.id_of(record) for record in written_records()}


async def registered_elsewhere(url: str) -> int:
    client = RegistryClient(url, timeout_s=30)
    try:
        return await client.register("test.Later", contract("Later", field("a", "int")))
    finally:
        await client.close()


async def test_workers_that_start_at_the_same_moment_get_the_same_ids(
    empty_registry: DevRegistry,
) -> None:
    url = empty_registry.address
    async with (
        Registry(url, timeout_s=30) as one,
        Registry(url, timeout_s=30) as two,
        Registry(url, timeout_s=30) as three,
    ):
        await asyncio.gather(one.load(), two.load(), three.load())
        assert ids_of(one) == ids_of(two) == ids_of(three)


def departed(*words: object) -> tuple[int, list[dict[str, Any]]]:
    """Check the contracts against a registry; give the exit code and the findings."""
    ended = run("contracts", "check", *words, "--json")
    return ended.code, ended.document()["findings"]


async def put(url: str, record: str, contract: dict[str, Any]) -> None:
    client = RegistryClient(url, timeout_s=30)
    try:
        await client.register(subject_of(record), json.dumps(contract))
    finally:
        await client.close()


def test_a_release_is_compared_with_the_registry_before_it_is_deployed(
    empty_registry: DevRegistry,
) -> None:
    url = empty_registry.address
    code, found = departed("--registry", url)
    assert code == 6
    assert [each["kind"] for each in found] == ["rule", *["missing"] * len(written_records())]
    assert {each["path"] for each in found} == {"registry", *written_records()}

    # An earlier release: one contract with a field less, one with a field that we do not have.
    earlier = resolved("Watermark")
    earlier["fields"] = earlier["fields"][:-1]
    asyncio.run(put(url, "Watermark", earlier))
    broken = resolved(RECORD)
    broken["fields"] = [*broken["fields"], field("was_there", "string", doc="Once.")]
    asyncio.run(put(url, RECORD, broken))
    code, found = departed("--registry", url)
    by_kind = {each["path"]: each for each in found if each["kind"] in ("differs", "refused")}
    assert code == 6
    assert by_kind["Watermark"] == {
        "kind": "differs",
        "path": "Watermark",
        "why": "version 1 is another; the registry takes this one",
        "touches": ["normaliser", "router"],
    }
    refused = by_kind[f"{RECORD}.was_there"]
    assert refused["kind"] == "refused"
    assert "misses the field" in refused["why"]
    assert {"normaliser", "router", "views", "connectors/kela"} <= set(refused["touches"])
    shown = run("contracts", "check", SAATTAEN_REGISTRY=url)
    assert f"{RECORD}.was_there" in shown.data
    assert max(map(len, shown.data.splitlines())) <= 100


def test_a_release_that_is_registered_departs_in_nothing(registry_url: str) -> None:
    async def registered() -> None:
        async with Registry(registry_url, timeout_s=30) as registry:
            await registry.register()

    asyncio.run(registered())
    assert departed("--registry", registry_url) == (0, [])


def test_a_registry_that_is_away_cannot_be_compared_with() -> None:
    ended = run("contracts", "check", "--registry", "http://127.0.0.1:1/apis/ccompat/v7")
    assert ended.code == 7
    assert "the schema registry at http://127.0.0.1:1/apis/ccompat/v7" in ended.talk


async def test_the_registry_is_asked_for_its_own_word(client: RegistryClient) -> None:
    await client.set_compatibility(FULL_TRANSITIVE)
    record = contract("Word", field("a", "int"))
    assert await client.accepts("test.Word", record) is None
    await client.register("test.Word", record)
    assert await client.accepts("test.Word", record) is True
    assert await client.accepts("test.Word", contract("Word", field("b", "int"))) is False
    assert await client.accepts("test.Word", '{"type": "record"}') is False
