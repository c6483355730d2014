"""HTTP delivery: a signed POST a notice, by Standard Webhooks.

2xx is taken. 408, 425, 429, 5xx, a redirect, a network error and an X-Road fault mean later; any
other 4xx is the agency's no, with its own words.
"""

import base64
import math
import re
import ssl
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import aiohttp
import standardwebhooks
import yarl

from streams.domain.ids import Instant
from streams.promises.transport import Handover, Parcel, Refused, Taken, TryLater

ANSWER_S_MAX = 30.0
CONNECT_S_MAX = 5.0
ANSWER_BYTES_MAX = 16 * 1024
WORDS_MAX = 1_000
AFTER_S_MAX = 3_600.0
SECRET_BYTES_MIN = 24
"""The least that Standard Webhooks recommends."""
_LATER_STATUSES = frozenset({408, 425, 429})
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", re.ASCII)


class XRoad(NamedTuple):
    """How the hub names itself to a security server (X-Road REST protocol; facts 4.1).

    `client` is the hub's subsystem, as `FI-TEST/MUN/9100001-3/sote`; `represented_party` is
    `[class/]code`. The service stands in the URL: `/r1/` and its parts.
    """

    client: str
    user_id: str | None = None
    represented_party: str | None = None


class Webhook:
    """Carries notices to one agency's URL."""

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        clock: Callable[[], Instant],
        *,
        xroad: XRoad | None = None,
        tls: ssl.SSLContext | None = None,
        answer_s_max: float = ANSWER_S_MAX,
    ) -> None:
        """Deliver to an http or https URL, signed with every secret (two while one is replaced).

        A secret is base64 of at least 24 bytes, with or without `whsec_`. `tls` holds the client's
        certificate where the receiver asks for one; without it the system's authorities hold.

        Raises:
            ValueError: The URL, a secret or an X-Road header cannot be used; the text shows none.
        """
        self._url = _url(url)
        self._signers = [_signer(secret) for secret in secrets]
        if not self._signers:
            raise ValueError("a webhook needs at least one secret")
        self._clock = clock
        self._headers = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "saattaen"}
        self._behind_xroad = xroad is not None
        if xroad is not None:
            self._headers |= _xroad_headers(xroad)
        self._tls: ssl.SSLContext | bool = tls if tls is not None else True
        self._timeout = aiohttp.ClientTimeout(total=answer_s_max, sock_connect=CONNECT_S_MAX)
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        """Show where it delivers to, without path, query or secrets."""
        return f"Webhook({self._url.origin()})"

    async def hand_over(self, parcel: Parcel) -> Handover:
        """Post once; no redirect is followed, and no more of the answer is read than is kept."""
        headers = self._signed(parcel)
        if headers is None:
            return Refused("body-not-utf-8", "")
        try:
            async with self._opened().post(
                self._url, data=parcel.body, headers=headers, allow_redirects=False, ssl=self._tls
            ) as response:
                return await self._answer(response)
        except TimeoutError:
            return TryLater("timed-out", None)
        except aiohttp.ClientSSLError:
            return TryLater("tls-failed", None)
        except aiohttp.ClientConnectorError:
            return TryLater("unreachable", None)
        except (aiohttp.ClientError, OSError):
            return TryLater("connection-lost", None)

    async def close(self) -> None:
        """Close the connections; a later attempt opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # a small answer could unpack to a large one
            )
        return self._session

    def _signed(self, parcel: Parcel) -> dict[str, str] | None:
        try:
            text = parcel.body.decode()  # what the library signs is text, and is encoded back
        except UnicodeDecodeError:
            return None
        at_s = self._clock() // 1_000_000
        at = datetime.fromtimestamp(at_s, UTC)
        signatures = [signer.sign(parcel.notice_id, at, text) for signer in self._signers]
        return self._headers | {
            "content-type": parcel.content_type,
            "webhook-id": parcel.notice_id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": " ".join(signatures),
        }

    async def _answer(self, response: aiohttp.ClientResponse) -> Handover:
        status = response.status
        if self._behind_xroad and "x-road-error" in response.headers:
            return TryLater("xroad-fault", None)  # the security servers' word, not the agency's
        if 200 <= status < 300:  # noqa: PLR2004  # RFC 9110: successful
            return Taken()
        if 400 <= status < 500 and status not in _LATER_STATUSES:  # noqa: PLR2004  # RFC 9110: client error
            return Refused(f"http-{status}", await _words(response))
        after_s = _after_s(response.headers.get("retry-after"), self._clock())
        return TryLater(f"http-{status}", after_s)


def _url(text: str) -> yarl.URL:
    try:
        url = yarl.URL(text)
    except ValueError:
        raise ValueError("the webhook's URL cannot be read") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("a webhook's URL begins with http:// or https:// and names a host")
    if url.user is not None or url.password is not None:
        raise ValueError("a webhook's URL holds no credentials")
    return url


def _signer(secret: str) -> standardwebhooks.Webhook:
    # The library's own decoding skips what is no base64, so that a mistyped secret would sign.
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError("a webhook's secret is not base64") from None
    if len(key) < SECRET_BYTES_MIN:
        raise ValueError(f"a webhook's secret has at least {SECRET_BYTES_MIN} bytes")
    return standardwebhooks.Webhook(key)


def _xroad_headers(xroad: XRoad) -> dict[str, str]:
    named = {
        "x-road-client": xroad.client,
        "x-road-userid": xroad.user_id,
        "x-road-represented-party": xroad.represented_party,
    }
    headers = {name: value for name, value in named.items() if value is not None}
    for name, value in headers.items():
        if not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"{name} is not a line of printable ASCII")
    return headers


def _after_s(value: str | None, now: Instant) -> float | None:
    """Read Retry-After (RFC 9110 10.2.3: seconds or a date) as seconds, cut to bounds."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,10}", value, re.ASCII):
        return min(float(value), AFTER_S_MAX)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    seconds = at.timestamp() - now / 1_000_000
    return min(max(seconds, 0.0), AFTER_S_MAX) if math.isfinite(seconds) else None


async def _words(response: aiohttp.ClientResponse) -> str:
    """Read what the agency says, as much as is kept, as one line without control characters."""
    if "content-encoding" in response.headers:
        return ""
    said = bytearray()
    try:
        async for piece in response.content.iter_chunked(4_096):
            said += piece
            if len(said) >= ANSWER_BYTES_MAX:
                break
    except (aiohttp.ClientError, OSError):
        pass  # the status is the answer; half of the words are better than none
    text = said[:ANSWER_BYTES_MAX].decode(errors="replace")
    spaced = "".join([" " if character.isspace() else character for character in text])
    shown = [character for character in spaced if unicodedata.category(character)[0] != "C"]
    return " ".join("".join(shown).split())[:WORDS_MAX]
