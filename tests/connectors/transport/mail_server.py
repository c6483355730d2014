"""A mail server on a free port of this machine: it takes, refuses, or offers TLS, as it is told."""

import asyncio
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "hub", "not a real password"


class MailServer:
    """Keeps what it takes; `recipient` and `data` are its answers when they are not empty."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, asks_login: bool = False) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.secured: list[bool] = []
        self.recipient = ""
        self.data = ""
        self.port = 0
        self.tls = tls
        self.from_first_byte: ssl.SSLContext | None = None
        self.asks_login = asks_login
        self.dialogues: set[_Dialogue] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def settings(self) -> str:
        """Give what a hub's secrets say of it."""
        own = f'[smtp]\nhost = "127.0.0.1"\nport = {self.port}\nstarttls = "never"\n'
        return own + 'from = "saattaen@hub.example"\n'

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(
            self._dialogue, "127.0.0.1", self.port, ssl=self.from_first_byte
        )
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.server.close()
        await self.server.wait_closed()
        for dialogue in list(self.dialogues):
            await dialogue.end()

    async def handle_RCPT(  # noqa: N802  # the library's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if self.recipient:
            return self.recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.data:
            return self.data
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        self.secured.append(session.ssl is not None)
        return "250 OK"

    def _dialogue(self) -> SMTP:
        return _Dialogue(
            self,
            hostname="localhost",
            tls_context=self.tls,
            auth_required=self.asks_login,
            authenticator=_authenticate,
        )


class _Dialogue(SMTP):
    """A connection that its server knows of until it is over."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.over = asyncio.Event()
        self.event_handler.dialogues.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.event_handler.dialogues.discard(self)
        self.over.set()

    async def end(self) -> None:
        """Let what is left of it come to its end."""
        if isinstance(self.transport, asyncio.Transport) and not self.transport.is_closing():
            self.transport.abort()
        await self.over.wait()


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


def certificate(folder: Path, name: str = "localhost") -> tuple[ssl.SSLContext, Path]:
    """Make a certificate of a name; give what serves with it, and the file of who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "mail.pem", folder / "mail.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, secret)
    return context, chain
