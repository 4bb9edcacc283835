"""Adding, editing and deactivating instructors, and what is done for those who are not matched."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from instructors.forms import InstructorForm, whose
from instructors.listing import not_matched
from instructors.models import Instructor, Unmatched
from instructors.receivers import enqueue_discovery
from instructors.views.places import back, follow_look_up, next_page
from integrations.access import requires
from integrations.models import Integration


@require_http_methods(["GET", "POST"])
@requires("instructors.add_instructor")
def new(request: HttpRequest) -> HttpResponse:
    form = InstructorForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and form.saved():
        messages.success(request, f"{_('%(name)s is added.') % {'name': form.instance}} {what_follows()}")
        follow_look_up(request)
        return back(request)
    context = {"form": form, "next": next_page(request), "follows": what_follows()}
    return render(request, "settings/instructor_new.html", context)


def what_follows() -> str:
    """The sentence about what happens to an address that is new here."""
    if Integration.objects.filter(status=Integration.Status.ACTIVE, closing_at=None).exists():
        return _("The directory is asked for the mailbox at once.")
    return _("The mailbox is matched as soon as an integration is active.")


@require_http_methods(["GET", "POST"])
@requires("instructors.change_instructor")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    instructor = get_object_or_404(Instructor, pk=pk)
    stored_name = instructor.name  # the form writes its values into `instructor`, valid or not
    form = InstructorForm(request.POST or None, instance=instructor)
    if request.method == "POST" and form.is_valid() and form.saved():
        messages.success(request, _("%(name)s is saved.") % {"name": instructor})
        if "email" in form.changed_data:
            follow_look_up(request)
        return back(request)
    context = {"form": form, "instructor": instructor, "stored_name": stored_name, "next": next_page(request)}
    return render(request, "settings/instructor_edit.html", context)


@require_http_methods(["GET", "POST"])
@requires("instructors.change_instructor")
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what goes with an instructor's activity, then end it."""
    instructor = get_object_or_404(Instructor, pk=pk, is_active=True)
    if request.method == "POST":
        switch(instructor, is_active=False)
        messages.success(request, _("%(name)s is inactive.") % {"name": instructor})
        return back(request)
    context = {"instructor": instructor, "next": next_page(request)}
    return render(request, "settings/instructor_deactivate.html", context)


@require_POST
@requires("instructors.change_instructor")
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    instructor = get_object_or_404(Instructor, pk=pk, is_active=False)
    switch(instructor, is_active=True)
    messages.success(request, _("%(name)s is active again.") % {"name": instructor})
    follow_look_up(request)
    return back(request)


def switch(instructor: Instructor, *, is_active: bool) -> None:
    instructor.is_active = is_active
    instructor.save(update_fields=["is_active"])


@require_POST
@requires("instructors.change_calendarmapping")
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Look one instructor up again."""
    missing = get_object_or_404(Unmatched.objects.select_related("instructor"), pk=pk)
    enqueue_discovery([missing.integration_id], [missing.instructor_id])
    messages.success(request, _("%(name)s is looked up again.") % {"name": missing.instructor})
    follow_look_up(request)
    return back(request)


@require_POST
@requires("instructors.change_calendarmapping")
def check_all(request: HttpRequest) -> HttpResponse:
    """Look everybody up again who is not matched."""
    integrations = list(not_matched().order_by().values_list("integration", flat=True).distinct())
    enqueue_discovery(integrations)
    messages.success(request, _("Everybody who is not matched is looked up again."))
    follow_look_up(request)
    return redirect("instructors:list")


@require_POST
@requires("instructors.change_instructor")
def use_address(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an instructor the address that the directory has named; the mailbox is looked up by it at once."""
    missing = get_object_or_404(Unmatched.objects.select_related("instructor").exclude(suggestion=""), pk=pk)
    instructor, address = missing.instructor, missing.suggestion
    if owner := Instructor.objects.exclude(pk=instructor.pk).filter(email__iexact=address).first():
        messages.error(request, whose(owner))
        return back(request)
    instructor.email = address
    instructor.save(update_fields=["email"])
    text = _("%(name)s now has the address %(address)s. The directory is asked for the mailbox.")
    messages.success(request, text % {"name": instructor, "address": address})
    follow_look_up(request)
    return back(request)
