"""Zalo's refresh token works once: one refresh for everybody, saved before it is used."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from bot.channels import TryLater
from bot.channels.zalo_errors import NeedsOperator
from bot.storage.tokens import SqlTokens
from tests.bot.channels.zalo_setup import CONTACT, LAN, NOTICE, connected, store, stored, zalo
from tests.fakes.zalo import FakeZalo

__all__ = ["store", "zalo"]


@pytest.fixture(autouse=True)
def lan_wrote(zalo: FakeZalo) -> None:
    zalo.silent_for(LAN, timedelta(hours=1))


class TestRefresh:
    async def test_ten_sends_on_a_stale_token_refresh_once(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """All ten arrive, each once."""
        async with connected(zalo, store) as channel:
            await channel.send(CONTACT, NOTICE)
            zalo.token_is_revoked()
            await asyncio.gather(*(channel.send(CONTACT, NOTICE) for _ in range(10)))
        assert zalo.refreshes == 1
        assert len(zalo.messages(LAN)) == 11

    async def test_two_processes_refresh_once(self, zalo: FakeZalo, engine: Engine) -> None:
        """On SQLite and PostgreSQL: whoever is second finds the new pair in the database."""
        first, second = stored(engine, zalo), SqlTokens(engine, "zalo", lambda: zalo.now)
        async with connected(zalo, first) as one, connected(zalo, second) as two:
            await asyncio.gather(one.send(CONTACT, NOTICE), two.send(CONTACT, NOTICE))
            zalo.token_is_revoked()
            await asyncio.gather(*(channel.send(CONTACT, NOTICE) for channel in (one, two) for _ in range(5)))
        assert zalo.refreshes == 1
        assert len(zalo.messages(LAN)) == 12

    @pytest.mark.parametrize(("hours", "refreshes"), [(19, 0), (21, 1), (26, 1)])
    async def test_an_old_token_is_renewed_before_it_ends(
        self, zalo: FakeZalo, store: SqlTokens, hours: int, refreshes: int
    ) -> None:
        """At 20 of its 25 hours."""
        zalo.token_ages(timedelta(hours=hours))
        async with connected(zalo, store) as channel:
            await channel.send(CONTACT, NOTICE)
        assert zalo.refreshes == refreshes
        assert len(zalo.called("cs")) == 1

    @pytest.mark.parametrize(
        ("method", "error"), [("cs", -216), ("cs", -220), ("phone_template", -124), ("user_template", -124)]
    )
    async def test_each_error_of_a_token_renews_it(
        self, zalo: FakeZalo, store: SqlTokens, method: str, error: int
    ) -> None:
        """And the message goes out at the second try."""
        zalo.reads_phone("84984123456", LAN)
        zalo.fault(method, error=error)
        data = {"ma_ho_so": "1", "trang_thai": "2"}
        async with connected(zalo, store) as channel:
            if method == "cs":
                await channel.send(CONTACT, NOTICE)
            else:
                await channel.send_template("0984123456" if method[0] == "p" else CONTACT, "result", data, "t")
        assert zalo.refreshes == 1
        assert len(zalo.messages(LAN)) == 1

    async def test_a_second_refusal_is_for_the_operator(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """No endless renewing."""
        zalo.fault("cs", error=-216, times=2)
        async with connected(zalo, store) as channel:
            with pytest.raises(NeedsOperator):
                await channel.send(CONTACT, NOTICE)
        assert zalo.refreshes == 1

    async def test_the_new_pair_is_saved_before_it_is_used(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """When the message leaves with the new token, the database has the new refresh token already."""
        zalo.token_is_revoked()
        used: list[str | None] = []
        original = zalo._cs

        def watch(call: Any) -> dict[str, Any]:
            pair = store.load()
            used.append(pair.refresh if pair else None)
            return original(call)

        zalo._cs = watch  # type: ignore[method-assign]
        async with connected(zalo, store) as channel:
            await channel.send(CONTACT, NOTICE)
        assert used == ["refresh-2"]


class TestTrouble:
    async def test_a_dead_refresh_token_stops_the_channel_once(
        self, zalo: FakeZalo, store: SqlTokens, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Zalo is asked once, an alert is logged, every send says what to do; a new consent mends it."""
        zalo.token_is_revoked()
        zalo.refresh = "taken-by-somebody-else"
        async with connected(zalo, store) as channel:
            for _ in range(3):
                with pytest.raises(NeedsOperator, match="consent"):
                    await channel.send(CONTACT, NOTICE)
            assert len(zalo.called("token")) == 1
            assert [record.levelname for record in caplog.records].count("CRITICAL") == 1
            await channel.consent("code-1", "verifier-1")
            await channel.send(CONTACT, NOTICE)
        assert len(zalo.messages(LAN)) == 1

    async def test_a_young_token_is_used_on_while_renewing_fails(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Between 20 and 25 hours there is time for a person to mend it."""
        zalo.token_ages(timedelta(hours=21))
        zalo.fault("token", status=503, times=99)
        async with connected(zalo, store) as channel:
            await channel.send(CONTACT, NOTICE)
            await channel.send(CONTACT, NOTICE)
        assert len(zalo.messages(LAN)) == 2
        assert len(zalo.called("token")) == 1

    @pytest.mark.parametrize("fault", [{"error": -32}, {"status": 502}, {"garbage": True}, {"reset": True}])
    async def test_trouble_on_the_way_is_not_the_end(
        self, zalo: FakeZalo, store: SqlTokens, fault: dict[str, Any]
    ) -> None:
        """Nothing was sent; the next try renews with the same refresh token."""
        zalo.token_is_revoked()
        zalo.fault("token", **fault)
        async with connected(zalo, store) as channel:
            with pytest.raises(TryLater) as caught:
                await channel.send(CONTACT, NOTICE)
            assert not isinstance(caught.value, NeedsOperator)
            await channel.send(CONTACT, NOTICE)
        assert zalo.refreshes == 1

    async def test_a_database_that_stumbles_does_not_lose_the_pair(
        self, zalo: FakeZalo, store: SqlTokens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The old refresh token is used up, so the new one is kept until it is saved."""
        zalo.token_is_revoked()
        save, tries = store.save, list[int]()

        def failing(**pair: Any) -> bool:
            tries.append(1)
            if len(tries) <= 6:
                raise OperationalError("", {}, Exception("gone"))
            return save(**pair)

        async with connected(zalo, store) as channel:
            monkeypatch.setattr(store, "save", failing)
            with pytest.raises(TryLater, match="saved"):
                await channel.send(CONTACT, NOTICE)
            await channel.send(CONTACT, NOTICE)
        pair = store.load()
        assert pair
        assert (zalo.refreshes, pair.refresh) == (1, "refresh-2")

    async def test_without_tokens_the_error_says_what_to_do(self, zalo: FakeZalo, engine: Engine) -> None:
        async with connected(zalo, SqlTokens(engine, "zalo")) as channel:
            with pytest.raises(NeedsOperator, match="consent"):
                await channel.send(CONTACT, NOTICE)


class TestStore:
    def test_only_the_successor_is_saved(self, zalo: FakeZalo, engine: Engine) -> None:
        """Two processes can't overwrite each other's pair."""
        store = stored(engine, zalo)
        pair: dict[str, Any] = {"access": "a", "refresh": "r", "obtained_at": zalo.now, "expires_at": zalo.now}
        assert not store.save(**pair, version=1)
        assert store.save(**pair, version=2)
        assert not store.save(**pair, version=2)
        found = store.load()
        assert found
        assert (found.access, found.version) == ("a", 2)

    def test_one_holds_the_lease_until_it_ends(self, zalo: FakeZalo, engine: Engine) -> None:
        """A process that died while refreshing does not lock the others out for ever."""
        store = stored(engine, zalo)
        assert store.lock("one", timedelta(seconds=60))
        assert not store.lock("two", timedelta(seconds=60))
        store.unlock("two")
        assert not store.lock("two", timedelta(seconds=60))
        zalo.token_ages(timedelta(seconds=61))
        assert store.lock("two", timedelta(seconds=60))
        store.unlock("two")
        assert store.lock("one", timedelta(seconds=60))

    def test_a_pair_does_not_print_itself(self, zalo: FakeZalo, engine: Engine) -> None:
        assert "refresh-1" not in repr(stored(engine, zalo).load())
