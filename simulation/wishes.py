"""What our side wants, as SQL says it: the engine is not asked."""

from uuid import UUID

from django.db import connection

from simulation.cast import NAMES

WISHES = """
SELECT mapping.remote_user_id, session.uid
FROM events_session AS session
JOIN events_event AS event ON event.id = session.event_id AND event.status = 'confirmed'
JOIN instructors_calendarmapping AS mapping ON mapping.sync_enabled AND mapping.leaving_at IS NULL
JOIN instructors_instructor AS teacher ON teacher.id = mapping.instructor_id AND teacher.is_active
JOIN integrations_integration AS integration ON integration.id = mapping.integration_id
    AND integration.status = 'active' AND integration.closing_at IS NULL
WHERE teacher.id IN (SELECT instructor_id FROM events_session_instructors WHERE session_id = session.id)
    OR teacher.id IN (SELECT instructor_id FROM events_event_instructors WHERE event_id = event.id)
    AND NOT EXISTS (SELECT FROM events_session_instructors WHERE session_id = session.id)
"""


def wishes() -> set[tuple[str, UUID]]:
    """Which session is wanted in which mailbox at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(WISHES)
        return {(NAMES[mailbox], uid) for mailbox, uid in cursor.fetchall()}
