from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

SCHEDULING = ["view_calendar", *(f"{verb}_{noun}" for verb in ("view", "add", "change", "delete") for noun in ("event", "session"))]


def create_group(apps, schema_editor):
    """The group Schedulers, who plan events and see who is free; Administrators may do so too."""
    using = schema_editor.connection.alias
    for label in ("events", "instructors"):
        create_permissions(installed.get_app_config(label), verbosity=0, using=using)
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    planning = Permission.objects.filter(content_type__app_label="events", codename__in=SCHEDULING)
    group, _ = Group.objects.get_or_create(name="Schedulers")
    group.permissions.add(*planning)
    group.permissions.add(*Permission.objects.filter(content_type__app_label="instructors", codename="view_instructor"))
    administrators, _ = Group.objects.get_or_create(name="Administrators")
    administrators.permissions.add(*planning)


class Migration(migrations.Migration):
    dependencies = [("events", "0003_calendar"), ("instructors", "0001_initial")]
    operations = [migrations.RunPython(create_group, migrations.RunPython.noop)]
