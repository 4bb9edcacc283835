"""The Celery application and its fixed schedule."""

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_after_setup
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "calsync.settings")

GIVING_WAY = 10  # of 19; a first sync of thousands of mailboxes takes long in any case

app = Celery("calsync")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def schedule(sender: Celery, **_: object) -> None:
    """Set the beat schedule: the cycle, discovery once a day, and of those who got no answer at each cycle."""
    interval = settings.SYNC_INTERVAL_SECONDS
    sender.conf.beat_schedule = {
        "cycle": {"task": "events.tasks.cycle", "schedule": interval, "options": {"expires": interval}},
        "unanswered": {
            "task": "instructors.tasks.discover_unanswered",
            "schedule": interval,
            "options": {"expires": interval},
        },
        "discovery": {"task": "instructors.tasks.discover_all", "schedule": 24 * 3600, "options": {"expires": 3600}},
    }


@celeryd_after_setup.connect
def give_way_to_pushes(instance: Any, **_: object) -> None:
    """Let a worker that serves no real-time queue take the processor only where nobody else wants it."""
    if "realtime" not in instance.app.amqp.queues.consume_from:
        os.nice(GIVING_WAY)
