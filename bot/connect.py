"""Which channels there are, and what each of them is given: receiving, sending, and the hooks into the office."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Engine

from bot.channels import Receive, Sent
from bot.channels.telegram import Telegram, TelegramSettings
from bot.channels.webchat import WebChat
from bot.channels.zalo import Filled, Receipt, Zalo, ZaloSettings
from bot.channels.zalobot import ZaloBot, ZaloBotSettings
from bot.deliver import Send
from bot.dialogue.privacy import conceal
from bot.messages import Choice, Contact, Incoming, Reply
from bot.notice_records import TemplateData
from bot.office import Office
from bot.settings import (
    TELEGRAM_WEBHOOK_PATH,
    ZALO_WEBHOOK_PATH,
    ZALOBOT_WEBHOOK_PATH,
    Settings,
    SettingsError,
    read_templates,
)
from bot.storage.months import MonthCount
from bot.storage.sessions import SessionStore
from bot.storage.tokens import SqlTokens

log: Final = logging.getLogger(__name__)

Hook = Callable[[bytes, Mapping[str, str]], Awaitable[int]]
"""A supplier's webhook: body and headers to the HTTP status."""

COMMANDS: Final = (
    ("start", "Bắt đầu lại"),
    ("sukien", "Chọn theo việc trong đời"),
    ("coquan", "Chọn theo cơ quan"),
    ("hoso", "Tra cứu hồ sơ đã nộp"),
    ("cuatoi", "Hồ sơ, tin tôi theo dõi"),
    ("giolamviec", "Giờ làm việc"),
    ("canbo", "Gặp người thật"),
)


class Channels(msgspec.Struct, frozen=True, kw_only=True):
    """The channels that the settings switch on. They can send at once; while `running` they listen too."""

    webchat: WebChat
    telegram: Telegram | None
    zalo: Zalo | None
    zalobot: ZaloBot | None
    offer: Callable[[Contact, tuple[Choice, ...]], None]

    @property
    def suppliers(self) -> list[Telegram | Zalo | ZaloBot]:
        """All but the web chat, which is our own."""
        return [channel for channel in (self.telegram, self.zalo, self.zalobot) if channel]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While this lasts, the channels listen. SettingsError where a supplier refuses a token."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.close)
            await stack.enter_async_context(self.webchat.running())
            for channel in self.suppliers:
                try:
                    await channel.start()
                except ValueError as refusal:
                    raise SettingsError(str(refusal)) from None
            yield

    async def close(self) -> None:
        """Finish what is in hand; nothing can be sent any more."""
        await asyncio.gather(*(channel.stop() for channel in self.suppliers))

    def hooks(self) -> dict[str, Hook]:
        """The webhooks of the suppliers, by path."""
        hooks: dict[str, Hook] = {}
        if telegram := self.telegram:
            hooks[TELEGRAM_WEBHOOK_PATH] = lambda body, headers: telegram.handle_webhook(
                body, headers.get("X-Telegram-Bot-Api-Secret-Token")
            )
        if zalo := self.zalo:
            hooks[ZALO_WEBHOOK_PATH] = lambda body, headers: zalo.handle_webhook(
                body, headers.get("X-ZEvent-Signature"), headers.get("X-ZEvent-Timestamp")
            )
        if zalobot := self.zalobot:
            hooks[ZALOBOT_WEBHOOK_PATH] = lambda body, headers: zalobot.handle_webhook(
                body, headers.get("X-Bot-Api-Secret-Token")
            )
        return hooks

    def senders(self) -> dict[str, Send]:
        """How a notice leaves on each channel."""
        senders: dict[str, Send] = {"web": self._to_web}
        if self.telegram:
            senders["telegram"] = self._to_telegram
        if self.zalo:
            senders["zalo"] = self._to_zalo
        if self.zalobot:
            senders["zalobot"] = self._to_zalobot
        return senders

    async def _to_web(self, contact: Contact, reply: Reply, data: TemplateData) -> str:
        await self.webchat.send(contact, reply, data.reference)
        return ""

    async def _to_telegram(self, contact: Contact, reply: Reply, _data: TemplateData) -> str:
        assert self.telegram
        return await self.telegram.send(contact, reply)

    async def _to_zalo(self, contact: Contact, reply: Reply, data: TemplateData) -> str:
        assert self.zalo
        # what does not fit Zalo's template still fits free text, or leaves on the person's next channel
        fits = self.zalo.has_template(data.template) and not data.unfit
        filled = Filled(data.template, data.data) if fits else None
        sent = await self.zalo.send(contact, reply, filled)
        await asyncio.to_thread(self.offer, contact, reply.choices)
        return sent

    async def _to_zalobot(self, contact: Contact, reply: Reply, _data: TemplateData) -> str:
        assert self.zalobot
        sent = await self.zalobot.send(contact, reply)
        await asyncio.to_thread(self.offer, contact, reply.choices)
        return sent


async def nobody_listens(_incoming: Incoming) -> None:
    """The conversation of a process that only sends."""


