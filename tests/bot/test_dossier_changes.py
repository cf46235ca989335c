"""What becomes of what sources say about a dossier: news, old news, a moved date, a status that goes back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.dossier_changes import decide
from bot.dossier_records import Change, Dossier, Kept, Outcome, Status
from bot.notice_records import Kind
from bot.services.notices import kind_of
from knowledge_base.centre import VIETNAM

CODE = "H05.12-261109-0007"
NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
THIRD = datetime(2026, 12, 3, 17, tzinfo=VIETNAM)
TWENTIETH = datetime(2026, 12, 20, 17, tzinfo=VIETNAM)


def kept(*said: dict[str, Any]) -> Dossier:
    """A dossier after these changes, an hour apart."""
    before: Dossier | None = None
    for hour, one in enumerate(said):
        before = decide(before, Change(code=CODE, **one), NOW + timedelta(hours=hour)).dossier
    assert before is not None
    return before


def then(before: Dossier, **said: Any) -> Kept:
    """What becomes of one more change, a day later."""
    return decide(before, Change(code=CODE, **said), NOW + timedelta(days=1))


def test_a_result_handed_over_before_the_last_import_is_no_old_news() -> None:
    """The day of return is when the status began, not when the source last spoke."""
    before = kept({"status": Status.DONE})
    returned = datetime(2026, 11, 30, 2, 30, tzinfo=UTC)
    now = then(before, status=Status.RETURNED, status_at=returned)
    assert (now.outcome, now.dossier.status) == (Outcome.CHANGED, Status.RETURNED)
    assert now.dossier.timeline[-1].at == returned
    assert now.dossier.updated_at == NOW + timedelta(days=1)


def test_only_two_times_of_the_source_are_compared() -> None:
    """Its own clock against its own clock; never against the moment of an import."""
    imported = kept({"status": Status.PROCESSING})
    yesterday = NOW - timedelta(days=1)
    assert then(imported, status=Status.DONE, updated_at=yesterday).outcome is Outcome.CHANGED
    told = kept({"status": Status.PROCESSING, "updated_at": NOW})
    assert then(told, status=Status.DONE, updated_at=yesterday).outcome is Outcome.STALE
    # what an unchanged dossier was last told counts too
    again = then(told, status=Status.PROCESSING, updated_at=NOW + timedelta(hours=5)).dossier
    assert then(again, status=Status.DONE, updated_at=NOW + timedelta(hours=1)).outcome is Outcome.STALE


def test_a_source_without_a_status_leaves_it_as_it_is() -> None:
    """New dossiers are being processed; known ones stay what they are."""
    assert kept({}).status is Status.PROCESSING
    done = kept({"status": Status.DONE})
    assert then(done).outcome is Outcome.UNCHANGED
    assert then(done, agency="Sở Thử").dossier.status is Status.DONE


def test_a_later_date_in_the_next_export_has_been_moved() -> None:
    """Told with an apology; the date of the slip stays what it was, and the same export again is no news."""
    before = kept({"due_at": THIRD})
    now = then(before, due_at=TWENTIETH)
    assert (now.dossier.due_at, now.dossier.due_moved_to) == (THIRD, TWENTIETH)
    assert kind_of(now.dossier, before) is Kind.DELAYED
    assert then(now.dossier, due_at=TWENTIETH).outcome is Outcome.UNCHANGED
    assert then(now.dossier, due_at=THIRD).outcome is Outcome.UNCHANGED  # the date of the slip, told again
    assert then(now.dossier, due_moved_to=TWENTIETH).outcome is Outcome.UNCHANGED
    sooner = then(now.dossier, due_at=TWENTIETH - timedelta(days=5)).dossier
    assert (sooner.due_at, sooner.due_moved_to) == (THIRD, TWENTIETH - timedelta(days=5))


@pytest.mark.parametrize("moved", [THIRD, THIRD - timedelta(days=1), THIRD - timedelta(hours=9)])
def test_what_is_moved_to_the_same_day_or_an_earlier_one_is_not_moved(moved: datetime) -> None:
    """No apology for it; an earlier date of the slip itself is just taken over."""
    assert kept({"due_at": THIRD, "due_moved_to": moved}).due_moved_to is None
    before = kept({"due_at": THIRD})
    now = then(before, due_moved_to=moved)
    assert now.dossier.due == THIRD
    assert kind_of(now.dossier, before) is None
    assert then(before, due_at=moved).dossier.due == moved


def test_a_moved_date_alone_is_the_date() -> None:
    """Where no slip's date is known there is nothing to apologise for; later it can be moved."""
    before = kept({"due_moved_to": THIRD})
    assert (before.due_at, before.due_moved_to) == (THIRD, None)
    assert then(before, due_moved_to=TWENTIETH).dossier.due_moved_to == TWENTIETH


