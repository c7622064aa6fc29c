"""Every page and button of the admin, walked by every role: what the file says, no more."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from conversations.models import InboundEvent
from tests.funnel_site.world import (
    BUTTONS,
    NOBODY,
    ROLES,
    TRACES,
    World,
    addresses,
    enter,
    hidden_from,
    make_world,
    parts_of,
)

# Addresses with a permission of their own: of a button, a file or a page for one deed.
OWN_PERMISSION = {
    "conversations_attachment_fetch": "conversations.view_message",
    "conversations_attachment_file": "conversations.view_message",
    "conversations_inboundevent_replay_all": "conversations.change_inboundevent",
    "conversations_inboundevent_replay_one": "conversations.change_inboundevent",
    "conversations_inboundevent_ignore_one": "conversations.change_inboundevent",
    "conversations_inboundevent_take_up_one": "conversations.change_inboundevent",
    "conversations_message_import": "conversations.change_inboundevent",
    "conversations_message_template_import": "conversations.change_inboundevent",
    "funnels_keyword_sync_now": "funnels.sync_keyword funnels.publish_keyword",
    "funnels_keyword_import": "funnels.publish_keyword",
    "access_apikey_rotate": "access.add_apikey",
    "conversations_inboundevent_show": "conversations.reveal_payload",
    "funnels_keyword_template_import": "funnels.publish_keyword",
    "reviews_botwords_edit": "reviews.change_botwords",
    "reviews_campaign_invite": "reviews.add_invitation",
    "reviews_catalogueproduct_import": "reviews.add_catalogueproduct",
    "reviews_catalogueproduct_process_import": "reviews.add_catalogueproduct",
    "reviews_catalogueproduct_match_waiting_reviews": "reviews.change_review",
    "reviews_review_match": "reviews.change_review",
    "reviews_review_import": "reviews.add_review",
    "reviews_review_template_import": "reviews.add_review",
    "reviews_review_process_import": "reviews.add_review",
    "carddata_partnerfile_send": "carddata.add_partnerfile",
    "carddata_partnerfile_upload": "carddata.add_partnerfile",
    "carddata_partnerfile_undo": "carddata.change_partnerfile",
    "carddata_rejectedrow_resubmit": "carddata.export_rejectedrow",
    "customer360_export": "customer360.export_customerprofile",
    "customer360_model_check": "customer360.add_profilebuild",
    "customer360_customer_note_delete": "conversations.delete_note",
    "customer360_customer_note_page": "conversations.view_note",
    "customer360_times": "conversations.see_times",
    "operations_overview": "operations.view_operations",
    "operations_system": "operations.view_operations operations.view_health",
    "privacy_datarequest_find": "privacy.export_customer privacy.erase_customer",
    "customer360_profilebuild_build_changed": "customer360.add_profilebuild",
    "customer360_profilebuild_build_all": "customer360.add_profilebuild",
}
# Pages of one's own, for everybody who may sign in.
FOR_EVERYBODY = re.compile("^(access_account|(exports|imports)_(mine|live)$)")
# The agents' screen shows who a customer is: it takes a permission, and unmasked eyes.
DESK = {
    "customer360_find": "conversations.view_customer",
    "customer360_search": "conversations.view_customer",
    "customer360_customer": "conversations.view_customer",
    "customer360_customer_live": "conversations.view_customer",
    "customer360_queue": "conversations.view_room",
}
ENDINGS = {"add": "add", "delete": "delete", "export": "export", "import": "change"}
POSTS = {
    "/admin/conversations/room/{room}/answer/": "conversations.add_message",
    "/admin/conversations/room/{room}/bot/": "conversations.add_message",
    "/admin/conversations/customer/{customer}/consent/": "conversations.add_consent",
    "/admin/conversations/customer/{customer}/block/": "conversations.add_consent",
    "/admin/funnels/funnel/{funnel}/correct/": "funnels.add_correction",
    "/admin/reviews/review/{review}/moderate/": "reviews.hide_review",
    "/admin/reviews/review/{review}/note/": "reviews.change_review",
    "/admin/reviews/review/{review}/answer/": "conversations.add_message",
    "/admin/carddata/partnerfile/{file}/cancel/": "carddata.change_partnerfile",
    "/admin/carddata/partnerfile/{file}/redo/": "carddata.change_partnerfile",
    "/admin/carddata/rejectedrow/file/{file}/dismiss/": "carddata.change_rejectedrow",
    "/admin/carddata/rejectedrow/file/{file}/retry/": "carddata.change_rejectedrow",
}
ACTIONS = {
    "replay": "conversations.change_inboundevent",
    "ignore": "conversations.change_inboundevent",
    "take_up": "conversations.change_inboundevent",
    "publish": "reviews.change_review",
    "hide": "reviews.hide_review",
    "reject": "reviews.change_review",
    "flag": "reviews.change_review",
    "match_to_product": "reviews.change_review",
    "not_in_catalogue": "reviews.change_review",
    "invite": "reviews.add_invitation",
    "part_again": "conversations.change_customer",
    "mark_seen": "carddata.change_staffnotice",
}
RAW = "/admin/carddata/rejectedrow/"
"""Where operators see rows as they came, to mend them: that is their work, and each look is noted."""


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def needed(label: str, name: str) -> str:
    """The permissions of which one opens the address."""
    app, model = label.split(".")
    if name in OWN_PERMISSION:
        return OWN_PERMISSION[name]
    ending = name.rpartition("_")[2]
    if ending in ENDINGS:
        return f"{app}.{ENDINGS[ending]}_{model}"
    return f"{app}.view_{model} {app}.change_{model}"


def is_for(label: str, name: str, may: frozenset[str]) -> bool:
    """Whether somebody with these permissions is meant to open the address."""
    if FOR_EVERYBODY.search(name):
        return True
    if name in ("access_approval_change", "access_approval_history"):
        # The world's one is an export: for those who could confirm it, and those who watch.
        return bool(may & {"access.see_all_approvals", "privacy.export_customer"})
    if name in DESK:
        return {DESK[name], "conversations.see_contacts"} <= may
    app, model = label.split(".")
    if app == "customer360" and name.endswith("_import"):
        return {f"{app}.add_{model}", f"{app}.change_{model}"} <= may
    return bool(may & set(needed(label, name).split()))


@pytest.mark.parametrize("role", [*ROLES, NOBODY])
def test_the_pages_of_a_role(world: World, role: str) -> None:
    client, may = enter(role)
    chief = Client()
    chief.force_login(User.objects.create_superuser("chief"))
    hidden = hidden_from(may)
    wrong = []
    opened = 0
    seen: set[str] = set()
    for label, name, address in addresses(world):
        is_meant = is_for(label, name, may)
        if BUTTONS.search(name) and is_meant:
            continue
        answer = client.get(address)
        if answer.status_code >= 500 or (answer.status_code == 200 and not is_meant):
            wrong.append(f"{address} {name}: {answer.status_code}, not meant")
        if is_meant and answer.status_code != 200:
            # What nobody can open, as the form to add a message, this role cannot either.
            best = chief.get(address).status_code
            if best == 200:
                wrong.append(f"{address} {name}: {answer.status_code}, though meant")
        if answer.status_code != 200:
            continue
        opened += 1
        is_raw = "carddata.change_rejectedrow" in may and address.startswith(RAW)
        shown = parts_of(answer)
        seen |= {trace for trace in TRACES if trace in shown}
        if not is_raw:
            wrong += [f"{address}: shows {trace}" for trace in hidden if trace in shown]
    assert not wrong, "\n".join(wrong)
    assert (opened > 15) == (role != NOBODY)
    assert "conversations.see_contacts" not in may or seen >= set(TRACES) - set(hidden)


@pytest.mark.parametrize("role", [*ROLES, NOBODY])
def test_the_deeds_of_a_role(world: World, role: str) -> None:
    client, may = enter(role)
    keys = {
        "room": world.room.pk,
        "customer": world.keys["conversations.customer"],
        "funnel": world.keys["funnels.funnel"],
        "review": world.keys["reviews.review"],
        "file": world.keys["carddata.partnerfile"],
    }
    for address, permission in POSTS.items():
        status = client.post(address.format(**keys)).status_code
        app, model = address.split("/")[2:4]
        is_meant = permission in may and f"{app}.view_{model}" in may
        assert (status != 403) == is_meant, (address, status)


@pytest.mark.parametrize("role", [*ROLES, NOBODY])
def test_the_actions_of_a_role(world: World, role: str) -> None:
    _, may = enter(role)
    request = RequestFactory().get("/admin/")
    request.user = User.objects.get(username="walker")
    for model, page in admin.site._registry.items():
        offered = page.get_actions(request)
        label = model._meta
        for name in offered:
            permission = ACTIONS.get(name)
            if name == "export_admin_action":
                permission = f"{label.app_label}.export_{label.model_name}"
            if name == "delete_selected":
                permission = f"{label.app_label}.delete_{label.model_name}"
            if permission and (label.app_label, label.model_name) != ("axes", "accessattempt"):
                assert permission in may, (role, label.label, name)


def test_an_action_that_is_not_offered_does_nothing(world: World) -> None:
    for role in ("Auditor", "Privacy steward"):
        client, _ = enter(role)
        client.post(
            "/admin/conversations/inboundevent/",
            {"action": "replay", "_selected_action": [str(world.event.pk)]},
        )
        world.event.refresh_from_db()
        assert (world.event.state, world.event.attempts) == (InboundEvent.State.FAILED, 0)
        User.objects.get(username="walker").delete()
