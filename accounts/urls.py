from django.urls import path

from accounts import people, views

SETTINGS = "settings/accounts/"

app_name = "accounts"
urlpatterns = [
    path("accounts/set-up/", views.set_up, name="set_up"),
    path("accounts/alive/", views.alive, name="alive"),
    path("accounts/profile/", views.profile, name="profile"),
    path("accounts/profile/password/", views.own_password, name="own_password"),
    path(SETTINGS, people.listing, name="list"),
    path(f"{SETTINGS}new/", people.new, name="new"),
    path(f"{SETTINGS}<int:pk>/edit/", people.edit, name="edit"),
    path(f"{SETTINGS}<int:pk>/password/", people.password, name="password"),
    path(f"{SETTINGS}<int:pk>/deactivate/", people.deactivate, name="deactivate"),
    path(f"{SETTINGS}<int:pk>/activate/", people.activate, name="activate"),
]
