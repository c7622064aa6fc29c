"""`manage.py twilio_doctor`: what Twilio must be told, and why its requests are refused."""

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import QueryDict

from conversations.models import Line, SignatureRefusal
from conversations.services.accounts import is_practising, main_account, other_tokens, tokens_of
from conversations.services.posting import STATUS_PATH
from conversations.twilio_player import INBOUND_PATH
from conversations.twilio_signatures import SignedRequest, explain, is_signed, signed_address


class Command(BaseCommand):
    help = (
        "Show the addresses to enter at Twilio, whether a token is set, and what was refused. With"
        " --signature and --form, explain one request. Exits with 1 where something is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = (
            "Example:\n  manage.py twilio_doctor\n"
            "  manage.py twilio_doctor --signature L/OH5Yyl… --form request.txt"
        )
        parser.add_argument("--signature", default="", help="the X-Twilio-Signature of a request")
        parser.add_argument("--form", default="", help="a file with its body, byte for byte")
        parser.add_argument("--path", default=INBOUND_PATH, help=f"its path; {INBOUND_PATH}")
        parser.add_argument("--query", default="", help="its query, without the ?")
        parser.add_argument("--host", default="", help="its Host header")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["form"]:
            self._explain(options)
            return
        base = settings.PUBLIC_BASE_URL
        self.stdout.write("Enter at Twilio:")
        self.stdout.write(f"  when a message comes in  {signed_address(base, INBOUND_PATH, '')}")
        self.stdout.write(f"  status callback          {signed_address(base, STATUS_PATH, '')}")
        problems = self._problems()
        for refusal in SignatureRefusal.objects.all()[:20]:
            self.stdout.write(
                f"Refused {refusal.times} times, last {refusal.last_at:%Y-%m-%d %H:%M} UTC,"
                f" {refusal.door}: {refusal.advice}"
            )
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError("Not ready for Twilio.")
        self.stdout.write("Ready.")

    def _problems(self) -> list[str]:
        found = []
        account = main_account()
        if is_practising():
            found.append("No Twilio account is set: only `chat` and `fake_twilio` can get in.")
        elif account is None:
            found.append("TWILIO_AUTH_TOKEN is not set: every request is refused.")
        if not settings.PUBLIC_BASE_URL.startswith("https://"):
            found.append(
                f"PUBLIC_BASE_URL is {settings.PUBLIC_BASE_URL}: Twilio wants https://, and agents cannot send files."
            )
        strange = Line.objects.exclude(account_sid="").values_list("account_sid", flat=True)
        found += [
            f"No token for the account {sid} of a line." for sid in strange if not tokens_of(sid)
        ]
        return found

    def _explain(self, options: dict[str, Any]) -> None:
        try:
            body = Path(options["form"]).read_bytes()
        except OSError as error:
            raise CommandError(f"--form: {error.strerror}") from error
        params = QueryDict(body)
        request = SignedRequest(
            path=options["path"],
            query=options["query"],
            params=params,
            signature=options["signature"],
            host=options["host"],
        )
        tokens = tokens_of(params.get("AccountSid") or "")
        if is_signed(request, base_url=settings.PUBLIC_BASE_URL, tokens=tokens):
            self.stdout.write("Properly signed: it would be let in.")
            return
        raise CommandError(
            explain(
                request,
                base_url=settings.PUBLIC_BASE_URL,
                tokens=tokens,
                other_tokens=other_tokens(params.get("AccountSid") or ""),
            )
        )
