from django.contrib import admin
from django.http import HttpRequest

from instructors.models import Instructor


@admin.register(Instructor)
class InstructorAdmin(admin.ModelAdmin):
    list_display = ["name", "email", "time_zone", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name", "email"]

    def has_delete_permission(self, request: HttpRequest, obj: Instructor | None = None) -> bool:
        """Never: what stands in Outlook would stay there. Deactivate instead."""
        return False
