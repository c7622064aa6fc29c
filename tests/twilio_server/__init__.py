"""A local Twilio: takes the REST calls that we make, as strictly as the real one, and calls back."""

from tests.twilio_server.server import Callbacks, LocalTwilio

__all__ = ["Callbacks", "LocalTwilio"]
