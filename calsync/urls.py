"""Where each page lives. Who may see it is declared at each view."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path
from django.views.generic import RedirectView

from calsync.views import healthz

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="events:integrations"), name="home"),
    path("healthz", healthz, name="healthz"),
    path("accounts/login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("settings/calendar-integration/", include("integrations.urls")),
    path("settings/calendar-integration/", include("instructors.urls")),
    path("", include("events.urls")),
    path("admin/", admin.site.urls),
]

handler500 = "calsync.views.failure"
