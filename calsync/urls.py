"""Where each page lives. Who may see it is declared at each view."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from accounts.views import SignIn
from calsync.views import healthz, home

urlpatterns = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("accounts/login/", SignIn.as_view(), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("", include("accounts.urls")),
    path("settings/calendar-integration/", include("integrations.urls")),
    path("settings/calendar-integration/", include("instructors.urls")),
    path("", include("events.urls")),
    path("admin/", admin.site.urls),
]

handler500 = "calsync.views.failure"
