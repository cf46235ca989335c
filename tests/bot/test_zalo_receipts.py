"""Zalo's word that a notice is on the telephone reaches the outbox, as the application wires it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.channels.zalo import signature
from bot.connect import connect, zalo_settings
from bot.messages import Contact
from bot.notice_records import NewNotice, NoticeState, Outcome, Pace
from bot.office import open_office
from bot.settings import Settings

ANNA = Contact("zalo", "246")


@pytest.mark.parametrize("by", ["message id", "tracking id"])
async def test_a_receipt_of_zalo_is_kept(tmp_path: Path, by: str) -> None:
    """By Zalo's id of the message, or by ours, which comes back where the answer to the sending was lost."""
    settings = Settings(
        _env_file=None, ZALO_APP_ID="1", ZALO_APP_SECRET="s", ZALO_OA_ID="388", ZALO_OA_SECRET_KEY="k",
        ZALO_OAUTH_URL="http://127.0.0.1:9", ZALO_OPENAPI_URL="http://127.0.0.1:9",
    )  # fmt: skip
    office = open_office(settings, f"sqlite:///{tmp_path / 'office.db'}")
    office.follows.follow(ANNA, "procedure", "1.004194")
    notice = NewNotice(
        key="k", contact=ANNA, kind="announcement", template="announcement", template_version=1,
        fields={"title": "a", "text": "b", "about": "c"}, scope="procedure:1.004194",
    )  # fmt: skip
    with office.engine.begin() as connection:
        office.outbox.add(connection, [notice])
    (claimed,) = office.outbox.claim("zalo", limit=1, lease=timedelta(minutes=1), pace=Pace()).notices
    if by == "message id":
        office.outbox.finish([Outcome(notice=claimed, state=NoticeState.SENT, provider_id="63ec")])
    else:
        office.outbox.finish([Outcome(notice=claimed, state=NoticeState.UNKNOWN)])
    message = {"delivery_time": "1", "msg_id": "63ec"}
    if by == "tracking id":
        message["tracking_id"] = f"motcua-{claimed.id}"
    stamp = str(int(datetime.now(UTC).timestamp() * 1000))
    event = {"event_name": "user_received_message", "sender": {"id": "388"}, "recipient": {"id": "246"}}
    body = json.dumps(event | {"message": message, "timestamp": stamp}).encode()
    channels = connect(settings, office)
    zalo = zalo_settings(settings)
    assert channels.zalo
    assert zalo
    async with channels.running():
        assert await channels.zalo.handle_webhook(body, f"mac={signature(zalo, body, stamp)}") == 200
    (kept,) = office.outbox.list()
    assert (kept.state, kept.provider_id) == (NoticeState.SENT, "63ec")
    assert kept.delivered_at is not None
    office.engine.dispose()
