"""Which notice a change makes, word for word, and what is refused before anything is queued."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dialogue.wording.notices import REASONS, TEMPLATES, WORDS, counter
from bot.dossier_records import Dossier, Status, Step
from bot.messages import Contact, Reply, length
from bot.notice_records import Kind, NewNotice
from bot.services.notice_templates import (
    PARAMETER_LIMITS,
    TEXT_LIMITS,
    Field,
    Template,
    TemplateError,
    checked,
    newest,
    render,
    shorten,
    template_data,
)
from bot.services.notices import Notices, kind_of
from knowledge_base.centre import load_centre

ANNA = Contact("telegram", "1")
AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
REGISTERED = Dossier(
    code="H02.15-261123-0001",
    procedure_code="1.001193",
    procedure_name="Đăng ký khai sinh",
    status=Status.REGISTERED,
    due_at=datetime(2026, 11, 27, 17, 30, tzinfo=UTC),
    updated_at=AT,
)


class Kept:
    """An outbox that only remembers."""

    def __init__(self) -> None:
        self.notices: list[NewNotice] = []

    def add(self, _connection: Any, new: Sequence[NewNotice]) -> int:
        self.notices.extend(new)
        return len(new)


def told(after: Dossier, before: Dossier | None = REGISTERED) -> Reply | None:
    """What a follower reads of this change."""
    kept = Kept()
    notices = Notices(kept, lambda _, scope: [ANNA], TEMPLATES, words=WORDS, counter=counter(load_centre()))
    notices.on_change(None, after, before)
    if not kept.notices:
        return None
    (notice,) = kept.notices
    assert notice.key == f"{after.code}:{after.status_version}:telegram:1"
    assert notice.scope == f"dossier:{after.code}"
    return render(TEMPLATES[notice.template, notice.template_version], notice.fields)


def change(**fields: Any) -> Dossier:
    return msgspec.structs.replace(REGISTERED, status_version=2, **fields)


def test_a_missing_paper_is_named_with_reason_date_and_the_way() -> None:
    """What, why, by when, how, and a button to the checklist."""
    reply = told(
        change(
            status=Status.SUPPLEMENT,
            missing=("Giấy chứng sinh (bản chính)", "Căn cước của mẹ"),
            supplement_reason="Bản chụp bị mờ",
            supplement_by=datetime(2026, 11, 30, 17, 0, tzinfo=UTC),
        )
    )
    assert reply is not None
    text = "\n".join(reply.paragraphs)
    assert "H02.15-261123-0001" in text
    assert "• Giấy chứng sinh (bản chính)\n• Căn cước của mẹ" in text
    assert "Lý do: Bản chụp bị mờ" in text
    assert "trước hết ngày 01/12/2026" in text, "17:00 UTC is the next day in Vietnam"
    assert "phiếu hẹn" in text
    assert "procedure.checklist:1.001193" in [choice.link for choice in reply.choices]


def test_without_a_procedure_code_there_is_no_checklist_button() -> None:
    """A button to nowhere is worse than none."""
    reply = told(change(status=Status.SUPPLEMENT, missing=("Căn cước",), procedure_code=None))
    assert reply is not None
    assert [choice.link for choice in reply.choices] == ["dossier.show:H02.15-261123-0001"]


def test_a_moved_date_comes_with_an_apology() -> None:
    """Old date, new date, reason."""
    reply = told(
        change(
            status=Status.PROCESSING,
            due_moved_to=datetime(2026, 12, 4, 8, 0, tzinfo=UTC),
            apology="Phải xác minh thêm ở nơi cư trú cũ",
        )
    )
    assert reply is not None
    text = "\n".join(reply.paragraphs)
    assert "xin lỗi" in text
    assert "Ngày hẹn trước: 28/11/2026." in text
    assert "Ngày hẹn mới: 04/12/2026." in text
    assert "Phải xác minh thêm" in text


def test_a_moved_date_does_not_hide_what_the_person_must_do() -> None:
    """Of several notices that wait only the newest is sent: so it says both, paper and date."""
    asked = change(status=Status.SUPPLEMENT, missing=("Căn cước",))
    reply = told(msgspec.structs.replace(asked, due_moved_to=datetime(2026, 12, 4, 8, 0, tzinfo=UTC)), asked)
    assert reply is not None
    text = "\n".join(reply.paragraphs)
    assert "• Căn cước" in text
    assert "dời sang 04/12/2026" in text
    assert "chưa cần đến" not in text


def test_the_button_leads_to_the_dossier() -> None:
    """Nobody types a code that stands in the notice."""
    for kind in (Kind.RECEIVED, Kind.SUPPLEMENT, Kind.FEE_DUE, Kind.DELAYED, Kind.READY, Kind.CHANGED):
        links = [choice.link for choice in newest(TEMPLATES, kind).choices]
        assert "dossier.show:{code}" in links, kind
        assert "desk.status" not in links, kind


def test_a_long_code_is_told_all_the_same() -> None:
    """Zalo's template takes 30 signs of a code; that keeps no other channel from telling."""
    code = "000.00.00.H05.12.34-261125-0000001"
    reply = told(msgspec.structs.replace(change(status=Status.DONE), code=code))
    assert reply is not None
    assert code in reply.paragraphs[1]
    template = newest(TEMPLATES, Kind.READY)
    fields = dict.fromkeys(template.fields, "x")
    assert template_data(template, fields | {"code": code}).unfit == ("ma_ho_so",)
    assert template_data(template, fields).unfit == ()


