from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_dialogues_reviews_invitations")]

    operations = [
        migrations.AlterField(
            model_name="reviewsession",
            name="step",
            field=models.CharField(
                choices=[
                    ("start", "Asked for the product"),
                    ("ask_name", "Asked for the name"),
                    ("ask_review", "Asked for the review"),
                    ("ask_rating", "Asked for stars"),
                    ("ask_resume", "Asked whether to go on"),
                    ("finish", "Finished"),
                ],
                default="start",
                max_length=12,
            ),
        ),
    ]
