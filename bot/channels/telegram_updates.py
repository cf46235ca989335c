"""What Telegram sends, read: only the fields that we use, so that new ones cannot break us."""

from typing import Any, Final

import msgspec

from bot.messages import Contact, Incoming

ALLOWED: Final = ("message", "edited_message", "callback_query", "my_chat_member")

# What a person may send that we cannot read. Anything else without a text is Telegram's own note ("message pinned",
# "auto-delete set") and no question.
OTHER: Final = {
    "photo": "photo", "voice": "voice", "audio": "voice", "video_note": "voice", "sticker": "sticker",
    "location": "location", "venue": "location", "document": "file", "video": "file", "animation": "file",
    "contact": "contact", "poll": "poll", "dice": "sticker", "story": "file", "paid_media": "file",
}  # fmt: skip

CORRECTED_WITHIN: Final = 120
"""Seconds after writing in which a corrected message is answered anew: later corrections are tidying up."""


class Chat(msgspec.Struct):
    """Where something was written."""

    id: int
    type: str


class Message(msgspec.Struct):
    """A message; `caption` stands under a photo or a file, times are Unix seconds."""

    message_id: int
    chat: Chat
    text: str | None = None
    caption: str | None = None
    media_group_id: str | None = None
    date: int = 0
    edit_date: int = 0


class Press(msgspec.Struct):
    """A button was pressed under `message`."""

    id: str
    message: Message | None = None
    data: str | None = None


class Member(msgspec.Struct):
    """What the bot is in a chat."""

    status: str


class Membership(msgspec.Struct):
    """The bot was added, removed, blocked or unblocked."""

    chat: Chat
    new_chat_member: Member


class Update(msgspec.Struct):
    """One thing that happened."""

    update_id: int
    message: dict[str, Any] | None = None
    edited_message: Message | None = None
    callback_query: Press | None = None
    my_chat_member: Membership | None = None


def message_of(update: Update) -> Message | None:
    """The message that was written or corrected, or under which a button was pressed."""
    if update.callback_query:
        return update.callback_query.message
    return msgspec.convert(update.message, Message) if update.message else update.edited_message


def incoming(message: Message, update: Update) -> Incoming | None:
    """What the conversation is to hear of an update; None for nothing.

    A correction has an id of its own, the same for every correction of one message: the first one is answered.
    """
    contact = Contact("telegram", str(message.chat.id))
    if press := update.callback_query:
        return Incoming(contact=contact, message_id=f"c{press.id}", pressed=press.data) if press.data else None
    written = message.text or message.caption
    if update.edited_message and (not written or message.edit_date - message.date > CORRECTED_WITHIN):
        return None
    number = f"{'e' if update.edited_message else 'm'}{message.message_id}"
    if written:
        text = written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # whole characters only
        return Incoming(contact=contact, message_id=number, text=text)
    other = next((kind for field, kind in OTHER.items() if field in (update.message or {})), None)
    return Incoming(contact=contact, message_id=number, other=other) if other else None


def calls(message: Message, name: str) -> bool:
    """Whether somebody in a group speaks to the bot of this name ("/start@bot", "@bot ơi")."""
    return bool(name) and f"@{name.casefold()}" in (message.text or message.caption or "").casefold()
