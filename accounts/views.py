"""Signing in, one's own profile, and the first run."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from accounts import setup
from accounts.forms import OwnPasswordForm, ProfileForm, SetUpForm
from accounts.models import profile_of
from integrations.access import signed_in


class SignIn(LoginView):
    """The sign-in page. A page that is open already asks it for JSON, and stays."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.redirect_authenticated_user = not self.is_asked_by_page  # it may be that somebody else signed in here
        return redirect("accounts:set_up") if setup.is_wanted() else super().dispatch(request, *args, **kwargs)

    @property
    def is_asked_by_page(self) -> bool:
        return self.request.headers.get("Accept") == "application/json"

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        answer = super().form_valid(form)
        return JsonResponse({"signed_in": True}) if self.is_asked_by_page else answer

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        return JsonResponse({"signed_in": False}) if self.is_asked_by_page else super().form_invalid(form)


@require_GET
@never_cache
@ensure_csrf_cookie
def alive(request: HttpRequest) -> JsonResponse:
    """Whether one is signed in still, as the same user; a page asks before it sends what was typed for a long time."""
    return JsonResponse({"signed_in": request.user.is_authenticated, "user": request.user.get_username()})


@require_http_methods(["GET", "POST"])
@signed_in
def profile(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    form = ProfileForm(request.POST or None, instance=user, profile=profile_of(user))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
        messages.success(request, _("Your profile is saved."))
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form, "is_new": form.profile.pk is None})


class OwnPassword(PasswordChangeView):
    """Another password for oneself. The session stays, all other ones of this account end."""

    template_name = "accounts/own_password.html"
    form_class = OwnPasswordForm
    success_url = reverse_lazy("accounts:profile")

    @transaction.atomic
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """The account is held while it is changed, so that a password that an administrator sets meanwhile stays."""
        kwargs = super().get_form_kwargs()
        if self.request.method == "POST":
            kwargs["user"] = User.objects.select_for_update().get(pk=kwargs["user"].pk)
        return kwargs

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Your password is changed. Other devices are signed out."))
        return super().form_valid(form)


own_password = signed_in(OwnPassword.as_view())


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@never_cache
def set_up(request: HttpRequest) -> HttpResponse:
    """The first account. Leads to the sign-in page as soon as there is one."""
    if not setup.is_wanted():
        return redirect("login")
    form = SetUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.save(commit=False)
        if not setup.create_administrator(user):
            return redirect("login")
        login(request, user, "accounts.backends.ProfileBackend")
        messages.success(request, _("Your account is made. You are signed in as an administrator."))
        return redirect("events:integrations")
    setup.announce()
    return render(request, "accounts/set_up.html", {"form": form})
