from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('instructors', '0004_setbacks'),
    ]

    operations = [
        migrations.AddField(
            model_name='calendarmapping',
            name='census_pages',
            field=models.PositiveIntegerField(default=0, help_text='Pages of a full round that is not finished.'),
        ),
        migrations.AddField(
            model_name='calendarmapping',
            name='census_readings',
            field=models.PositiveSmallIntegerField(default=0, help_text='How often this census was repeated.'),
        ),
        migrations.AddField(
            model_name='calendarmapping',
            name='round_pages',
            field=models.PositiveIntegerField(default=0, help_text='Pages of a round that is not finished.'),
        ),
    ]
