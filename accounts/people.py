"""Settings, Accounts: administrators add people, give them roles and switch their accounts off."""

from typing import cast

from axes.utils import reset as forget_wrong_passwords
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.forms import LAST_ADMINISTRATOR, NAME_IS_TAKEN, AccountForm, NewAccountForm, NewPasswordForm
from accounts.listing import found, rows
from accounts.roles import editable_by, is_last_administrator
from integrations.access import requires

PAGE = 50


@require_GET
@vary_on_headers("HX-Request")
@requires("auth.view_user")
def listing(request: HttpRequest) -> HttpResponse:
    """All accounts, or only their table where htmx searches or pages."""
    page = Paginator(found(request.GET), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": rows(list(page), viewer(request)), "q": request.GET.get("q", "")}
    template = "accounts/_rows.html" if request.htmx else "accounts/list.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@requires("auth.add_user")
def new(request: HttpRequest) -> HttpResponse:
    form = NewAccountForm(request.POST or None, editor=viewer(request))
    if request.method == "POST" and form.is_valid() and is_saved(form):
        messages.success(request, _("%(name)s can sign in now.") % {"name": form.instance.get_full_name()})
        return redirect("accounts:list")
    return render(request, "accounts/new.html", {"form": form})


@require_http_methods(["GET", "POST"])
@requires("auth.change_user")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    user = editable(request, pk)
    stored_name = user.get_full_name() or user.username
    form = AccountForm(request.POST or None, instance=user, editor=viewer(request))
    if request.method == "POST" and form.is_valid() and is_saved(form):
        messages.success(request, _("The account of %(name)s is saved.") % {"name": user.get_full_name()})
        return redirect("accounts:list")
    return render(request, "accounts/edit.html", {"form": form, "account": user, "stored_name": stored_name})


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@requires("auth.change_user")
def password(request: HttpRequest, pk: int) -> HttpResponse:
    """A new password for somebody who has lost theirs; one's own is changed in the profile."""
    user = editable(request, pk)
    if user == request.user:
        return redirect("accounts:own_password")
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        forget_wrong_passwords(username=user.username)
        messages.success(request, _("%(name)s has a new password.") % {"name": user.get_full_name() or user.username})
        return redirect("accounts:list")
    return render(request, "accounts/password.html", {"form": form, "account": user})


@require_POST
@requires("auth.change_user")
@transaction.atomic
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = editable(request, pk)
    name = {"name": user.get_full_name() or user.username}
    if user == request.user:
        messages.error(request, _("You cannot deactivate your own account. Another administrator can."))
    elif is_last_administrator(user):
        messages.error(request, LAST_ADMINISTRATOR)
    else:
        user.is_active = False
        user.save(update_fields=["is_active"])
        end_sessions(user)
        messages.success(request, _("The account of %(name)s is inactive. It cannot sign in.") % name)
    return redirect("accounts:list")


@require_POST
@requires("auth.change_user")
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    user = editable(request, pk)
    user.is_active = True
    user.save(update_fields=["is_active"])
    name = {"name": user.get_full_name() or user.username}
    messages.success(request, _("The account of %(name)s is active. It can sign in.") % name)
    return redirect("accounts:list")


def viewer(request: HttpRequest) -> User:
    return cast("User", request.user)


def editable(request: HttpRequest, pk: int) -> User:
    """The account, if the viewer may change it; else 404 or 403."""
    user = get_object_or_404(User, pk=pk)
    if not editable_by(viewer(request)).filter(pk=pk).exists():
        raise PermissionDenied
    return user


def end_sessions(user: User) -> None:
    """Sign somebody out everywhere, so that an account that is activated again begins with its password."""
    for session in Session.objects.filter(expire_date__gt=now()).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def is_saved(form: AccountForm) -> bool:
    """Save all or nothing; False, with the reason at its field, where that cannot be."""
    try:
        with transaction.atomic():
            form.save()
    except ValidationError as error:
        form.add_error("roles", error)
    except IntegrityError:  # sent twice at the same moment
        form.add_error("username", NAME_IS_TAKEN)
    return form.is_valid()
