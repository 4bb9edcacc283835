"""Refusals, as Graph words them."""

from __future__ import annotations

from typing import Any

CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
    'client_id="00000003-0000-0000-c000-000000000000"'
)
CHALLENGED = {"WWW-Authenticate": CHALLENGE}


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


class UnreadableBody(GraphError):
    """The refusal of a body that is not as its type wants it; the settings may give it another code."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "RequestBodyRead", message)


def bad_request(message: str, code: str = "ErrorInvalidRequest") -> GraphError:
    return GraphError(400, code, message)


def invalid_property(message: str = "At least one property failed validation.") -> GraphError:
    return GraphError(400, "ErrorPropertyValidationFailure", message)


def unreadable(message: str) -> GraphError:
    return UnreadableBody(message)


def item_not_found() -> GraphError:
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def malformed_id() -> GraphError:
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def unknown_path(path: str, kind: str) -> GraphError:
    """`kind` is the status and the code that the settings say."""
    status, _, code = kind.partition(" ")
    return GraphError(int(status), code, f"Resource not found for the segment '{path}'.")


def error_body(error: GraphError, inner: dict[str, str], style: str = "innerError") -> dict[str, Any]:
    """The body that tells an error; `style` says how, and whether, what is inside is told."""
    shown: dict[str, Any] = {"code": error.code, "message": error.message, **error.annotations}
    if style == "nested":
        shown["innerError"] = {"code": error.code, "innerError": inner}
    elif style != "none":
        shown[style] = inner
    return {"error": shown}


def name_request(body: Any, request_id: str, client_request_id: str) -> None:
    """Write the ids of a request into the body of the error that it got, wherever it has a place for them."""
    inner = body.get("error") if isinstance(body, dict) else None
    while isinstance(inner, dict):
        if "request-id" in inner:
            inner |= {"request-id": request_id, "client-request-id": client_request_id}
            return
        inner = inner.get("innerError") or inner.get("innererror")
