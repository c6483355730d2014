"""Ids are learnt once and kept: a registry that is away stops nobody who knows its contracts."""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from streams.contracts.declarations import ContractError, resolved
from streams.contracts.frame import unframed
from streams.contracts.registry import (
    Known,
    RefusedContractError,
    Registry,
    RegistryUnavailableError,
    UnknownSchemaError,
    frame_payload,
    payload_of,
    subject_of,
    written_records,
)
from streams.contracts.registry_cache import RegistryCache
from tests.contracts.examples import RECORDS, encoded_example
from tests.contracts.registry_server import Misbehave, RegistryServer, is_slow, no, says, serving

RECORD = "HandoffRejected"
ID = 7


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "state" / "registry.json"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def loaded(url: str, cache: Path | None = None) -> Registry:
    registry = Registry(url, cache=cache, timeout_s=5)
    try:
        await registry.load()
    finally:
        await registry.close()
    return registry


def test_every_record_that_is_kept_or_sent_has_a_subject() -> None:
    assert written_records() == tuple(sorted(RECORDS))
    assert subject_of(RECORD) == "fi.saattaen.handoff.HandoffRejected"


async def test_an_empty_registry_gets_the_rule_before_the_first_contract(
    server: RegistryServer, registry: Registry
) -> None:
    await registry.load()

    assert server.level == "FULL_TRANSITIVE"
    ids = [registry.id_of(record) for record in written_records()]
    assert {server.schemas[each][0] for each in ids} == {subject_of(r) for r in RECORDS}
    registering = [asked for asked in server.asked if asked.endswith("/versions")]
    assert server.asked.index("PUT /apis/ccompat/v7/config") < server.asked.index(registering[0])


async def test_a_worker_that_finds_its_contracts_changes_nothing_in_the_registry(
    server: RegistryServer,
) -> None:
    first = await loaded(server.url)
    server.asked.clear()
    second = await loaded(server.url)

    assert second.id_of(RECORD) == first.id_of(RECORD)
    changing = [a for a in server.asked if a.startswith("PUT") or a.endswith("/versions")]
    assert changing == []


async def test_an_id_that_is_known_is_never_asked_for_again(
    server: RegistryServer, registry: Registry
) -> None:
    server.put("fi.saattaen.handoff.HandoffRejected", json.dumps(resolved(RECORD)), ID)
    assert registry.known(ID) is None

    known = await registry.look_up(ID)
    server.put("fi.saattaen.referral.ReferralCancelled", '{"type": "string"}', ID)

    assert known == Known(RECORD, resolved(RECORD), is_current=True)
    assert await registry.look_up(ID) == known
    assert registry.known(ID) == known
    assert server.asked == [f"GET /apis/ccompat/v7/schemas/ids/{ID}"]


async def test_a_frame_names_the_contract_and_holds_its_bytes(registry: Registry) -> None:
    await registry.load()
    data = frame_payload(registry, RECORD, encoded_example(RECORD))

    schema_id, payload = unframed(data)
    known = registry.known(schema_id)

    assert known is not None
    assert known.record == RECORD
    assert payload_of(known, payload) == encoded_example(RECORD)


async def test_an_id_that_the_registry_does_not_know_is_positively_unknown(
    registry: Registry,
) -> None:
    with pytest.raises(UnknownSchemaError, match="99"):
        await registry.look_up(99)
    with pytest.raises(UnknownSchemaError):
        await registry.look_up(2**31)


NO_ANSWERS = [
    pytest.param(says(500, '{"error_code": 50001}'), id="500"),
    pytest.param(says(503, "<html>maintenance</html>"), id="503"),
    pytest.param(says(404, "<html>no such page</html>"), id="a gateway's 404"),
    pytest.param(says(404, '{"error_code": 0}'), id="404 without the registry's code"),
    pytest.param(says(200, "[" * 100_000), id="nested without end"),
    pytest.param(says(200, '"' + "a" * 3_000_000 + '"'), id="3 MB"),
    pytest.param(says(200, '{"schema": 5, "id": "5", "compatibilityLevel": 5}'), id="numbers"),
    pytest.param(says(200, '{"id": true}'), id="a truth value"),
    pytest.param(says(200, "[]"), id="a list"),
    pytest.param(says(302, "", Location="http://127.0.0.1:1/elsewhere"), id="a redirect"),
    pytest.param(says(401, '{"error_code": 401}'), id="401"),
    pytest.param(says(200, "{}", **{"Content-Encoding": "gzip"}), id="no gzip"),
]


@pytest.mark.parametrize("misbehave", NO_ANSWERS)
async def test_what_says_nothing_about_a_schema_is_a_wait(
    server: RegistryServer, registry: Registry, misbehave: Misbehave
) -> None:
    server.misbehave = misbehave
    with pytest.raises(RegistryUnavailableError):
        await registry.look_up(ID)
    with pytest.raises(RegistryUnavailableError):
        await registry.load()
    with pytest.raises(RegistryUnavailableError):
        await registry.register()


async def test_a_rule_that_cannot_be_set_stops_the_registration(
    server: RegistryServer, registry: Registry
) -> None:
    async def only_reads(request: web.Request) -> web.StreamResponse:
        if request.method == "PUT":
            return no(403, status=403)
        return web.json_response({"compatibilityLevel": "NONE"})

    server.misbehave = only_reads
    with pytest.raises(RegistryUnavailableError, match="403"):
        await registry.register()


