"""A sandbox of its own for a command: started, and stopped however the command ends."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from devtools import process
from devtools.extras import ExtraError


@dataclass(frozen=True)
class Imitation:
    """A sandbox that runs: the line that it printed, as it stands and as what it says."""

    line: str
    running: subprocess.Popen[bytes]

    @property
    def facts(self) -> dict[str, str]:
        said: dict[str, str] = json.loads(self.line)
        return said

    @property
    def environment(self) -> dict[str, str]:
        """For a client in a process of its own: where the sandbox is, and its CA for every library."""
        authorities = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), self.facts["ca_file"])
        without = ",".join(filter(None, [os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), "localhost"]))
        return {"CALSYNC_SANDBOX": self.line, "NO_PROXY": without, "no_proxy": without, **authorities}


@contextmanager
def imitation(*options: str) -> Iterator[Imitation]:
    """Run a sandbox on a free port until the block ends."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", *options]
    running = process.spawn(command, env=os.environ, output=subprocess.PIPE, errors_apart=True)
    try:
        assert running.stdout is not None  # noqa: S101 - for the type checker: we asked for a pipe
        line = running.stdout.readline().decode()
        if not line:
            raise ExtraError("The sandbox did not start; the lines above say why.")
        yield Imitation(line, running)
    finally:
        process.stop(running)
