"""The schedule of beat, which goes on where the time of day has been set back."""

from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry


class Scheduler(PersistentScheduler):
    """Celery's own, except that it does not wait for a time that the clock has shown before."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; the seconds until the next look."""
        self.forget_runs_to_come()
        return super().tick(*args, **kwargs)

    def forget_runs_to_come(self) -> None:
        """Let what has run at a time to come have run just now."""
        ahead = [entry for entry in self.schedule.values() if is_ahead(entry)]
        for entry in ahead:
            entry.last_run_at = entry.default_now()
        if ahead:
            self._heap = None  # it is in the order of the old times


def is_ahead(entry: ScheduleEntry) -> bool:
    return entry.last_run_at is not None and entry.last_run_at > entry.default_now()