async def test_a_registry_that_hangs_is_given_up_in_time(server: RegistryServer) -> None:
    released = asyncio.Event()
    server.misbehave = is_slow(released)
    registry = Registry(server.url, timeout_s=0.2)
    try:
        with pytest.raises(RegistryUnavailableError, match="no answer in time"):
            await registry.look_up(ID)
    finally:
        released.set()
        await registry.close()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/apis/ccompat/v7", "no address", "", "http://[", "ftp://127.0.0.1/"],
)
async def test_an_address_where_nobody_answers_is_a_wait(url: str) -> None:
    registry = Registry(url.format(port=free_port()), timeout_s=5)
    with pytest.raises(RegistryUnavailableError):
        await registry.load()
    await registry.close()


async def test_an_error_names_the_registry_and_no_password() -> None:
    registry = Registry(f"http://hub:secret@127.0.0.1:{free_port()}/apis?key=secret", timeout_s=5)
    with pytest.raises(RegistryUnavailableError) as caught:
        await registry.look_up(ID)
    await registry.close()
    assert "127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_contract_that_the_registry_refuses_stops_the_start(
    server: RegistryServer, registry: Registry
) -> None:
    server.refused = frozenset({subject_of(RECORD)})
    with pytest.raises(RefusedContractError, match=r"HandoffRejected: .*breaks") as refused:
        await registry.load()
    assert isinstance(refused.value, ContractError)


async def test_what_is_no_schema_to_the_registry_stops_the_start(
    server: RegistryServer, registry: Registry
) -> None:
    async def invalid(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/versions"):
            return no(42201, status=422)
        return (
            web.json_response({"compatibilityLevel": "NONE"})
            if "config" in request.path
            else no(40401)
        )

    server.misbehave = invalid
    with pytest.raises(RefusedContractError, match="no schema"):
        await registry.load()


async def test_a_worker_starts_while_the_registry_is_down(
    server: RegistryServer, place: Path
) -> None:
    first = await loaded(server.url, place)
    server.misbehave = says(503, "")

    again = await loaded(server.url, place)

    ids = {record: again.id_of(record) for record in written_records()}
    assert ids == {record: first.id_of(record) for record in written_records()}
    assert again.known(ids[RECORD]) == Known(RECORD, resolved(RECORD), is_current=True)


async def test_an_id_looked_up_once_survives_a_restart_of_the_worker(
    server: RegistryServer, place: Path
) -> None:
    text = json.dumps({"type": "record", "name": "Song", "namespace": "other", "fields": []})
    server.put("other.Song", text, 5_000)
    registry = Registry(server.url, cache=place, timeout_s=5)
    await registry.look_up(5_000)
    await registry.close()
    server.misbehave = says(503, "")

    again = Registry(server.url, cache=place, timeout_s=5)

    assert (await again.look_up(5_000)).record == "other.Song"
    await again.close()


def _damaged(place: Path, damage: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(place.read_text())
    damage(document)
    place.write_text(json.dumps(document))


def _other_registry(document: dict[str, Any]) -> None:
    document["registry"] = "http://elsewhere/"


def _without_one(document: dict[str, Any]) -> None:
    del document["own"][RECORD]


def _older_contract(document: dict[str, Any]) -> None:
    document["own"][RECORD][1] = "0" * 64


def _bad_ids(document: dict[str, Any]) -> None:
    document["own"] = {RECORD: "seven"}


def _no_texts(document: dict[str, Any]) -> None:
    document["schemas"] = {"1": 5}


@pytest.mark.parametrize(
    "damage", [_other_registry, _without_one, _older_contract, _bad_ids, _no_texts]
)
async def test_a_file_that_does_not_do_is_no_reason_to_guess(
    server: RegistryServer, place: Path, damage: Callable[[dict[str, Any]], None]
) -> None:
    await loaded(server.url, place)
    _damaged(place, damage)
    server.misbehave = says(503, "")

    with pytest.raises(RegistryUnavailableError):
        await loaded(server.url, place)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
async def test_a_file_that_cannot_be_read_is_written_anew(
    server: RegistryServer, tmp_path: Path, content: bytes
) -> None:
    place = tmp_path / "registry.json"
    place.write_bytes(content)
    await loaded(server.url, place)
    assert set(RegistryCache(server.url, place).own) == set(written_records())
    assert names_in(tmp_path) == [place.name]


async def test_a_file_that_cannot_be_written_stops_nobody(
    server: RegistryServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with capture_logs() as logs:
        registry = await loaded(server.url, tmp_path / "file" / "registry.json")
    assert registry.id_of(RECORD)
    assert [log["event"] for log in logs] == ["registry_cache_not_written"]


@pytest.mark.parametrize("first_id", [2, 1_000])
async def test_ids_of_a_registry_that_was_set_up_anew_replace_the_old_ones(
    place: Path, first_id: int
) -> None:
    async with serving(RegistryServer()) as old:
        port = int(old.url.split(":")[2].split("/")[0])
        before = await loaded(old.url, place)
    async with serving(RegistryServer(first_id=first_id), port) as new:
        after = await loaded(new.url, place)
        numbered = {subject: number for number, (subject, _) in new.schemas.items()}

    assert {r: after.id_of(r) for r in RECORDS} == {r: numbered[subject_of(r)] for r in RECORDS}
    gone = {before.id_of(r) for r in RECORDS} - set(numbered.values())
    assert [after.known(number) for number in gone] == [None] * len(gone)