def test_no_parameter_of_zalo_is_empty_or_unfit() -> None:
    """Neither where the record names no date, nor where every field is as long as it may be."""
    for template in TEMPLATES.values():
        bare = {name: "" if field.optional else "x" for name, field in template.fields.items()}
        full = {name: "x y" * field.limit for name, field in template.fields.items()} | {"code": "H02.15-261123-0001"}
        for fields in (bare, full):
            found = template_data(template, fields)
            assert found.unfit == (), template.id
            assert all(found.data.values()), template.id


def test_a_fee_is_written_as_people_write_money() -> None:
    """1.250.000 đồng."""
    reply = told(change(status=Status.FEE_DUE, fee_due=1_250_000))
    assert reply is not None
    assert "1.250.000 đồng" in "\n".join(reply.paragraphs)


def test_ready_says_where_when_and_what_to_bring() -> None:
    """Place, hours, appointment slip and identity card."""
    reply = told(change(status=Status.DONE, result="Giấy khai sinh"))
    assert reply is not None
    text = "\n".join(reply.paragraphs)
    for said in ("Giấy khai sinh", "Trung tâm Phục vụ hành chính công", "07:30", "phiếu hẹn", "căn cước"):
        assert said in text


def test_another_place_does_not_borrow_the_hours_of_the_centre() -> None:
    """Whoever fetches the result elsewhere is told to ask for the hours."""
    reply = told(change(status=Status.DONE, place="UBND phường Đa Mai"))
    assert reply is not None
    text = "\n".join(reply.paragraphs)
    assert "UBND phường Đa Mai" in text
    assert "07:30" not in text


def test_returned_invites_to_rate() -> None:
    """The last word."""
    reply = told(change(status=Status.RETURNED))
    assert reply is not None
    assert "hài lòng" in "\n".join(reply.paragraphs)


@pytest.mark.parametrize(
    ("after", "before", "kind"),
    [
        (change(status=Status.RECEIVED), REGISTERED, Kind.RECEIVED),
        (change(status=Status.REGISTERED), REGISTERED, None),
        (change(status=Status.REFUSED), REGISTERED, Kind.CHANGED),
        (change(status=Status.SUPPLEMENT, missing=("A",)), change(status=Status.SUPPLEMENT), Kind.SUPPLEMENT),
        (change(status=Status.SUPPLEMENT, result="x"), change(status=Status.SUPPLEMENT), None),
        (change(status=Status.FEE_DUE, fee_due=2), change(status=Status.FEE_DUE, fee_due=1), Kind.FEE_DUE),
        (change(status=Status.DONE, due_moved_to=AT), change(status=Status.PROCESSING), Kind.READY),
        (change(status=Status.PROCESSING, due_moved_to=AT), change(status=Status.PROCESSING), Kind.DELAYED),
        (change(status=Status.PROCESSING, place="x"), change(status=Status.PROCESSING), None),
        (change(status=Status.SUPPLEMENT, due_moved_to=AT), change(status=Status.SUPPLEMENT), Kind.SUPPLEMENT),
        (change(status=Status.FEE_DUE, due_moved_to=AT), change(status=Status.FEE_DUE), Kind.FEE_DUE),
    ],
)
def test_only_news_is_told(after: Dossier, before: Dossier, kind: Kind | None) -> None:
    """A change of something that nobody waits for makes no notice."""
    assert kind_of(after, before) == kind


LONG = st.text(max_size=60) | st.text(min_size=1, max_size=30).map(lambda text: text * 40)


