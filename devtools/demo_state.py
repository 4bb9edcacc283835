"""What the demo keeps between two starts, in .calsync/: keys, the password, ports."""

import base64
import json
import secrets
import shutil
import socket
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from devtools.postgres import forget

KEPT_BY_FRESH = ("dev", "demo.lock")  # `./dev servers`, and the lock that we hold


def new_password() -> str:
    """Return a password that nobody guesses."""
    return secrets.token_urlsafe(9)


@dataclass
class DemoState:
    """The demo's own settings; `is_filled` once its data was created, so that what a person deletes stays deleted."""

    folder: Path
    secret_key: str
    credential_keys: str
    password: str
    sandbox_port: int
    is_filled: bool = False
    scheduler_password: str = field(default_factory=new_password)

    @classmethod
    def load_or_create(cls, folder: Path) -> "DemoState":
        """Return the state of an earlier start, or a new one."""
        path = folder / "settings.json"
        if path.exists():
            return cls(folder, **json.loads(path.read_text()))
        state = cls(
            folder,
            secret_key=secrets.token_urlsafe(50),
            credential_keys=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            password=new_password(),
            sandbox_port=free_port(),
        )
        state.save()
        return state

    def save(self) -> None:
        """Write the state where only its owner can read it."""
        kept = asdict(self)
        del kept["folder"]
        write_private(self.folder / "settings.json", kept)


def write_private(path: Path, content: object) -> None:
    """Write JSON at once and for the owner's eyes only."""
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=2) + "\n")
    draft.replace(path)


def start_over(folder: Path) -> None:
    """Remove what earlier starts left, apart from what others use."""
    forget(folder)
    for path in folder.iterdir():
        if path.name in KEPT_BY_FRESH:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def why_not_listen(host: str, port: int) -> str:
    """Return why a server could not listen there, or nothing."""
    if not 0 < port < 65536:
        return "there are ports 1 to 65535"
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as problem:
        return (problem.strerror or str(problem)).lower()
    return ""
