from django.urls import path

from integrations import views

app_name = "integrations"
urlpatterns = [
    path("new/", views.new, name="new"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/test/", views.test, name="test"),
    path("<int:pk>/deactivate/", views.deactivate, name="deactivate"),
    path("<int:pk>/activate/", views.activate, name="activate"),
    path("<int:pk>/sync/", views.sync, name="sync"),
]
