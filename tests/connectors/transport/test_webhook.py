"""HTTP delivery, against a real server on this machine."""

import asyncio
import base64
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from email.utils import formatdate

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from connectors.transport import webhook
from connectors.transport.webhook import AFTER_S_MAX, WORDS_MAX, Webhook, XRoad
from streams.domain.ids import Instant, NoticeId
from streams.promises.transport import Handover, Refused, Taken, TryLater
from tests.connectors.transport.conformance import Receiving, TransportConformance, parcel

OLD = "whsec_" + base64.b64encode(b"old secret of at least 24 bytes").decode()
NEW = "whsec_" + base64.b64encode(b"new secret of at least 24 bytes").decode()
ONE = parcel("1")
XROAD = XRoad("FI-TEST/MUN/9100001-3/sote", "FI12345", "MUN/9100005-6")

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


def clock() -> Instant:
    return Instant(time.time_ns() // 1_000)


async def take(_: web.Request) -> web.Response:
    return web.Response(status=202)


class Server(Receiving):
    """An agency's endpoint on a free port of this machine."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.bodies: dict[NoticeId, bytes] = {}
        self.requests: list[web.Request] = []
        self.port = 0

    async def start(self) -> None:
        application = web.Application(client_max_size=8 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self.answer)
        self.runner = web.AppRunner(application, shutdown_timeout=0.0)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self.runner.addresses[0][1]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(request)
        response = await self.answering(request)
        if response.status == 202:
            self.bodies[NoticeId(request.headers["webhook-id"])] = body
        return response

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/r1/notices?token=hidden"

    def received(self) -> dict[NoticeId, bytes]:
        return self.bodies

    async def vanish(self) -> None:
        await self.runner.cleanup()

    async def come_back(self) -> None:
        await self.start()


@asynccontextmanager
async def serving(
    answering: Answering = take, *, xroad: XRoad | None = None, answer_s_max: float = 5.0
) -> AsyncIterator[Server]:
    server = Server(answering)
    await server.start()
    server.transport = Webhook(
        server.url, [NEW, OLD], clock, xroad=xroad, answer_s_max=answer_s_max
    )
    try:
        yield server
    finally:
        await server.transport.close()
        await server.runner.cleanup()


class TestWebhook(TransportConformance):
    def receiving(self) -> AbstractAsyncContextManager[Receiving]:
        return serving()


def answers(
    status: int, body: str | bytes = "", headers: dict[str, str] | None = None
) -> Answering:
    async def answer(_: web.Request) -> web.Response:
        content = body.encode() if isinstance(body, str) else body
        return web.Response(status=status, body=content, headers=headers)

    return answer


async def answer_to(answering: Answering, xroad: XRoad | None = None) -> Handover:
    async with serving(answering, xroad=xroad) as server:
        return await server.transport.hand_over(ONE)


@pytest.mark.parametrize("secret", [OLD, NEW])
async def test_a_receiver_verifies_with_the_old_and_with_the_new_secret(secret: str) -> None:
    async with serving() as server:
        await server.transport.hand_over(ONE)
        (request,) = server.requests
        Verifier(secret).verify(ONE.body, dict(request.headers), json_parse=False)
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(b"other", dict(request.headers), json_parse=False)


async def test_the_head_says_what_and_which_notice_it_is() -> None:
    async with serving() as server:
        await server.transport.hand_over(ONE)
        (request,) = server.requests
    assert request.method == "POST"
    assert request.headers["webhook-id"] == ONE.notice_id
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
    assert request.headers["content-type"] == "application/json"
    assert "x-road-client" not in request.headers
    assert len(request.headers["webhook-signature"].split(" ")) == 2


async def test_behind_a_security_server_the_hub_names_itself() -> None:
    async with serving(xroad=XROAD) as server:
        assert await server.transport.hand_over(ONE) == Taken()
        headers = server.requests[0].headers
    assert headers["x-road-client"] == XROAD.client
    assert headers["x-road-userid"] == XROAD.user_id
    assert headers["x-road-represented-party"] == XROAD.represented_party


async def test_only_what_is_set_is_said_to_a_security_server() -> None:
    async with serving(xroad=XRoad("FI-TEST/MUN/9100001-3/sote")) as server:
        await server.transport.hand_over(ONE)
        headers = server.requests[0].headers
    assert "x-road-client" in headers
    assert "x-road-userid" not in headers


async def test_a_security_servers_fault_means_later_whatever_its_status() -> None:
    fault = answers(404, '{"type":"Server.ServerProxy"}', {"X-Road-Error": "Server.ServerProxy"})
    assert await answer_to(fault, XROAD) == TryLater("xroad-fault", None)
    assert isinstance(await answer_to(fault), Refused)
    assert isinstance(await answer_to(answers(404), XROAD), Refused)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_taken(status: int) -> None:
    assert await answer_to(answers(status)) == Taken()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
async def test_the_statuses_that_ask_for_patience_mean_later(status: int) -> None:
    assert await answer_to(answers(status, "busy")) == TryLater(f"http-{status}", None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422, 451])
async def test_any_other_4xx_is_refused_in_the_agencys_own_words(status: int) -> None:
    refused = await answer_to(answers(status, "Ei käsitellä täällä."))
    assert refused == Refused(f"http-{status}", "Ei käsitellä täällä.")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    async with serving(answers(status, headers={"location": "/elsewhere"})) as server:
        assert await server.transport.hand_over(ONE) == TryLater(f"http-{status}", None)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("said", "after_s"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("999999999", AFTER_S_MAX),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        (formatdate(0, usegmt=True), 0.0),
        (formatdate(4e9, usegmt=True), AFTER_S_MAX),
        ("Wed, 21 Oct 2015 07:28:00", 0.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
async def test_a_wish_to_wait_is_read_and_cut_to_bounds(said: str, after_s: float | None) -> None:
    answer = await answer_to(answers(503, headers={"retry-after": said}))
    assert answer == TryLater("http-503", after_s)


async def test_a_date_to_wait_for_is_measured_by_the_hubs_clock() -> None:
    soon = formatdate(time.time() + 600, usegmt=True)
    answer = await answer_to(answers(503, headers={"retry-after": soon}))
    assert isinstance(answer, TryLater)
    assert answer.after_s == pytest.approx(600, abs=30)


@given(said=st.text(max_size=60))
def test_no_wish_to_wait_breaks_its_reader(said: str) -> None:
    after_s = webhook._after_s(said, clock())
    assert after_s is None or 0 <= after_s <= AFTER_S_MAX


async def test_words_are_one_line_without_control_characters() -> None:
    said = "Ei\x00 nyt\r\n\x1b[31m\u202eehkä\u2066\t huomenna \x7f"
    assert await answer_to(answers(422, said)) == Refused("http-422", "Ei nyt [31mehkä huomenna")


async def test_words_are_cut() -> None:
    answer = await answer_to(answers(422, "ä" * 3_000))
    assert answer == Refused("http-422", "ä" * WORDS_MAX)


async def test_words_that_are_no_text_are_shown_as_far_as_they_are() -> None:
    assert await answer_to(answers(422, b"ei\xff\xfe")) == Refused("http-422", "ei\ufffd\ufffd")


async def test_packed_words_are_not_unpacked() -> None:
    packed = answers(422, gzip.compress(b"0" * 10_000_000), {"content-encoding": "gzip"})
    assert await answer_to(packed) == Refused("http-422", "")


async def test_an_endless_answer_is_read_no_further_than_it_is_kept() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=422)
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b"no " * 10_000)
        return response

    answer = await answer_to(endless)
    assert isinstance(answer, Refused)
    assert len(answer.words) == WORDS_MAX


async def test_an_answer_that_breaks_off_is_still_the_answer() -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=422, headers={"content-length": "100"})
        await response.prepare(request)
        await response.write(b"no, be")
        assert request.transport is not None
        request.transport.close()
        return response

    assert await answer_to(broken) == Refused("http-422", "no, be")


async def test_a_receiver_that_does_not_answer_in_time_means_later() -> None:
    silent = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await silent.wait()
        return web.Response()

    async with serving(wait, answer_s_max=0.05) as server:
        assert await server.transport.hand_over(ONE) == TryLater("timed-out", None)
        silent.set()


async def test_a_connection_cut_without_an_answer_means_later() -> None:
    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert await answer_to(cut) == TryLater("connection-lost", None)


async def test_a_receiver_that_does_not_speak_http_means_later() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp ready\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for scheme, cause in (("http", "connection-lost"), ("https", "tls-failed")):
        transport = Webhook(f"{scheme}://127.0.0.1:{port}/", [OLD], clock)
        assert await transport.hand_over(ONE) == TryLater(cause, None)
        await transport.close()
    server.close()
    await server.wait_closed()


async def test_no_cookie_is_kept() -> None:
    async with serving(answers(202, headers={"set-cookie": "session=1"})) as server:
        for _ in range(2):
            await server.transport.hand_over(ONE)
        assert all("cookie" not in request.headers for request in server.requests)


async def test_a_body_that_cannot_be_signed_as_text_is_refused_here() -> None:
    async with serving() as server:
        answer = await server.transport.hand_over(parcel("1", b"\xff"))
        assert answer == Refused("body-not-utf-8", "")
        assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://agency.example/",
        "file:///etc/passwd",
        "agency.example/hook",
        "http:///hook",
        "http://[::1",
        "http://agency.example:port/",
        "https://user:verysecret@agency.example/",
        "",
    ],
)
def test_an_address_that_is_no_plain_web_address_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="webhook") as raised:
        Webhook(url, [OLD], clock)
    assert "verysecret" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "not base64, verysecret", "dmVyeXNlY3JldA==", "ä"]
)
def test_a_secret_that_cannot_sign_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(ValueError, match="secret") as raised:
        Webhook("https://agency.example/", [secret], clock)
    assert "verysecret" not in str(raised.value)


def test_a_webhook_without_any_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        Webhook("https://agency.example/", [], clock)


@pytest.mark.parametrize("client", ["", "FI\r\nX-Evil: 1", "FI/MÜN", " FI", "FI "])
def test_an_xroad_header_is_one_line_of_printable_ascii(client: str) -> None:
    with pytest.raises(ValueError, match="x-road-client"):
        Webhook("https://agency.example/", [OLD], clock, xroad=XRoad(client))


def test_a_webhook_shows_its_host_and_neither_path_nor_secrets() -> None:
    shown = repr(Webhook("https://agency.example/hook/verysecret?token=1", [OLD], clock))
    assert shown == "Webhook(https://agency.example)"


async def test_one_session_serves_all_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    session = aiohttp.ClientSession

    def counted(*args: object, **named: object) -> aiohttp.ClientSession:
        opened.append(named)
        return session(*args, **named)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(aiohttp, "ClientSession", counted)
    async with serving() as server:
        for _ in range(3):
            await server.transport.hand_over(ONE)
    assert len(opened) == 1
