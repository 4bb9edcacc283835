"""What this floor tells the floor above, and what it hears from below."""

from django.dispatch import Signal

# sender: CalendarMapping; mappings: list of primary keys; bulk: bool, optional. These calendars are to be synced as
# soon as the transaction is committed; `bulk` ones, which start with a first sync, leave the way free for pushes.
sync_wanted = Signal()
# sender: CalendarMapping; mapping: CalendarMapping; remove_copies: bool. What was pulled from it is to be dropped.
calendar_forgotten = Signal()
