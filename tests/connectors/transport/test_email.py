"""E-mail over SMTP, against a real server: what arrives, and what each of its answers means."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import pytest

from connectors.transport.email import Email, SmtpServer, Starttls
from streams.domain.ids import Instant, NoticeId
from streams.promises.transport import Refused, Taken, TryLater
from tests.connectors.transport.conformance import Receiving, TransportConformance, parcel
from tests.connectors.transport.mail_server import PASSWORD, USER, MailServer, certificate

ADDRESS, SENDER = "vastuu@kela.example", "saattaen@eksote.example"
NOON = Instant(1_772_452_800_000_000)
ONE = parcel("1", "Saattaen: eskalaatio, kela (1)\n\nMääräaika vaatii toimia.\n".encode())


def clock() -> Instant:
    return NOON


def email(server: SmtpServer, **given: object) -> Email:
    trust = cast("ssl.SSLContext | None", given.get("trust"))
    step_s_max = cast("float", given.get("step_s_max", 5.0))
    whole_s_max = cast("float", given.get("whole_s_max", 10.0))
    return Email(
        ADDRESS, server, clock, trust=trust, step_s_max=step_s_max, whole_s_max=whole_s_max
    )


class Mailbox(Receiving):
    """A mailbox on a server in the clear."""

    def __init__(self, server: MailServer) -> None:
        self.server = server

    def received(self) -> dict[NoticeId, bytes]:
        # Mail is lines: the last has an end, whether the text had one or not.
        return {
            NoticeId(str(message["Message-ID"])[1:].partition("@")[0]): (
                message.get_content().removesuffix("\r\n").encode()
            )
            for message in self.server.messages
        }

    async def vanish(self) -> None:
        await self.server.stop()

    async def come_back(self) -> None:
        await self.server.start()


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    server = MailServer()
    await server.start()
    found = Mailbox(server)
    found.transport = email(SmtpServer("127.0.0.1", server.port, SENDER, starttls=Starttls.NEVER))
    try:
        yield found
    finally:
        await found.transport.close()
        await server.stop()


class TestEmail(TransportConformance):
    def receiving(self) -> AbstractAsyncContextManager[Receiving]:
        return mailbox()


async def test_the_message_says_what_it_is_and_that_a_machine_wrote_it() -> None:
    async with mailbox() as box:
        assert await box.transport.hand_over(ONE) == Taken()
        (message,) = box.server.messages
        assert box.server.recipients == [[ADDRESS]]
    assert message["Subject"] == "Saattaen: eskalaatio, kela (1)"
    assert message["From"] == SENDER
    assert message["To"] == ADDRESS
    assert message["Date"] == "Mon, 02 Mar 2026 12:00:00 +0000"
    assert message["Message-ID"] == f"<{ONE.notice_id}@eksote.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"
    assert "Määräaika vaatii toimia." in message.get_content()


async def test_a_repeat_has_the_same_message_id() -> None:
    async with mailbox() as box:
        await box.transport.hand_over(ONE)
        await box.transport.hand_over(ONE)
        first, second = box.server.messages
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_first_line_that_would_forge_a_head_is_only_a_subject() -> None:
    forging = parcel("1", b"Saattaen\rBcc: someone@elsewhere.example\n\ntext")
    async with mailbox() as box:
        assert await box.transport.hand_over(forging) == Taken()
        (message,) = box.server.messages
        assert box.server.recipients == [[ADDRESS]]
    assert message["Bcc"] is None
    assert message["Subject"] == "SaattaenBcc: someone@elsewhere.example"


@pytest.mark.parametrize("said", ["450 busy", "421 closing", "452 full", "530 login", "535 who"])
async def test_a_server_that_asks_for_patience_means_later(said: str) -> None:
    async with mailbox() as box:
        box.server.recipient = said
        assert await box.transport.hand_over(ONE) == TryLater(f"smtp-{said[:3]}", None)
        box.server.recipient, box.server.data = "", said
        assert await box.transport.hand_over(ONE) == TryLater(f"smtp-{said[:3]}", None)
        box.server.data = ""
        assert await box.transport.hand_over(ONE) == Taken()


@pytest.mark.parametrize("said", ["550 nobody here", "554 policy"])
async def test_a_servers_no_is_refused_without_its_words(said: str) -> None:
    async with mailbox() as box:
        box.server.recipient = said
        assert await box.transport.hand_over(ONE) == Refused(f"smtp-{said[:3]}", "")
        box.server.recipient, box.server.data = "", said
        assert await box.transport.hand_over(ONE) == Refused(f"smtp-{said[:3]}", "")


async def test_a_body_that_is_no_text_is_refused_here() -> None:
    async with mailbox() as box:
        refused = await box.transport.hand_over(parcel("1", b"\xff\xfe"))
        assert refused == Refused("body-not-utf-8", "")
        assert box.server.messages == []


@asynccontextmanager
async def secured(
    folder: Path, *, asks_login: bool = False, name: str = "localhost"
) -> AsyncIterator[tuple[MailServer, ssl.SSLContext]]:
    serves, chain = certificate(folder, name)
    server = MailServer(serves, asks_login=asks_login)
    await server.start()
    try:
        yield server, ssl.create_default_context(cafile=str(chain))
    finally:
        await server.stop()


@pytest.mark.parametrize("starttls", [Starttls.REQUIRED, Starttls.OFFERED])
async def test_what_a_server_offers_to_secure_is_secured(
    starttls: Starttls, tmp_path: Path
) -> None:
    async with secured(tmp_path) as (server, trust):
        place = SmtpServer("localhost", server.port, SENDER, starttls=starttls)
        transport = email(place, trust=trust)
        assert await transport.hand_over(ONE) == Taken()
        await transport.close()
        assert server.secured == [True]


async def test_with_a_user_the_hub_names_itself_over_tls(tmp_path: Path) -> None:
    async with secured(tmp_path, asks_login=True) as (server, trust):
        place = SmtpServer("localhost", server.port, SENDER, USER, PASSWORD)
        transport = email(place, trust=trust)
        assert await transport.hand_over(ONE) == Taken()
        await transport.close()


async def test_a_password_that_is_not_accepted_means_later_as_it_is_the_hubs_to_mend(
    tmp_path: Path,
) -> None:
    async with secured(tmp_path, asks_login=True) as (server, trust):
        place = SmtpServer("localhost", server.port, SENDER, USER, "wrong")
        transport = email(place, trust=trust)
        assert await transport.hand_over(ONE) == TryLater("smtp-535", None)
        await transport.close()


async def test_a_password_beyond_ascii_means_later_and_never_raises(tmp_path: Path) -> None:
    async with secured(tmp_path, asks_login=True) as (server, trust):
        place = SmtpServer("localhost", server.port, SENDER, USER, "sälä")
        transport = email(place, trust=trust)
        assert await transport.hand_over(ONE) == TryLater("mail-failed", None)
        await transport.close()


async def test_a_certificate_of_another_name_is_not_trusted(tmp_path: Path) -> None:
    async with secured(tmp_path, name="elsewhere.example") as (server, trust):
        transport = email(SmtpServer("localhost", server.port, SENDER), trust=trust)
        assert await transport.hand_over(ONE) == TryLater("tls-failed", None)
        await transport.close()
        assert server.messages == []


async def test_an_unknown_authority_is_not_trusted(tmp_path: Path) -> None:
    async with secured(tmp_path) as (server, _):
        transport = email(SmtpServer("localhost", server.port, SENDER))
        assert await transport.hand_over(ONE) == TryLater("tls-failed", None)
        await transport.close()


async def test_nothing_is_said_in_the_clear_where_tls_is_required() -> None:
    async with mailbox() as box:
        transport = email(SmtpServer("127.0.0.1", box.server.port, SENDER))
        assert await transport.hand_over(ONE) == TryLater("tls-failed", None)
        await transport.close()
        assert box.server.messages == []


async def test_where_tls_is_only_wished_for_a_plain_server_takes_it() -> None:
    async with mailbox() as box:
        place = SmtpServer("127.0.0.1", box.server.port, SENDER, starttls=Starttls.OFFERED)
        transport = email(place)
        assert await transport.hand_over(ONE) == Taken()
        await transport.close()


async def test_a_connection_may_be_secured_from_its_first_byte(tmp_path: Path) -> None:
    serves, chain = certificate(tmp_path)
    server = MailServer()
    server.from_first_byte = serves
    await server.start()
    place = SmtpServer("localhost", server.port, SENDER, tls=True)
    transport = email(place, trust=ssl.create_default_context(cafile=str(chain)))
    assert await transport.hand_over(ONE) == Taken()
    await transport.close()
    await server.stop()
    assert len(server.messages) == 1


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[int]:
    """Serve a peer that talks in its own way; give its port. Somebody must have come to it."""
    talks: list[asyncio.Task[None]] = []
    met = asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await talk(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.ensure_future(meet(reader, writer)))
        met.set()

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await met.wait()
        server.close()
        await server.wait_closed()
        await asyncio.gather(*talks)


@asynccontextmanager
async def saying(*lines: bytes, then_waits: bool = False) -> AsyncIterator[int]:
    """Serve a peer that says its lines one after the other, whatever it hears."""
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in lines:
            writer.write(line)
            await reader.readline()
        if then_waits:
            await over.wait()

    async with talking(talk) as port:
        try:
            yield port
        finally:
            over.set()


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ((b"554 go away\r\n",), "smtp-554"),
        ((b"HTTP/1.1 400 Bad Request\r\n",), "smtp-unclear"),
        ((b"220 hi\r\n",), "connection-lost"),
        ((b"220 hi\r\n", b"250 hi\r\n", b"250 OK\r\n", b"250 OK\r\n"), "connection-lost"),
        ((b"220 hi\r\n", b"250 hi\r\n", b"250 OK\r\n", b"nonsense\r\n"), "smtp-unclear"),
        ((), "connection-lost"),
    ],
)
async def test_a_peer_that_is_no_mail_server_means_later(
    lines: tuple[bytes, ...], cause: str
) -> None:
    async with saying(*lines) as port:
        transport = email(SmtpServer("127.0.0.1", port, SENDER, starttls=Starttls.NEVER))
        assert await transport.hand_over(ONE) == TryLater(cause, None)
        await transport.close()


async def test_a_server_that_goes_after_it_has_the_message_has_taken_it() -> None:
    said = (b"220 hi\r\n", b"250 hi\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go\r\n")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in said:
            writer.write(line)
            if line != said[-1]:
                await reader.readline()
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 mine\r\n")

    async with talking(talk) as port:
        transport = email(SmtpServer("127.0.0.1", port, SENDER, starttls=Starttls.NEVER))
        assert await transport.hand_over(ONE) == Taken()
        await transport.close()


async def test_a_server_that_is_silent_for_a_step_means_later() -> None:
    async with saying(b"220 hi\r\n", then_waits=True) as port:
        place = SmtpServer("127.0.0.1", port, SENDER, starttls=Starttls.NEVER)
        transport = email(place, step_s_max=0.05)
        assert await transport.hand_over(ONE) == TryLater("timed-out", None)
        await transport.close()


async def test_a_server_that_never_comes_to_the_point_is_cut_off_and_frees_its_thread() -> None:
    async with saying(b"220 hi\r\n", then_waits=True) as port, mailbox() as box:
        place = SmtpServer("127.0.0.1", port, SENDER, starttls=Starttls.NEVER)
        transport = email(place, step_s_max=60.0, whole_s_max=0.2)
        assert await transport.hand_over(ONE) == TryLater("timed-out", None)
        transport._server = place._replace(port=box.server.port)
        transport._whole_s_max = 10.0
        assert await transport.hand_over(ONE) == Taken()
        await transport.close()


async def test_an_attempt_that_is_called_off_ends_its_dialogue() -> None:
    async with saying(b"220 hi\r\n", then_waits=True) as port:
        place = SmtpServer("127.0.0.1", port, SENDER, starttls=Starttls.NEVER)
        transport = email(place, step_s_max=60.0)
        attempt = asyncio.create_task(transport.hand_over(ONE))
        await asyncio.sleep(0)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        thread = transport._thread
        assert thread is not None
        await asyncio.to_thread(thread.shutdown)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "kela",
        "a b@kela.example",
        "a@kela.example\r\nRCPT",
        "@kela.example",
        "a@-",
        "ä@k.example",
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(ValueError, match="e-mail address") as refused:
        Email(address, SmtpServer("localhost", 25, SENDER), clock)
    assert not address or address not in str(refused.value)
    with pytest.raises(ValueError, match="sender"):
        Email(ADDRESS, SmtpServer("localhost", 25, address), clock)


@pytest.mark.parametrize("starttls", [Starttls.OFFERED, Starttls.NEVER])
def test_a_password_never_goes_in_the_clear(starttls: Starttls) -> None:
    place = SmtpServer("localhost", 25, SENDER, USER, PASSWORD, starttls)
    with pytest.raises(ValueError, match="secured"):
        Email(ADDRESS, place, clock)
    Email(ADDRESS, place._replace(tls=True), clock)


def test_an_email_transport_shows_neither_address_nor_password() -> None:
    shown = repr(email(SmtpServer("mail.example", 587, SENDER, USER, PASSWORD)))
    assert shown == "Email(SmtpServer(mail.example:587))"
