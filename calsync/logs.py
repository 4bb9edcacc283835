"""Structured logs: one line an event, readable or JSON, never with a secret."""

import logging.config
import re

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_NAMES = re.compile(
    r"secret|password|authorization|access_token|cookie|client_assertion|credential", re.IGNORECASE
)
BEARER = re.compile(r"(?i)(bearer\s+|client_secret=|access_token[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,]+")


def without_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The log event with the values of secret-named keys and bearer tokens in text masked."""
    for name, value in event.items():
        if SECRET_NAMES.search(name):
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = BEARER.sub(r"\1***", value)
    return event


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
            },
        }
    )
