from django.urls import path

from instructors.views import calendars, people

PERSON = "instructors/people/<int:pk>/"

app_name = "instructors"
urlpatterns = [
    path("instructors/", calendars.listing, name="list"),
    path("instructors/new/", people.new, name="new"),
    path(f"{PERSON}edit/", people.edit, name="edit"),
    path(f"{PERSON}deactivate/", people.deactivate, name="deactivate"),
    path(f"{PERSON}activate/", people.activate, name="activate"),
    path("instructors/not-matched/", calendars.unmatched, name="unmatched"),
    path("instructors/not-matched/check/", people.check_all, name="check_all"),
    path("instructors/not-matched/<int:pk>/check/", people.check, name="check"),
    path("instructors/not-matched/<int:pk>/use-address/", people.use_address, name="use_address"),
    path("instructors/<int:pk>/stop/", calendars.stop, name="stop"),
    path("instructors/<int:pk>/start/", calendars.start, name="start"),
    path("instructors/<int:pk>/sync/", calendars.sync, name="sync"),
]
