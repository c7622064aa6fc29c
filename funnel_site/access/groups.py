"""Makes the groups of the database equal to the roles of the file, after every migration."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction

from funnel_site.access.roles import Matrix, matrix


def keep_roles(app_config: Any, using: str = "default", **_: Any) -> None:
    """Receiver of post_migrate: does its work where all tables and permissions are there."""
    if Group._meta.db_table not in connections[using].introspection.table_names():
        return
    create_permissions(app_config, verbosity=0, interactive=False, using=using)
    with transaction.atomic(using=using):
        make_permissions(matrix())
        make_groups(matrix())


def make_permissions(wanted: Matrix) -> None:
    """Our own permissions, and `export` for every list that can be exported."""
    named = {(label, codename): words for label, codename, words in wanted.own}
    exported = {
        model._meta.label_lower
        for model, page in admin.site._registry.items()
        if hasattr(page, "has_export_permission")
    }
    for role in wanted.roles:
        exported |= {label for label, letters in role.letters.items() if "X" in letters}
    for label in sorted(exported):
        options = apps.get_model(label)._meta
        words = f"Can export {options.verbose_name_plural}"
        named[(label, f"export_{options.model_name}")] = words
    models = {label: apps.get_model(label) for label, _ in named}
    types = ContentType.objects.get_for_models(*models.values(), for_concrete_models=False)
    Permission.objects.bulk_create(
        [
            Permission(content_type=types[models[label]], codename=codename, name=words)
            for (label, codename), words in named.items()
        ],
        ignore_conflicts=True,
    )


def make_groups(wanted: Matrix) -> None:
    """The file's groups with the file's permissions. Other groups, and who is in a group, stay.

    A permission whose table is not migrated yet is left out until it is.
    """
    names = [role.name for role in wanted.roles]
    Group.objects.bulk_create([Group(name=name) for name in names], ignore_conflicts=True)
    groups = {group.name: group.pk for group in Group.objects.filter(name__in=names)}
    known = {
        f"{app}.{codename}": number
        for number, app, codename in Permission.objects.values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    meant = {
        (groups[role.name], known[name])
        for role in wanted.roles
        for name in role.permissions & known.keys()
    }
    links = Group.permissions.through.objects
    held = {
        (group, permission): number
        for number, group, permission in links.filter(group__in=groups.values()).values_list(
            "pk", "group_id", "permission_id"
        )
    }
    links.filter(pk__in=[held[one] for one in held.keys() - meant]).delete()
    links.bulk_create(
        [
            Group.permissions.through(group_id=group, permission_id=permission)
            for group, permission in sorted(meant - held.keys())
        ],
        ignore_conflicts=True,
    )
