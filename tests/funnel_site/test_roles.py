"""Roles: the groups are what the file says, and the page in docs/ says the same."""

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command

from funnel_site.access.description import describe
from funnel_site.access.roles import matrix, read_matrix


def held(name: str) -> set[str]:
    return {
        f"{app}.{codename}"
        for app, codename in Permission.objects.filter(group__name=name).values_list(
            "content_type__app_label", "codename"
        )
    }


@pytest.mark.django_db
def test_a_migrated_site_has_the_roles_of_the_file() -> None:
    assert len(matrix().roles) == 6
    for role in matrix().roles:
        assert held(role.name) == role.permissions


@pytest.mark.django_db
def test_a_migration_mends_the_roles_and_leaves_other_groups_and_members() -> None:
    agents = Group.objects.get(name="Support agent")
    member = User.objects.create_user("ana", is_staff=True)
    member.groups.add(agents)
    agents.permissions.set(Permission.objects.filter(codename="delete_user"))
    own = Group.objects.create(name="Night shift")
    own.permissions.set(Permission.objects.filter(codename="view_room"))

    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)

    role = next(role for role in matrix().roles if role.name == "Support agent")
    assert held("Support agent") == role.permissions
    assert held("Night shift") == {"conversations.view_room"}
    assert list(member.groups.all()) == [agents]


def test_the_page_of_the_docs_is_what_the_file_says() -> None:
    assert (settings.BASE_DIR / "docs/roles.md").read_text("utf-8") == describe(matrix())


@pytest.mark.parametrize("letters", ["", "Z", "VV Z"])
def test_a_letter_that_means_nothing_is_refused(letters: str) -> None:
    role = {"for": "Nobody.", "may": {"conversations.room": letters}}
    with pytest.raises(ValueError, match=r"Some role, conversations\.room"):
        read_matrix({"roles": {"Some role": role}, "own": {}})
