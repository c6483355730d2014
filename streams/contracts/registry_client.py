"""What is asked of a schema registry over HTTP: Confluent's interface, as Apicurio offers it too.

Every question has a time-out and a small answer. What is neither an answer nor a positive "no" is
`RegistryUnavailableError`: a gateway's page, a redirect or nonsense says nothing about a schema.
"""

import json
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

import aiohttp
from yarl import URL

from streams.contracts.declarations import ContractError

FULL_TRANSITIVE = "FULL_TRANSITIVE"
"""A new schema and every earlier one of its subject must understand each other, both ways."""
TIMEOUT_S = 5.0
"""The longest that one question may take, in seconds."""
ANSWER_BYTES_MAX = 2 * 1024 * 1024
"""Longest answer in bytes; a schema is at most a few dozen thousand."""

_CONNECT_S = 2.0
_UNKNOWN_SUBJECT, _UNKNOWN_VERSION, _UNKNOWN_SCHEMA = 40401, 40402, 40403
_HEADERS = {
    "Accept": "application/vnd.schemaregistry.v1+json, application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/vnd.schemaregistry.v1+json",
}


class RegistryUnavailableError(Exception):
    """The registry was not reached, or gave no answer that says anything: wait and ask again."""


class UnknownSchemaError(Exception):
    """The registry positively does not know the schema id."""

    def __init__(self, schema_id: int) -> None:
        """Name the id."""
        super().__init__(f"the registry knows no schema with the id {schema_id}")
        self.schema_id = schema_id


class RefusedContractError(ContractError):
    """The registry will not take a contract: it breaks with an earlier one, or is no schema."""


class _Answer(NamedTuple):
    """A status and the document that came with it."""

    status: int
    document: Any

    def code(self) -> int:
        """Give the registry's own code of an error; 0 where it gave none."""
        code = self.document.get("error_code") if isinstance(self.document, dict) else None
        return code if isinstance(code, int) else 0