@settings(deadline=None, max_examples=60)
@given(
    status=st.sampled_from(list(Status)),
    name=LONG,
    place=LONG,
    reason=LONG,
    missing=st.lists(LONG, max_size=12),
    note=LONG,
    fee=st.integers(0, 10**12),
    moved=st.booleans(),
)
def test_no_record_is_too_long_or_too_strange_for_a_notice(  # noqa: PLR0917
    status: Status, name: str, place: str, reason: str, missing: list[str], note: str, fee: int, moved: bool
) -> None:
    """Every change that is news is told, within one message of the narrowest channel."""
    after = change(
        status=status, procedure_name=name, place=place, supplement_reason=reason, missing=tuple(missing),
        fee_due=fee, result=reason, apology=reason, timeline=(Step(status, AT, note),),
        due_moved_to=AT if moved else None,
    )  # fmt: skip
    reply = told(after)
    assert (reply is None) == (kind_of(after, REGISTERED) is None)
    if reply:
        size = sum(length(text) + 2 for text in reply.paragraphs)
        assert size <= min(TEXT_LIMITS.values())


def test_papers_that_do_not_fit_are_counted_never_dropped_silently() -> None:
    """So many whole papers as fit, then the number of the others."""
    reply = told(change(status=Status.SUPPLEMENT, missing=tuple(f"Giấy tờ số {n} " + "x" * 80 for n in range(1, 21))))
    assert reply is not None
    text = "\n".join(reply.paragraphs)
    shown = sum(f"Giấy tờ số {n} x" in text for n in range(1, 21))
    assert 0 < shown < 20
    assert f"và {20 - shown} giấy tờ khác" in text


def test_no_name_and_no_number_of_a_person_stands_in_a_template() -> None:
    """Only the dossier's code and where it is."""
    for template in TEMPLATES.values():
        assert not {"applicant", "phone_last4", "identity_last4", "name"} & set(template.fields)


def test_every_kind_has_a_template_and_a_reason_to_call() -> None:
    """What is queued can be rendered, and a clerk knows what a call is about."""
    for kind in Kind:
        assert newest(TEMPLATES, kind).id == kind
    assert set(REASONS) == set(Kind) - {Kind.ANNOUNCEMENT}


def test_every_blank_is_declared_and_every_field_used() -> None:
    """A template cannot promise what it does not say."""
    for template in TEMPLATES.values():
        marked = {name: f"<{name}>" for name in template.fields}
        reply = render(template, marked)
        said = " ".join([*reply.paragraphs, *(f"{choice.label} {choice.link}" for choice in reply.choices)])
        assert "{" not in said
        for name in template.fields:
            assert f"<{name}>" in said, (template.id, name)
        assert {parameter.field for parameter in template.parameters.values()} <= set(template.fields)


TEMPLATE = Template(
    id="t",
    version=1,
    fields={"code": Field(10), "note": Field(10, optional=True)},
    paragraphs=("Hồ sơ {code}", "Ghi chú: {note}"),
)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"code": "A", "nmae": "x"}, "nmae is not declared"),
        ({"note": "x"}, "code is missing"),
        ({"code": "  "}, "code is missing"),
        ({"code": "A" * 11}, "code has 11 characters, at most 10"),
    ],
)
def test_what_does_not_fit_the_declaration_is_refused(fields: dict[str, str], problem: str) -> None:
    """The refusal names the field and what to mend."""
    with pytest.raises(TemplateError, match=problem):
        checked(TEMPLATE, fields)


def test_a_message_longer_than_a_channel_takes_is_refused() -> None:
    """2,000 characters on Zalo."""
    wide = msgspec.structs.replace(TEMPLATE, fields={"code": Field(5000)}, paragraphs=("{code}",))
    with pytest.raises(TemplateError, match="zalo takes 2000"):
        checked(wide, {"code": "A" * 2500})


def test_letters_are_counted_composed() -> None:
    """A decomposed ễ is one letter; an empty optional field takes its paragraph with it."""
    clean = checked(TEMPLATE, {"code": "e\u0302\u0303" * 10})
    assert clean["code"] == "ễ" * 10
    assert render(TEMPLATE, clean).paragraphs == ("Hồ sơ " + "ễ" * 10,)


@given(st.text(max_size=400))
def test_parameters_keep_the_limits_of_the_supplier(text: str) -> None:
    """Whatever stands in the record, each parameter is within Zalo's limit of its type."""
    for template in TEMPLATES.values():
        data = template_data(template, dict.fromkeys(template.fields, text)).data
        for name, parameter in template.parameters.items():
            assert length(data[name]) <= PARAMETER_LIMITS[parameter.kind]


def test_titles_are_cut_at_a_word() -> None:
    """Never within one, and it shows."""
    assert shorten("Đăng ký khai sinh có yếu tố nước ngoài", 30) == "Đăng ký khai sinh có yếu tố…"
    assert shorten("vừa đủ", 6) == "vừa đủ"
