"""Structured logs: one line an event, readable or JSON, never with a secret."""

import logging.config
import re
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_NAMES = re.compile(
    r"secret|password|authorization|access_token|cookie|client_assertion|credential", re.IGNORECASE
)
IN_TEXT = re.compile(r"(?i)(bearer\s+|(?:client_secret|access_token)[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,]+")


def without_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The log event with the values of secret-named keys and tokens in text masked, however deep."""
    return {name: masked(name, value) for name, value in event.items()}


def masked(name: str, value: Any) -> Any:
    if SECRET_NAMES.search(name):
        return "***"
    if isinstance(value, str):
        return IN_TEXT.sub(r"\1***", value)
    if isinstance(value, Mapping):
        return {key: masked(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked("", item) for item in value]
    return value


def logging_config(log_format: str) -> None:
    """Send structlog and the standard library's logging to standard error in `log_format` (json or console)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    renderer: Processor = structlog.processors.JSONRenderer()
    if log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=30)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"structured": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": "INFO"},
            "loggers": {
                "django.server": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "django_structlog": {"level": "WARNING"},
                "msal": {"level": "WARNING"},
                "axes": {"level": "WARNING"},
            },
        }
    )
