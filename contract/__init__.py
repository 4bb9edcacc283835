"""Microsoft's own clients and python-o365 at work with the sandbox: what they believe is what Graph looks like.

Nothing here is imported by the product or by its tests; `./dev contract` runs it in an environment of its own.
"""