def connect(
    settings: Settings, office: Office, receive: Receive = nobody_listens, sent: Sent = nobody_listens
) -> Channels:
    """The channels of the settings on this office."""

    async def reachable(contact: Contact, is_reachable: bool) -> None:  # noqa: FBT001 - as the channels call it
        await asyncio.to_thread(office.contacts.reachable, contact, is_reachable)

    async def last_seen(contact: Contact) -> datetime | None:
        return await asyncio.to_thread(office.contacts.last_seen, contact)

    async def followed(contact: Contact, follows: bool, at: datetime) -> None:  # noqa: FBT001
        await asyncio.to_thread(office.contacts.reachable, contact, follows, at=at)

    async def arrived(receipt: Receipt) -> None:
        await asyncio.to_thread(office.outbox.arrived, "zalo", receipt.message_id, receipt.tracking_id or "")

    webchat = WebChat(
        receive,
        office.transcripts,
        sent=sent,
        centre_name=office.centre.name,
        conceal=conceal,
        forget=office.enquiries.erase,
    )
    telegram = telegram_settings(settings)
    zalo = zalo_settings(settings)
    zalobot = zalobot_settings(settings)
    try:
        return Channels(
            webchat=webchat,
            telegram=Telegram(telegram, receive, sent=sent, on_reachable=reachable) if telegram else None,
            zalo=Zalo(
                zalo,
                receive,
                tokens=zalo_tokens(zalo, office),
                sent=sent,
                on_reachable=reachable,
                on_followed=followed,
                on_receipt=arrived,
                last_seen=last_seen,
            )
            if zalo
            else None,
            zalobot=ZaloBot(zalobot, receive, sent=sent, on_reachable=reachable, allowance=_Month(office.engine))
            if zalobot
            else None,
            offer=offering(SessionStore(office.engine)),
        )
    except ValueError as refusal:
        raise SettingsError(str(refusal)) from None


class _Month:
    """What left on the Bot Platform this month, counted in the database."""

    def __init__(self, engine: Engine) -> None:
        self._count = MonthCount(engine, "zalobot")

    async def used(self) -> int:
        return await asyncio.to_thread(self._count.count)

    async def left(self) -> None:
        await asyncio.to_thread(self._count.add, 1)


def offering(sessions: SessionStore) -> Callable[[Contact, tuple[Choice, ...]], None]:
    """Makes the numbers under a notice mean its own choices where there are no buttons; never raises."""

    def offer(contact: Contact, choices: tuple[Choice, ...]) -> None:
        if not choices:
            return
        try:
            for _ in range(5):
                session = sessions.load(contact)
                if sessions.save(msgspec.structs.replace(session, offered=choices)):
                    return
        except Exception as error:  # noqa: BLE001 - the notice has left; only its numbers don't work
            log.error("the choices of a notice on %s are not remembered (%s)", contact.channel, type(error).__name__)

    return offer


def telegram_settings(settings: Settings) -> TelegramSettings | None:
    """Telegram's part of the settings; None where it is switched off."""
    if settings.telegram_token is None:
        return None
    secret = settings.telegram_webhook_secret
    return TelegramSettings(
        token=settings.telegram_token.get_secret_value(),
        base_url=settings.telegram_base_url,
        webhook_url=_with_path(settings.telegram_webhook_url, TELEGRAM_WEBHOOK_PATH),
        webhook_secret=secret.get_secret_value() if secret else None,
        commands=COMMANDS,
        per_second=settings.telegram_per_second,
    )


def zalo_settings(settings: Settings) -> ZaloSettings | None:
    """The Official Account's part of the settings; None where it is switched off."""
    app_id, app_secret = settings.zalo_app_id, settings.zalo_app_secret
    oa_id, oa_secret_key = settings.zalo_oa_id, settings.zalo_oa_secret_key
    if app_id is None or app_secret is None or oa_id is None or oa_secret_key is None:
        return None
    return ZaloSettings(
        app_id=app_id,
        app_secret=app_secret.get_secret_value(),
        oa_id=oa_id,
        oa_secret_key=oa_secret_key.get_secret_value(),
        openapi_url=settings.zalo_openapi_url,
        business_url=settings.zalo_business_url,
        oauth_url=settings.zalo_oauth_url,
        signing_id=settings.zalo_signing_id,
        signing_key=settings.zalo_signing_key,
        templates=read_templates(settings.zalo_templates),
        template_mode=settings.zalo_template_mode,
        buttons=settings.zalo_buttons,
        button_shape=settings.zalo_button_shape,
        free_window=timedelta(hours=settings.zalo_free_hours).total_seconds(),
        per_second=settings.zalo_per_second,
    )


def zalo_tokens(zalo: ZaloSettings, office: Office) -> SqlTokens:
    """Where the rotating tokens of this Official Account are kept."""
    return SqlTokens(office.engine, f"zalo:{zalo.app_id}:{zalo.oa_id}")


def zalobot_settings(settings: Settings) -> ZaloBotSettings | None:
    """The Bot Platform's part of the settings; None where it is switched off."""
    if settings.zalobot_token is None:
        return None
    secret = settings.zalobot_webhook_secret
    return ZaloBotSettings(
        token=settings.zalobot_token.get_secret_value(),
        base_url=settings.zalobot_base_url,
        webhook_url=_with_path(settings.zalobot_webhook_url, ZALOBOT_WEBHOOK_PATH),
        webhook_secret=secret.get_secret_value() if secret else None,
        first_pause=settings.zalobot_pause,
        longest_pause=max(settings.zalobot_pause, settings.zalobot_longest_pause),
        monthly=settings.zalobot_monthly,
    )


def _with_path(url: str | None, path: str) -> str | None:
    """The address of a webhook; the path may be written or left out."""
    return url if url is None or url.endswith(path) else url + path
