"""Fields of a procedure as lines that staff change."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalogue_fields import FIELDS, FieldError, builtin, read, written
from knowledge_base.catalogue import Catalogue
from knowledge_base.overrides import Correct, lay_over
from knowledge_base.procedure import (
    Case,
    CaseKind,
    Channel,
    Duration,
    DurationKind,
    DurationUnit,
    FeeKind,
    FeeLine,
    LegalDocument,
    Paper,
    Procedure,
)

EMPTY = Procedure(code="1.000001", name="Cấp thẻ", agency="so-a", counter="commune", field="Chung")


def test_what_is_not_touched_stays_as_it_was() -> None:
    """Every field of every procedure, read back as it stands in the form, is the same to the last hidden detail."""
    for procedure in [*Catalogue.shipped()][::10]:
        for field in FIELDS:
            assert read(procedure, field, written(procedure, field)) == getattr(procedure, field), (
                procedure.code,
                field,
            )


@pytest.mark.parametrize(
    ("field", "text", "meant"),
    [
        (
            "fees",
            "trực tiếp: 15.000 đồng | cấp lại\nTRUC TUYEN: 10000\nmọi cách: 25 USD; 30 USD | đến 31/12/2026",
            (
                FeeLine(
                    kind=FeeKind.AMOUNT, channel=Channel.DIRECT, amounts=(15_000,), currency="VND", text="cấp lại"
                ),
                FeeLine(kind=FeeKind.AMOUNT, channel=Channel.ONLINE, amounts=(10_000,), currency="VND"),
                FeeLine(kind=FeeKind.AMOUNT, amounts=(25, 30), currency="USD", valid_until="2026-12-31"),
            ),
        ),
        (
            "fees",
            "bưu chính: Miễn phí\nchưa nêu",
            (FeeLine(kind=FeeKind.FREE, channel=Channel.POSTAL), FeeLine(kind=FeeKind.NOT_STATED)),
        ),
        (
            "durations",
            "trực tiếp: 3,5 ngày làm việc | thêm 2 ngày khi xác minh\ntheo quy trình: ngay khi nhận đủ",
            (
                Duration(
                    kind=DurationKind.STATED, channel=Channel.DIRECT, value=3.5, unit=DurationUnit.WORKING_DAY,
                    text="thêm 2 ngày khi xác minh",
                ),
                Duration(kind=DurationKind.TEXT, text="ngay khi nhận đủ"),
            ),
        ),
        (
            "cases",
            "Tờ khai | 1 chính, 2 sao | mẫu CT01; CT02\n# khi: Mất thẻ\nĐơn báo mất",
            (
                Case(
                    kind=CaseKind.ALL,
                    papers=(Paper(name="Tờ khai", originals=1, copies=2, forms=("CT01", "CT02")),),
                ),
                Case(kind=CaseKind.CASE, label="Mất thẻ", papers=(Paper(name="Đơn báo mất"),)),
            ),
        ),
        ("channels", "Trực tuyến\ntruc tiep\ntrực tiếp", (Channel.ONLINE, Channel.DIRECT)),
        ("legal", "154/2024/NĐ-CP", (LegalDocument(number="154/2024/NĐ-CP"),)),
        ("legal", "Luật Cư trú", (LegalDocument(name="Luật Cư trú"),)),
        ("results", " Thẻ \n\n Quyết định", ("Thẻ", "Quyết định")),
    ],
)  # fmt: skip
def test_new_lines_mean_what_they_say(field: str, text: str, meant: object) -> None:
    """As the hint under the box shows; and as an override the value is what residents get."""
    assert read(EMPTY, field, text) == meant
    signed = {"code": EMPTY.code, "who": "B", "when": "2026-11-24", "why": "x"}
    override = msgspec.json.decode(
        msgspec.json.encode(Correct(**signed, field=field, value=builtin(meant))), type=Correct
    )
    laid = lay_over([EMPTY], [override])
    assert laid.problems == ()
    assert getattr(laid.procedures[0], field) == meant


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("fees", "trực tiếp: mười nghìn", "trực tiếp: mười nghìn"),
        ("fees", "trực tiếp: 5.000 đồng | đến 31/02/2026", "31/12/2026"),
        ("durations", "trực tiếp:", "5 ngày làm việc"),
        ("cases", "# khi:\nĐơn", "# khi"),
        ("cases", "Đơn | nhiều bản", "1 chính, 2 sao"),
        ("channels", "qua loa phường", "trực tuyến"),
        ("name", "  ", "không được để trống"),
        ("results", "x" * 100_000, "Dài quá"),
    ],
)
def test_what_cannot_be_read_is_named_with_how_to_write_it(field: str, text: str, said: str) -> None:
    """No guess is made."""
    with pytest.raises(FieldError) as refusal:
        read(EMPTY, field, text)
    assert said in str(refusal.value)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=80))
def test_nothing_typed_breaks_a_field(field: str, text: str) -> None:
    """Whatever is typed is read or refused; what was read can be laid over the record."""
    try:
        value = read(EMPTY, field, text)
    except FieldError:
        return
    override = Correct(code=EMPTY.code, who="B", when="2026-11-24", why="x", field=field, value=builtin(value))
    assert all(problem.applied for problem in lay_over([EMPTY], [override]).problems)
