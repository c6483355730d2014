"""E-mail delivery: a message a parcel, over SMTP, for the people of an agency.

The server takes it, or says later (4xx, or it cannot be reached), or says no (5xx to the sender,
the recipient or the text). What fails before that, such as a password that is not accepted, is the
hub's own to mend, so that a mended hub delivers by itself: later.
"""

import asyncio
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from typing import NamedTuple

from streams.domain.ids import Instant
from streams.promises.transport import Handover, Parcel, Refused, Taken, TryLater

STEP_S_MAX = 10.0
"""A server may take so long for one step of the dialogue."""
WHOLE_S_MAX = 60.0
SUBJECT_MAX = 200
_LOCAL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
_DOMAIN = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_ADDRESS = re.compile(f"{_LOCAL}@{_DOMAIN}", re.ASCII)
_REPLIES = range(200, 600)
_PERMANENT = range(500, 600)
_OF_THE_HUB = frozenset({530, 534, 535, 538})
"""The server wants another login or security (RFC 4954, 6): no word against the message."""


class Starttls(StrEnum):
    """Whether a connection that begins in the clear is secured before anything is said on it."""

    REQUIRED = "required"
    OFFERED = "offered"
    """Where the server offers it."""
    NEVER = "never"


class SmtpServer(NamedTuple):
    """The server that takes the hub's e-mail, and as whom the hub sends.

    `tls` is a connection that is secured from its first byte (port 465 as a rule); then `starttls`
    says nothing. Without `user` the hub names itself to nobody.
    """

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    starttls: Starttls = Starttls.REQUIRED
    tls: bool = False

    def __repr__(self) -> str:
        """Show where it is, and no password."""
        return f"SmtpServer({self.host}:{self.port})"


