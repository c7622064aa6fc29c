"""What Celery beat does without being asked, and how often: seconds, or a time of the day."""

from celery.schedules import crontab

CELERY_BEAT_SCHEDULE = {
    "drain the inbox": {"task": "conversations.tasks.drain_inbox", "schedule": 5.0},
    "send what is owed": {"task": "conversations.tasks.send_owed", "schedule": 10.0},
    "apply parked statuses": {"task": "conversations.tasks.settle_statuses", "schedule": 60.0},
    "ask after silent messages": {
        "task": "conversations.tasks.reconcile_statuses",
        "schedule": 300.0,
    },
    "wake the snoozed rooms": {"task": "conversations.tasks.wake_snoozed", "schedule": 30.0},
    "send the invitations": {"task": "reviews.tasks.send_invitations", "schedule": 5.0},
    "sync the keywords": {"task": "funnels.tasks.sync_keywords", "schedule": 600.0},
    "sweep the partners' folder": {"task": "carddata.tasks.sweep_drop", "schedule": 15.0},
    "resume forgotten partner files": {
        "task": "carddata.tasks.resume_forgotten_files",
        "schedule": 60.0,
    },
    "remove old exports": {"task": "funnel_site.exports.tasks.sweep_exports", "schedule": 60.0},
    "tidy the imports": {"task": "funnel_site.imports.tasks.sweep_imports", "schedule": 60.0},
    # On a new day this is a build of all customers.
    "build the changed profiles": {
        "task": "customer360.tasks.build_changed_profiles",
        "schedule": 600.0,
    },
    "look for duplicate customers": {
        "task": "customer360.tasks.find_duplicates",
        "schedule": crontab(hour="3", minute="10"),
    },
    "note who is in each segment": {
        "task": "customer360.tasks.refresh_segments",
        "schedule": crontab(hour="3", minute="40"),
    },
    "check the churn model": {
        "task": "customer360.tasks.check_model",
        "schedule": crontab(hour="4", minute="10"),
    },
    "drop what is old enough": {
        "task": "privacy.tasks.purge",
        "schedule": crontab(hour="4", minute="20"),
    },
    "archive old deliveries": {
        "task": "conversations.tasks.archive_raw",
        "schedule": crontab(hour="3", minute="10"),
    },
}
