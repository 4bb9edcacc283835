"""Pages of the Settings tab that show one integration: create, edit, test, pause."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from integrations import switching
from integrations.access import requires
from integrations.connection import check
from integrations.forms import EditIntegrationForm, NewIntegrationForm
from integrations.models import Integration

SETTINGS = "events:integrations"  # the list stands on the highest floor, because it counts copies


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("client_secret")
@requires("integrations.add_integration")
def new(request: HttpRequest) -> HttpResponse:
    """Create an integration; with "test", only try its values."""
    form = NewIntegrationForm(request.POST or None)
    wants_it = request.POST.get("action") != "test"
    if request.method == "POST" and form.has_passed() and wants_it and form.saved():
        text = _("%(name)s is created and active. Instructors are being matched, then their calendars are read.")
        messages.success(request, text % {"name": form.instance.name})
        return away(request)
    return render(request, "settings/integration_new.html", {"form": form, "checks": form.checks})


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("client_secret")
@requires("integrations.change_integration")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    integration = get_object_or_404(Integration, pk=pk)
    form = EditIntegrationForm(request.POST or None, instance=integration)
    if request.method == "POST" and form.may_be_saved():
        form.save()
        messages.success(request, _("%(name)s is saved.") % {"name": integration.name})
        return away(request)
    stored = Integration.objects.only("name").get(pk=pk)  # the form has written its values into `integration`
    context = {"form": form, "checks": form.checks, "integration": integration, "stored_name": stored.name}
    return render(request, "settings/integration_edit.html", context)


@require_POST
@requires("integrations.change_integration")
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Try every right of a saved integration. One that passes and was resting after a failure is woken."""
    integration = get_object_or_404(Integration, pk=pk)
    checks = check(integration)
    if all(one.passed for one in checks) and integration.is_active and integration.failing_since:
        switching.wake(integration)
    return render(request, "settings/integration_test.html", {"integration": integration, "checks": checks})


@require_POST
@requires("integrations.change_integration")
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    integration = get_object_or_404(Integration, pk=pk, closing_at=None)
    switching.deactivate(integration)
    messages.success(request, _("%(name)s is inactive. Nothing is pushed or pulled.") % {"name": integration.name})
    return redirect(SETTINGS)


@require_POST
@requires("integrations.change_integration")
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    integration = get_object_or_404(Integration, pk=pk, closing_at=None)
    switching.activate(integration)
    messages.success(request, _("%(name)s is active. Its calendars are synced now.") % {"name": integration.name})
    return redirect(SETTINGS)


@require_POST
@requires("integrations.change_integration")
def sync(request: HttpRequest, pk: int) -> HttpResponse:
    integration = get_object_or_404(Integration, pk=pk, status=Integration.Status.ACTIVE, closing_at=None)
    switching.wake(integration)
    messages.success(request, _("All calendars of %(name)s are synced now.") % {"name": integration.name})
    return redirect(SETTINGS)


def away(request: HttpRequest) -> HttpResponse:
    """Back to the list, also for a form that htmx has sent."""
    return HttpResponseClientRedirect(resolve_url(SETTINGS)) if request.htmx else redirect(SETTINGS)  # type: ignore[attr-defined]