def test_a_day_without_an_hour_takes_no_hour_away() -> None:
    """Of two sources one knows the hours: the other one's days are no news."""
    morning, evening = datetime(2026, 11, 9, 8, 30, tzinfo=VIETNAM), THIRD.replace(hour=23, minute=59)
    before = kept({"received_at": morning, "due_at": THIRD})
    assert then(before, received_at=morning.replace(hour=0, minute=0), due_at=evening).outcome is Outcome.UNCHANGED
    assert then(kept({"due_at": evening}), due_at=THIRD).dossier.due_at == THIRD


def test_an_old_apology_is_not_given_for_a_new_date() -> None:
    """The reason belongs to the date that it was written for."""
    before = kept({"due_at": THIRD, "due_moved_to": TWENTIETH, "apology": "Chờ ý kiến Sở"})
    assert then(before, due_at=TWENTIETH + timedelta(days=9)).dossier.apology == ""
    assert then(before, agency="Sở Thử").dossier.apology == "Chờ ý kiến Sở"


def test_a_request_ends_with_its_status() -> None:
    """Papers, reason and day are gone when the status moves on; a new request asks for none of the old."""
    asked = {"status": Status.SUPPLEMENT, "missing": ("Giấy A",), "supplement_reason": "mờ", "supplement_by": THIRD}
    before = kept({}, asked)
    assert then(before, agency="Sở Thử").dossier.missing == ("Giấy A",)
    on = then(before, status=Status.PROCESSING).dossier
    assert (on.missing, on.supplement_reason, on.supplement_by) == ((), "", None)
    assert then(on, status=Status.SUPPLEMENT).dossier.missing == ()
    stopped = then(before, status=Status.STOPPED, supplement_reason="Trùng hồ sơ").dossier
    assert stopped.supplement_reason == "Trùng hồ sơ"
    paid = then(kept({"status": Status.FEE_DUE, "fee_due": 20_000}), status=Status.PROCESSING).dossier
    assert paid.fee_due is None


def test_a_status_that_goes_back_without_a_time_is_doubtful() -> None:
    """An older file imported after a newer one reads like this; with the source's times or numbers it is not."""
    done = kept({"status": Status.DONE})
    assert then(done, status=Status.PROCESSING).backwards
    assert not then(done, status=Status.RETURNED).backwards
    assert not then(kept({"status": Status.SUPPLEMENT}), status=Status.RECEIVED).backwards
    assert not then(done, status=Status.PROCESSING, status_version=1).backwards
    timed = kept({"status": Status.DONE, "updated_at": NOW})
    assert not then(timed, status=Status.PROCESSING, updated_at=NOW + timedelta(hours=1)).backwards


def test_the_senders_numbers_are_apart_from_ours() -> None:
    """What staff change in between makes the next number neither old nor a contradiction."""
    sent = {"status": Status.PROCESSING, "status_version": 1_764_756_000_000}
    before = kept(sent, {"status": Status.SUPPLEMENT, "missing": ("A",)}, {"missing": ("A", "B")})
    assert (before.status_version, before.sender_version) == (3, 1_764_756_000_000)
    assert then(before, **sent).outcome is Outcome.UNCHANGED
    assert then(before, **sent | {"status": Status.DONE}).outcome is Outcome.CONFLICT
    now = then(before, status=Status.DONE, status_version=1_764_756_000_001)
    assert (now.outcome, now.dossier.status, now.dossier.status_version) == (Outcome.CHANGED, Status.DONE, 4)
    assert then(now.dossier, **sent).outcome is Outcome.STALE


def test_who_changes_what_is_seen_names_its_version() -> None:
    """Another one kept by now is a conflict."""
    before = kept({}, {"status": Status.DONE})
    assert then(before, status=Status.RETURNED, after=1).outcome is Outcome.CONFLICT
    assert then(before, status=Status.PROCESSING, after=2).outcome is Outcome.CHANGED
