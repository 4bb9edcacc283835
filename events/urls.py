from django.urls import path

from events.views import settings

SETTINGS = "settings/calendar-integration/"

app_name = "events"
urlpatterns = [
    path(SETTINGS, settings.integrations, name="integrations"),
    path(f"{SETTINGS}<int:pk>/progress/", settings.progress, name="progress"),
    path(f"{SETTINGS}<int:pk>/delete/", settings.delete, name="delete_integration"),
    path(f"{SETTINGS}<int:pk>/delete-anyway/", settings.delete_anyway, name="delete_anyway"),
]
