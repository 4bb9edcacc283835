"""`./dev manage [arguments]`: Django's manage.py in the surroundings of the running demo."""

import json
import os
import sys

from devtools import ROOT, process


def main(arguments: list[str]) -> int:
    """Run manage.py with these arguments on the demo's database; 1 where no demo runs."""
    try:
        demo = json.loads((ROOT / ".calsync" / "demo.json").read_text())
    except FileNotFoundError:
        print("dev: no demo is running. Start one with ./dev demo.", file=sys.stderr)
        return 1
    return process.call([sys.executable, "manage.py", *arguments], {**os.environ, **demo["environment"]})
