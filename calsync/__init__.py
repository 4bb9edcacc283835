"""calsync: two-way calendar sync for training companies."""

import zoneinfo

zoneinfo.reset_tzpath(to=[])  # the pinned tzdata package wins over an older system copy

from calsync.celery import app as celery_app  # noqa: E402  (after the zones are set)

__all__ = ["celery_app"]
