from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

RIGHTS = ["view_user", "add_user", "change_user"]


def let_administrators_edit_accounts(apps, schema_editor):
    """The group Administrators may see, add and change accounts."""
    create_permissions(installed.get_app_config("auth"), verbosity=0, using=schema_editor.connection.alias)
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Administrators")
    rights = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="auth", codename__in=RIGHTS)
    group.permissions.add(*rights)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(let_administrators_edit_accounts, migrations.RunPython.noop)]
