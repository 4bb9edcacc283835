"""Refusals, as Graph words them."""

from __future__ import annotations

from typing import Any


class GraphError(Exception):
    """A request that Graph refuses: the status, the code and the message of its answer."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: dict[str, str] | None = None,
        annotations: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self.annotations = annotations or {}


def bad_request(message: str, code: str = "ErrorInvalidRequest") -> GraphError:
    return GraphError(400, code, message)


def invalid_property(message: str = "At least one property failed validation.") -> GraphError:
    return GraphError(400, "ErrorPropertyValidationFailure", message)


def unreadable(message: str) -> GraphError:
    return GraphError(400, "RequestBodyRead", message)


def item_not_found() -> GraphError:
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def malformed_id() -> GraphError:
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def unknown_path(path: str) -> GraphError:
    return GraphError(400, "BadRequest", f"Resource not found for the segment '{path}'.")
