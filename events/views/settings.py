"""Pages that count copies and external events: the Settings tab, and deleting an integration."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from events import closing
from events.forms import DeleteIntegrationForm
from events.overview import first_syncs, health, overviews
from instructors.listing import count_not_matched, has_instructors
from integrations.access import requires
from integrations.models import Integration


@require_GET
@requires("integrations.view_integration")
def integrations(request: HttpRequest) -> HttpResponse:
    """The Settings tab."""
    rows = overviews(Integration.objects.all())
    running = first_syncs(row for row in rows if row.is_first_sync)
    context = {
        "rows": rows,
        "health": health(rows),
        "first_syncs": running,
        "several_first_syncs": len(running) > 1,
        "expiring": [row for row in rows if row.secret_note],
        "unmatched_count": count_not_matched(),
        "has_instructors": has_instructors(),
    }
    return render(request, "settings/integrations.html", context)


@require_GET
@requires("integrations.view_integration")
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a look-up, first sync or clean-up has come; once it has ended, the whole page anew."""
    found = overviews(Integration.objects.filter(pk=pk))
    if not found or not found[0].is_moving:
        return HttpResponseClientRefresh()
    if "card" in request.GET:
        context = {"progress": first_syncs(found)[0], "is_compact": "compact" in request.GET}
        return render(request, "settings/_first_sync.html", context)
    return render(request, "settings/_progress.html", {"row": found[0]})


@require_http_methods(["GET", "POST"])
@requires("integrations.delete_integration")
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what goes with an integration and ask what becomes of our copies, then delete."""
    integration = get_object_or_404(Integration, pk=pk)
    form = DeleteIntegrationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        closing.close(integration, keep_copies=form.keeps_copies)
        is_done = not Integration.objects.filter(pk=pk).exists()
        text = _("%(name)s is deleted.") if is_done else _("%(name)s is being deleted. Our copies are removed first.")
        messages.success(request, text % {"name": integration.name})
        return redirect("events:integrations")
    context = {"form": form, "integration": integration, "consequences": closing.consequences(integration)}
    return render(request, "settings/integration_delete.html", context)


@require_POST
@requires("integrations.delete_integration")
def delete_anyway(request: HttpRequest, pk: int) -> HttpResponse:
    """End a clean-up that cannot finish; the copies that are left stay in Outlook."""
    integration = get_object_or_404(Integration, pk=pk, closing_at__isnull=False)
    left = closing.consequences(integration).copies
    closing.drop(integration)
    text = _("%(name)s is deleted. %(count)d of our copies stay in Outlook.")
    messages.success(request, text % {"name": integration.name, "count": left})
    return redirect("events:integrations")