class RegistryClient:
    """Asks one registry. Make it and use it inside one event loop, and close it there."""

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        """Keep where the registry is: its whole base, as `http://host:8081/apis/ccompat/v7`."""
        self._base = url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_s, sock_connect=min(_CONNECT_S, timeout_s)
        )
        self._open: aiohttp.ClientSession | None = None
        self.place = _showable(self._base)

    async def schema(self, schema_id: int) -> str:
        """Give the text of a schema.

        Raises:
            UnknownSchemaError: The registry does not know the id.
            RegistryUnavailableError: It gave no answer.
        """
        answer = await self._ask("GET", f"/schemas/ids/{schema_id}")
        if answer.status == HTTPStatus.NOT_FOUND and answer.code() == _UNKNOWN_SCHEMA:
            raise UnknownSchemaError(schema_id)
        return self._text(answer, "schema")

    async def id_of(self, subject: str, schema: str) -> int | None:
        """Give the id of a schema under a subject; None where it is not registered there.

        Raises:
            RegistryUnavailableError: The registry gave no answer.
        """
        answer = await self._ask("POST", f"/subjects/{quote(subject)}", {"schema": schema})
        unknown = (_UNKNOWN_SUBJECT, _UNKNOWN_SCHEMA)
        if answer.status == HTTPStatus.NOT_FOUND and answer.code() in unknown:
            return None
        return self._number(answer, "id")

    async def register(self, subject: str, schema: str) -> int:
        """Register a schema under a subject, and give its id; once registered, nothing is changed.

        Raises:
            RefusedContractError: The registry will not take it.
            RegistryUnavailableError: It gave no answer.
        """
        where = f"/subjects/{quote(subject)}/versions"
        answer = await self._ask("POST", where, {"schema": schema})
        if answer.status == HTTPStatus.CONFLICT:
            raise RefusedContractError(subject, "it breaks with a contract that is registered")
        if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise RefusedContractError(subject, "the registry takes it for no schema")
        return self._number(answer, "id")

    async def versions(self, subject: str) -> list[int]:
        """Give the versions that a subject has; none where there is no such subject.

        Raises:
            RegistryUnavailableError: The registry gave no answer.
        """
        answer = await self._ask("GET", f"/subjects/{quote(subject)}/versions")
        if answer.status == HTTPStatus.NOT_FOUND and answer.code() == _UNKNOWN_SUBJECT:
            return []
        if answer.status != HTTPStatus.OK or not isinstance(answer.document, list):
            raise self._unavailable(f"answers {answer.status} without versions")
        return [version for version in answer.document if isinstance(version, int)]

    async def version(self, subject: str, version: int) -> str:
        """Give the text of one version of a subject.

        Raises:
            RegistryUnavailableError: The registry gave no answer.
        """
        where = f"/subjects/{quote(subject)}/versions/{version}"
        return self._text(await self._ask("GET", where), "schema")

    async def accepts(self, subject: str, schema: str) -> bool | None:
        """Say whether the registry would take a schema; None where it does not offer to say.

        Raises:
            RegistryUnavailableError: The registry gave no answer.
        """
        where = f"/compatibility/subjects/{quote(subject)}/versions"
        answer = await self._ask("POST", where, {"schema": schema})
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            return False
        if answer.status == HTTPStatus.OK and isinstance(answer.document, dict):
            verdict = answer.document.get("is_compatible")
            if isinstance(verdict, bool):
                return verdict
        raise self._unavailable(f"answers {answer.status} without is_compatible")

    async def compatibility(self) -> str:
        """Give the rule that new schemas are held to.

        Raises:
            RegistryUnavailableError: The registry gave no answer.
        """
        return self._text(await self._ask("GET", "/config"), "compatibilityLevel")

    async def set_compatibility(self, level: str) -> None:
        """Set the rule that new schemas are held to.

        Raises:
            RegistryUnavailableError: The registry gave no answer.
        """
        answer = await self._ask("PUT", "/config", {"compatibility": level})
        if answer.status != HTTPStatus.OK:
            raise self._unavailable(f"answers {answer.status}")

    async def close(self) -> None:
        """Let go of the connections; nothing where there are none."""
        if self._open is not None:
            await self._open.close()
            self._open = None

    async def _ask(self, method: str, path: str, body: object = None) -> _Answer:
        if self._open is None:
            self._open = aiohttp.ClientSession(timeout=self._timeout, headers=_HEADERS)
        data = None if body is None else json.dumps(body).encode()
        try:
            # A redirect would turn a question into another one; an operator must give the address.
            request = self._open.request(
                method, f"{self._base}{path}", data=data, allow_redirects=False
            )
            async with request as response:
                read = await _read(response)
                status = response.status
        except TimeoutError:
            raise self._unavailable("gives no answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            raise self._unavailable(type(failure).__name__) from None
        if read is None:
            raise self._unavailable(f"answers over {ANSWER_BYTES_MAX} bytes")
        try:
            return _Answer(status, json.loads(read))
        except (ValueError, RecursionError):
            raise self._unavailable(f"answers {status} without JSON") from None

    def _text(self, answer: _Answer, name: str) -> str:
        if answer.status == HTTPStatus.OK and isinstance(answer.document, dict):
            found = answer.document.get(name)
            if isinstance(found, str):
                return found
        raise self._unavailable(f"answers {answer.status} without {name}")

    def _number(self, answer: _Answer, name: str) -> int:
        if answer.status == HTTPStatus.OK and isinstance(answer.document, dict):
            found = answer.document.get(name)
            if isinstance(found, int) and not isinstance(found, bool):
                return found
        raise self._unavailable(f"answers {answer.status} without {name}")

    def _unavailable(self, why: str) -> RegistryUnavailableError:
        return RegistryUnavailableError(f"the schema registry at {self.place} {why}")


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """Read an answer; None where it is too long to be one."""
    read = bytearray()
    async for piece in response.content.iter_chunked(64 * 1024):
        read += piece
        if len(read) > ANSWER_BYTES_MAX:
            return None
    return bytes(read)


def _showable(url: str) -> str:
    """Leave out what an address may hold of a password."""
    try:
        return str(URL(url).with_user(None).with_query(None))
    except ValueError:
        return "(an address that cannot be read)"
