"""docs/roles.md: the matrix of the roles as people read it."""

from django.apps import apps

from funnel_site.access.roles import Matrix

HEAD = """# Roles

Made from `funnel_site/access/roles.yaml` by `manage.py describe_roles`: change that file, not this
page. `manage.py migrate` makes the groups equal to it each time it runs; what was changed in these
groups by hand is undone then. Groups of your own are left alone, and so is who is in which group.

Give a member of staff one or more of these groups under **Staff**, and nothing directly. A superuser
may do all; keep one such account, for emergencies.
"""
TAIL = """
V view, A add, C change, D delete, X export to a file. What is not listed, only superusers may.

- **Masked**: without *see_contacts* a phone number is its last four digits, a name its first letters,
  and messages are hidden: on pages, in lists, in files and in the API's answers to staff. Neither can
  be searched or filtered by who somebody is. Without *see_phones* numbers alone are masked.
- **Shown for a while**: *reveal_phone* and *reveal_payload* show one number or one delivery for 30
  seconds, with a reason that stays in the audit trail.
- **Deleted for good**: D of notes, reviews and rejected rows asks for a reason, which stays in the audit
  trail. Of a review its product and stars stay, of a rejected row its place, so that counts hold.
- **Two people**: what takes a second one is in [operator.md](operator.md), under “Two people”.
- **Rooms**: without *see_all_rooms* the rooms of colleagues are not there: not in lists, searches,
  addresses or actions.
- **Audit**: everybody sees their own trail; *see_teams_trail* the agents', *see_everyones_trail* all. Nobody changes it.
- Keys of the API see what their scopes say, in full: [integrator.md](integrator.md).
"""


def describe(wanted: Matrix) -> str:
    """The page as Markdown."""
    names = [role.name for role in wanted.roles]
    parts = [HEAD, "", *(f"- **{role.name}**: {role.purpose}" for role in wanted.roles), ""]
    parts += [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for label in _labels(wanted):
        cells = [role.letters.get(label, "–") for role in wanted.roles]
        parts.append(f"| {_title(label)} | {' | '.join(cells)} |")
    for label, codename, words in wanted.own:
        name = f"{label.split('.')[0]}.{codename}"
        cells = ["yes" if name in role.also else "–" for role in wanted.roles]
        parts.append(f"| *{codename}*: {words[0].lower()}{words[1:]} | {' | '.join(cells)} |")
    return "\n".join(parts) + "\n" + TAIL


def _labels(wanted: Matrix) -> list[str]:
    """Every model that a role has, app by app in the order of the site."""
    order = [config.label for config in apps.get_app_configs()]
    labels = {label for role in wanted.roles for label in role.letters}
    return sorted(labels, key=lambda label: (order.index(label.split(".")[0]), _title(label)))


def _title(label: str) -> str:
    options = apps.get_model(label)._meta
    name = str(options.verbose_name_plural)
    return f"{options.app_config.verbose_name}: {name}"
