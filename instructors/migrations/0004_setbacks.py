from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('instructors', '0003_refused'),
    ]

    operations = [
        migrations.AddField(
            model_name='calendarmapping',
            name='lapses',
            field=models.PositiveSmallIntegerField(default=0, help_text='Workers that ended without a word, in a row.'),
        ),
        migrations.AddField(
            model_name='calendarmapping',
            name='unread',
            field=models.TextField(blank=True, help_text='Items that could not be asked for, to be asked for again.'),
        ),
    ]
