from django.urls import path

from events.views import calendar, events, instructor, planning, settings

SETTINGS = "settings/calendar-integration/"

app_name = "events"
urlpatterns = [
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/feed/", calendar.feed, name="feed"),
    path("calendar/conflicts/", calendar.conflicts, name="conflicts"),
    path("events/new/", planning.new, name="new"),
    path("events/candidates/", planning.candidates, name="candidates"),
    path("events/<int:pk>/edit/", planning.edit, name="edit"),
    path("instructors/<int:pk>/", instructor.instructor, name="instructor"),
    path("instructors/<int:pk>/delete/", instructor.delete, name="delete_instructor"),
    path("events/", events.events, name="list"),
    path("events/<int:pk>/", events.event, name="event"),
    path("events/<int:pk>/states/", events.states, name="states"),
    path("events/<int:pk>/cancel/", events.cancel, name="cancel"),
    path("events/<int:pk>/confirm/", events.confirm, name="confirm"),
    path("events/<int:pk>/delete/", events.delete, name="delete"),
    path(SETTINGS, settings.integrations, name="integrations"),
    path(f"{SETTINGS}<int:pk>/progress/", settings.progress, name="progress"),
    path(f"{SETTINGS}<int:pk>/delete/", settings.delete, name="delete_integration"),
    path(f"{SETTINGS}<int:pk>/delete-anyway/", settings.delete_anyway, name="delete_anyway"),
]
