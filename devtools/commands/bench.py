"""`./dev bench [names]`: the measurements, on a database and a broker of their own."""

import sys
import tempfile
from pathlib import Path

from devtools import assets, environment, process
from devtools.servers import servers


def main(arguments: list[str]) -> int:
    """Run the benchmarks with these arguments, and return their exit status."""
    assets.build()
    with (
        tempfile.TemporaryDirectory(prefix="calsync-", ignore_cleanup_errors=True) as state,
        servers(Path(state)) as urls,
    ):
        return process.call([sys.executable, "-m", "bench", *arguments], environment.for_tests(urls))
