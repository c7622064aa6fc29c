"""What Celery beat does without being asked, and how often: seconds, or a time of the day."""

from celery.schedules import crontab

from funnel_site.lib.marking import marked

CELERY_BEAT_SCHEDULE = {
    marked("drain the inbox"): {"task": "conversations.tasks.drain_inbox", "schedule": 5.0},
    marked("send what is owed"): {"task": "conversations.tasks.send_owed", "schedule": 10.0},
    marked("apply parked statuses"): {
        "task": "conversations.tasks.settle_statuses",
        "schedule": 60.0,
    },
    marked("ask after silent messages"): {
        "task": "conversations.tasks.reconcile_statuses",
        "schedule": 300.0,
    },
    marked("wake the snoozed rooms"): {
        "task": "conversations.tasks.wake_snoozed",
        "schedule": 30.0,
    },
    marked("send the invitations"): {"task": "reviews.tasks.send_invitations", "schedule": 5.0},
    marked("sync the keywords"): {"task": "funnels.tasks.sync_keywords", "schedule": 600.0},
    marked("sweep the partners' folder"): {"task": "carddata.tasks.sweep_drop", "schedule": 15.0},
    marked("resume forgotten partner files"): {
        "task": "carddata.tasks.resume_forgotten_files",
        "schedule": 60.0,
    },
    marked("remove old exports"): {
        "task": "funnel_site.exports.tasks.sweep_exports",
        "schedule": 60.0,
    },
    marked("tidy the imports"): {
        "task": "funnel_site.imports.tasks.sweep_imports",
        "schedule": 60.0,
    },
    # On a new day this is a build of all customers.
    marked("build the changed profiles"): {
        "task": "customer360.tasks.build_changed_profiles",
        "schedule": 600.0,
    },
    marked("look for duplicate customers"): {
        "task": "customer360.tasks.find_duplicates",
        "schedule": crontab(hour="3", minute="10"),
    },
    marked("note who is in each segment"): {
        "task": "customer360.tasks.refresh_segments",
        "schedule": crontab(hour="3", minute="40"),
    },
    marked("check the churn model"): {
        "task": "customer360.tasks.check_model",
        "schedule": crontab(hour="4", minute="10"),
    },
    marked("drop what is old enough"): {
        "task": "privacy.tasks.purge",
        "schedule": crontab(hour="4", minute="20"),
    },
    marked("archive old deliveries"): {
        "task": "conversations.tasks.archive_raw",
        "schedule": crontab(hour="3", minute="10"),
    },
}
