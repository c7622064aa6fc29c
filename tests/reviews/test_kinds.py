"""Messages that are more than text: places, pictures, buttons, answers, advertisements."""

import pytest
from django.test import Client

from conversations.models import Attachment, Customer, Message, Referral, Room
from funnels.models import Funnel
from reviews.models import ReviewSession
from tests.reviews.conftest import Post, Say
from tests.twilio_posts import message_form


def test_attachments_stay_links(say: Say) -> None:
    urls = ["https://api.twilio.com/2010-04-01/x/Media/ME1", "http://169.254.169.254/latest"]
    say("Hi")
    reply = say(
        "",
        NumMedia="2",
        MediaUrl0=urls[0],
        MediaContentType0="image/jpeg",
        MediaUrl1=urls[1],
        MediaContentType1="image/png",
    )

    assert "words" in reply
    assert reply.endswith("Which product is this review for?")
    kept = Attachment.objects.order_by("place").values_list("url", "content_type", "state")
    assert list(kept) == [(urls[0], "image/jpeg", "link"), (urls[1], "image/png", "link")]


def test_a_place_is_shown_as_a_line_and_is_no_answer(say: Say) -> None:
    say("Hi")

    reply = say("", MessageType="location", Latitude="-6.2", Longitude="106.8", Label="Menara X")

    message = Message.objects.filter(sender="customer").latest("id")
    assert message.body == "📍 Menara X (-6.2, 106.8)"
    assert ReviewSession.objects.get().step == "start"
    assert "only read text" in reply


def test_an_unknown_kind_of_message_is_kept_and_is_no_answer(say: Say) -> None:
    say("Hi")
    say("", MessageType="hologram")

    assert "hologram" in Message.objects.filter(sender="customer").latest("id").body
    assert ReviewSession.objects.get().step == "start"


def test_an_advertisement_is_the_first_of_attributions(say: Say, keywords: None) -> None:
    say(
        "halo",
        ReferralSourceType="ad",
        ReferralSourceId="120",
        ReferralSourceUrl="javascript:alert(1)",
        ReferralHeadline="Big sale",
        ReferralCtwaClid="click",
    )
    say("more")

    assert Referral.objects.get().headline == "Big sale"
    assert Referral.objects.get().customer == Customer.objects.get()
    assert Funnel.objects.get().channel == "whatsapp_ads"


def test_a_second_advertisement_is_a_second_touch(
    say: Say, keywords: None, admin_client: Client
) -> None:
    for headline in ("Big sale", "Bigger sale"):
        say("halo", ReferralSourceType="ad", ReferralSourceId="1", ReferralHeadline=headline)

    assert list(Referral.objects.order_by("pk").values_list("headline", flat=True)) == [
        "Big sale",
        "Bigger sale",
    ]
    page = admin_client.get(f"/admin/conversations/room/{Room.objects.get().pk}/change/")
    assert page.content.decode().count("igger sale") == 1


KINDS = [
    ({"MessageType": "reaction"}, "[reaction: a kind of message that cannot be shown here]"),
    ({"MessageType": "contacts"}, "[contacts: a kind of message that cannot be shown here]"),
    ({"MessageType": "sticker"}, ""),
    ({"ButtonText": "Yes please", "ButtonPayload": "yes"}, "Yes please"),
]


@pytest.mark.parametrize(("fields", "line"), KINDS)
def test_each_kind_is_kept_with_a_line_for_people(
    say: Say, fields: dict[str, str], line: str
) -> None:
    say("Hi")
    reply = say("", **fields)

    assert Message.objects.filter(sender="customer").latest("id").body == line
    is_answer = "ButtonText" in fields
    assert ReviewSession.objects.get().step == ("ask_name" if is_answer else "start")
    assert ("only read text" in reply) is not is_answer


def test_a_reply_shows_what_it_answers_also_where_that_comes_later(
    post: Post, say: Say, admin_client: Client
) -> None:
    first = message_form("<b>How much?</b>")
    other = message_form("Not yours", From="whatsapp:+628129999999", WaId="628129999999")
    post(other)
    say("This one", OriginalRepliedMessageSid=first["MessageSid"])
    room = Room.objects.get(customer__phone_number="+628123456789")

    def page() -> str:
        return admin_client.get(f"/admin/conversations/room/{room.pk}/change/").content.decode()

    assert "Reply to a message that we do not have" in page()
    post(first)
    assert "Reply to a message that we do not have" not in page()
    assert '<q dir="auto">&lt;b&gt;How much?' in page()
    say("And this", OriginalRepliedMessageSid=other["MessageSid"])
    assert "Reply to a message that we do not have" in page()
    assert "Not yours" not in page()
