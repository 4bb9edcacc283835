from django.urls import path

from instructors import views

app_name = "instructors"
urlpatterns = [
    path("instructors/", views.listing, name="list"),
    path("instructors/not-matched/", views.unmatched, name="unmatched"),
    path("instructors/not-matched/check/", views.check_all, name="check_all"),
    path("instructors/not-matched/<int:pk>/check/", views.check, name="check"),
    path("instructors/<int:pk>/stop/", views.stop, name="stop"),
    path("instructors/<int:pk>/start/", views.start, name="start"),
    path("instructors/<int:pk>/sync/", views.sync, name="sync"),
]
