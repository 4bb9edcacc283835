"""Whatever must not break the sandbox: requests that schemathesis makes up from Microsoft's contract, and garbage.

`./dev fuzz` runs it in an environment of its own.
"""
