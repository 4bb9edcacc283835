"""Measurements of the product, on a database, a broker and a sandbox of their own. See `python -m bench --help`."""
