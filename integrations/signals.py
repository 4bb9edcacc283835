"""What the ground floor tells the floors above."""

from django.dispatch import Signal

# sender: Integration; integration: Integration. Its people are to be looked up and paired.
discovery_wanted = Signal()
# sender: Integration; integration: Integration. All of its calendars are to be synced soon.
integration_sync_wanted = Signal()
# sender: Integration; integration: Integration. Nothing of it is to be pushed, pulled or deleted from now on.
integration_paused = Signal()
# sender: Integration; integration: Integration. Privacy went back to free/busy, or titles became allowed.
privacy_changed = Signal()
