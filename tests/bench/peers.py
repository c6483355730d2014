"""Where peers run: an environment of their own, kept between runs."""

import subprocess
import sys
import venv
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

_ENVIRONMENT = Path("build/peers-venv")


def python_of(folder: Path, say: Callable[[str], None]) -> Path:
    """Give the interpreter that has the peers' packages; the folder itself is only read.

    Raises:
        subprocess.CalledProcessError: They cannot be installed.
    """
    needed = folder / "requirements.txt"
    stamp = _ENVIRONMENT / ".installed"
    digest = sha256(needed.read_bytes()).hexdigest()
    python = (_ENVIRONMENT / "bin" / "python").absolute()
    if not stamp.exists() or stamp.read_text() != digest:
        say(f"installing the peers' packages into {_ENVIRONMENT}")
        venv.create(_ENVIRONMENT, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, "-r", str(needed)], check=True, stdout=sys.stderr)  # our own command
        stamp.write_text(digest)
    return python


def packages_of(python: Path) -> Path:
    """Give where an environment keeps its packages."""
    return next((python.parents[1] / "lib").glob("python3.*")) / "site-packages"
