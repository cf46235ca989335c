"""The contract of a channel.

A channel module imports `bot.messages` and nothing else of ours. It is given `receive`, calls it with every
`Incoming`, sends what comes back and confirms with `sent`. For pushes (no question before) it offers `send`, which
works without `start` too. The only errors that leave a channel are those below; each channel has a table from its
supplier's codes to them.
"""

from collections.abc import Awaitable, Callable

from bot.messages import Incoming, Reply

Receive = Callable[[Incoming], Awaitable[Reply | None]]
"""Hands a message to the conversation. None: nothing to say (a redelivery, or silence was asked for)."""

Sent = Callable[[Incoming], Awaitable[None]]
"""Tells that the reply to this message has left, so that a redelivery after a crash is not answered twice."""


class TryLater(Exception):
    """The supplier asks for a pause, or is down: the whole channel waits, and no message is to blame. Nothing was
    delivered; the same send may be tried again.
    """

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(f"try again in {seconds:g} s: {reason}")
        self.seconds = seconds
        self.reason = reason


class NoticeLater(TryLater):
    """Only this message must wait, or its template; others may go on. It counts as a try of this message."""


class PersonLater(NoticeLater):
    """Only this person must wait; sending to others may go on."""


class NotYetSeen(PersonLater):
    """It lies ready where this person will see it, and was not looked at yet. No try: nobody refused anything."""


class Unreachable(Exception):
    """This person can't be reached on this channel (blocked, deactivated); `reason` is for the call list."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(Unreachable):
    """This message will never be taken; the person is not at fault and stays reachable."""


class Silent(Refused):
    """This person wrote too long ago for what the channel can still send; whoever writes again can be told again."""


class Spent(Refused):
    """The channel's allowance is used up: this message goes another way."""


class OutcomeUnknown(Exception):
    """The request left and no answer came: it may have been delivered. Never repeated without a person's word."""
