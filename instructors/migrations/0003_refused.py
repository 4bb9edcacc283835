from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('instructors', '0002_suggestion'),
    ]

    operations = [
        migrations.AlterField(
            model_name='unmatched',
            name='cause',
            field=models.CharField(choices=[('not_found', 'No such address in the directory.'), ('alias', 'The address is an alias of another address.'), ('ambiguous', 'Several people have this address.'), ('guest', 'A guest account. Guests have no mailbox that calsync can read.'), ('taken', 'Another instructor is paired with this mailbox.'), ('refused', 'The app may not look people up.')], max_length=20),
        ),
    ]
