from django.urls import path

from events import views

app_name = "events"
urlpatterns = [
    path("", views.integrations, name="integrations"),
    path("<int:pk>/progress/", views.progress, name="progress"),
    path("<int:pk>/delete/", views.delete, name="delete_integration"),
    path("<int:pk>/delete-anyway/", views.delete_anyway, name="delete_anyway"),
]
