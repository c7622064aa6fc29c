"""The error codes of Twilio's WhatsApp channel with their meaning; staff may change them."""

from django.db import migrations

MEANINGS = [
    ("20003", "Twilio refuses our account's credentials", "alarm"),
    ("20404", "Twilio does not know the account or the address that was called", "alarm"),
    ("20429", "Twilio asks us to slow down", "retry"),
    ("21211", "The number is not a valid one", "bad_number"),
    ("21408", "Our account may not send to this country", "none"),
    ("21606", "The sending number is not one of this account", "alarm"),
    ("21609", "Our status callback address cannot be used", "alarm"),
    ("21610", "The customer has opted out", "opt_out"),
    ("21614", "The number is not a mobile number", "bad_number"),
    ("21617", "The text is too long", "none"),
    ("21656", "The template's variables are not valid", "template"),
    ("30001", "Twilio's queue was full", "retry"),
    ("30003", "The phone cannot be reached", "none"),
    ("30005", "The number is unknown", "bad_number"),
    ("30006", "A landline, or a carrier that cannot be reached", "bad_number"),
    ("30007", "Filtered by the carrier", "none"),
    ("30008", "Not delivered; no reason was given", "none"),
    ("30034", "The sending number is not registered", "alarm"),
    ("63001", "The channel refused our credentials", "alarm"),
    ("63003", "The number is not on WhatsApp", "bad_number"),
    ("63005", "The channel refused the content", "alarm"),
    ("63007", "Our number is not set up as a WhatsApp sender", "alarm"),
    ("63010", "An internal error of the channel", "retry"),
    ("63012", "An internal error of the channel", "retry"),
    ("63013", "It breaks a policy of WhatsApp", "none"),
    ("63014", "The customer has blocked us", "opt_out"),
    ("63015", "The customer has not joined the sandbox: ask them to send the join code", "none"),
    (
        "63016",
        "More than 24 hours since the customer wrote: only a template may be sent",
        "template",
    ),
    ("63018", "WhatsApp's rate limit is reached", "retry"),
    ("63019", "WhatsApp could not load the attachment", "none"),
    ("63020", "Our WhatsApp business account has a problem", "alarm"),
    ("63021", "The content is not valid", "none"),
    ("63022", "The sender is not valid", "alarm"),
    ("63024", "The number is not on WhatsApp", "bad_number"),
    ("63025", "Our WhatsApp sender is not authenticated", "alarm"),
    ("63027", "The template does not exist in this language", "template"),
    ("63028", "The number of the template's variables is wrong", "template"),
    ("63029", "The customer's phone could not show the template", "template"),
    ("63030", "The template does not take this variable", "template"),
    ("63032", "WhatsApp does not deliver this to this customer", "none"),
    ("63049", "WhatsApp chose not to deliver this marketing message", "none"),
    (
        "window_closed",
        "More than 24 hours since the customer wrote: only a template may be sent",
        "template",
    ),
    ("opted_out", "The customer has opted out", "none"),
    ("blocked", "The customer is on the block list", "none"),
    ("not_set_up", "Sending is not set up: no Twilio account is in the settings", "alarm"),
    ("no_address", "We have no WhatsApp address of this customer", "none"),
    ("unreachable", "Twilio could not be reached, also not on the last try", "alarm"),
    ("bad_answer", "Twilio's answer could not be read: the message may have left", "alarm"),
    ("no_answer", "No answer from Twilio: the message may have left", "alarm"),
    ("worker_lost", "The worker was lost while it sent: the message may have left", "alarm"),
]


def add(apps, schema_editor):
    """Add what is not there; what staff have changed stays."""
    meaning = apps.get_model("conversations", "ErrorMeaning")
    meaning.objects.bulk_create(
        [meaning(code=code, words=words, action=action) for code, words, action in MEANINGS],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("conversations", "0002_lines_sendings_and_statuses")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