class Email:
    """Carries parcels to one mailbox.

    The body is UTF-8 text; its first line is the subject as well. The Message-ID is the parcel's
    id, so that a repeat is known as one; the message says that a machine made it (RFC 3834), so
    that no absence notice answers it.
    """

    def __init__(
        self,
        address: str,
        server: SmtpServer,
        clock: Callable[[], Instant],
        *,
        trust: ssl.SSLContext | None = None,
        step_s_max: float = STEP_S_MAX,
        whole_s_max: float = WHOLE_S_MAX,
    ) -> None:
        """Deliver to an address; `trust` is whom TLS believes, else the system's authorities.

        Raises:
            ValueError: An address cannot be used, or a password would go in the clear; the text
                shows neither.
        """
        for named, one in (("desk's", address), ("sender's", server.sender)):
            if not _ADDRESS.fullmatch(one):
                raise ValueError(f"the {named} e-mail address is not of the form name@domain")
        if server.user and not server.tls and server.starttls is not Starttls.REQUIRED:
            raise ValueError('with a user the connection must be secured: starttls = "required"')
        self._address = address
        self._server = server
        self._clock = clock
        self._trust = trust
        self._step_s_max = step_s_max
        self._whole_s_max = whole_s_max
        self._thread: ThreadPoolExecutor | None = None

    def __repr__(self) -> str:
        """Show by which server it delivers, without the address."""
        return f"Email({self._server!r})"

    async def hand_over(self, parcel: Parcel) -> Handover:
        """Send once, on a thread of this mailbox's own: a slow server delays no other transport."""
        try:
            message = self._message(parcel)
        except (ValueError, LookupError):
            return Refused("body-not-utf-8", "")
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "smtp")
        dialogue = _Dialogue(self._server, self._trust, self._step_s_max)
        loop = asyncio.get_running_loop()
        sending = loop.run_in_executor(self._thread, dialogue.send, message, self._address)
        try:
            async with asyncio.timeout(self._whole_s_max):
                return await asyncio.shield(sending)
        except TimeoutError:
            # Cut off, the thread comes to its end and is free for the next attempt.
            dialogue.cut()
            return TryLater("timed-out", None)
        except asyncio.CancelledError:
            dialogue.cut()
            raise

    async def close(self) -> None:
        """Let go of the thread; a later attempt makes a new one."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(wait=False)

    def _message(self, parcel: Parcel) -> bytes:
        text = parcel.body.decode()
        subject = "".join([c for c in text.partition("\n")[0] if c.isprintable()])
        message = EmailMessage(policy=SMTP)
        message["From"] = self._server.sender
        message["To"] = self._address
        message["Subject"] = subject[:SUBJECT_MAX]
        message["Date"] = format_datetime(datetime.fromtimestamp(self._clock() // 1_000_000, UTC))
        domain = self._server.sender.rpartition("@")[2]
        message["Message-ID"] = f"<{parcel.notice_id}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(text, charset="utf-8", cte="quoted-printable")
        return message.as_bytes()


class _UnsecuredError(Exception):
    """The server offers no STARTTLS, and the hub says nothing in the clear."""


class _Dialogue:
    """One connection to the server, made, used and ended on a thread."""

    def __init__(self, server: SmtpServer, trust: ssl.SSLContext | None, step_s_max: float) -> None:
        self._server = server
        self._trust = trust
        self._step_s_max = step_s_max
        self._session: _Session | None = None
        self._is_cut = False

    def send(self, message: bytes, address: str) -> Handover:
        """Send; whatever happens is an answer."""
        try:
            return self._send(message, address)
        except smtplib.SMTPResponseException as said:
            return TryLater(_code(said.smtp_code), None)
        except Exception as failure:  # noqa: BLE001  # whatever a server says, the promise holds
            return TryLater(self._cause(failure), None)

    def _cause(self, failure: Exception) -> str:
        if isinstance(failure, (ssl.SSLError, _UnsecuredError)):
            return "tls-failed"
        # The library wraps a time-out in its own error.
        if isinstance(failure, TimeoutError) or isinstance(failure.__context__, TimeoutError):
            return "timed-out"
        if isinstance(failure, (smtplib.SMTPException, OSError)):
            return "connection-lost" if self._session is not None else "unreachable"
        return "mail-failed"

    def connect(self, session: "_Session") -> None:
        """Give a session its socket."""
        server = self._server
        connected = socket.create_connection((server.host, server.port), self._step_s_max)
        session.sock = connected
        self._session = session
        if self._is_cut:
            self.cut()
        if server.tls:
            session.sock = self._authorities().wrap_socket(connected, server_hostname=server.host)

    def cut(self) -> None:
        """End the dialogue from another thread; where there is none yet, as soon as it begins."""
        self._is_cut = True
        if self._session is not None and self._session.sock is not None:
            with suppress(OSError):
                self._session.sock.shutdown(socket.SHUT_RDWR)

    def _send(self, message: bytes, address: str) -> Handover:
        name = self._server.sender.rpartition("@")[2]
        session = _Session(self, self._server, name, self._step_s_max)
        try:
            self._secure(session)
            if self._server.user:
                session.login(self._server.user, self._server.password)
            answer = _hand_in(session, message, self._server.sender, address)
            with suppress(smtplib.SMTPException, OSError):
                session.quit()  # the answer stands, whatever becomes of the farewell
        finally:
            session.close()
        return answer

    def _secure(self, session: "_Session") -> None:
        server = self._server
        if server.tls or server.starttls is Starttls.NEVER:
            return
        session.ehlo_or_helo_if_needed()
        if session.has_extn("starttls"):
            session.starttls(context=self._authorities())
        elif server.starttls is Starttls.REQUIRED:
            raise _UnsecuredError

    def _authorities(self) -> ssl.SSLContext:
        return self._trust if self._trust is not None else ssl.create_default_context()


class _Session(smtplib.SMTP):
    """The library's session, on a socket of the dialogue's."""

    def __init__(
        self, dialogue: _Dialogue, server: SmtpServer, name: str, step_s_max: float
    ) -> None:
        self._dialogue = dialogue
        # Named by the sender's domain: the machine's own name is nobody's business.
        super().__init__(server.host, server.port, local_hostname=name, timeout=step_s_max)

    def connect(
        self,
        host: str = "localhost",  # noqa: ARG002  # the dialogue knows it
        port: int = 0,  # noqa: ARG002  # as host
        source_address: object = None,  # noqa: ARG002  # as host
    ) -> tuple[int, bytes]:
        self._dialogue.connect(self)
        self.file = None
        return self.getreply()


def _hand_in(session: _Session, message: bytes, sender: str, address: str) -> Handover:
    try:
        session.sendmail(sender, [address], message)
    except smtplib.SMTPRecipientsRefused as refused:
        code = next(iter(refused.recipients.values()))[0]
    except smtplib.SMTPResponseException as refused:
        code = refused.smtp_code
    else:
        return Taken()
    if code in _PERMANENT and code not in _OF_THE_HUB:
        return Refused(_code(code), "")
    return TryLater(_code(code), None)


def _code(said: int) -> str:
    return f"smtp-{said}" if said in _REPLIES else "smtp-unclear"
