"""Tools for working on calsync; `./dev` starts them. Nothing here is part of the product."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
