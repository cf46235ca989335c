"""Where to hand in: the record's place first and under its own name, the centre's desk as the centre's word."""

from datetime import UTC, datetime

import msgspec
import pytest

from bot.dialogue.flow import Turn
from bot.dialogue.flows import procedure as flow
from bot.dialogue.wording import places
from bot.dialogue.wording import procedure as wording
from bot.messages import Contact
from bot.services.guide import Guide
from knowledge_base.catalogue import Catalogue
from knowledge_base.centre import load_centre
from knowledge_base.facets import Facet
from knowledge_base.procedure import Channel, Procedure

CENTRE = load_centre()
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
CATALOGUE = Catalogue.shipped()
AT_COMMUNE = Procedure(code="1.000001", name="Đăng ký thử", agency="ubnd-cap-xa", counter="commune", field="Thử")
AT_PROVINCE = Procedure(code="1.000002", name="Xin thử", agency="so-y-te", counter="province", field="Thử")


def replaced(procedure: Procedure, **fields: object) -> str:
    """The overview's place of a procedure with other fields."""
    return places.short(msgspec.structs.replace(procedure, **fields), CENTRE)


def test_temporary_residence_is_handed_in_at_the_police() -> None:
    """The record names the commune's police; the commune's desk is told as the centre's list, with a number to ask."""
    said = places.short(CATALOGUE.get("1.004194"), CENTRE)  # type: ignore[arg-type]
    assert said.startswith("Công an cấp xã (theo bản ghi).")
    assert "Danh mục của Trung tâm ghi nơi khác (bộ phận Một cửa" in said
    assert CENTRE.hotline in said


def test_who_goes_to_the_doctor_is_not_sent_to_the_department() -> None:
    said = places.short(CATALOGUE.get("1.014193"), CENTRE)  # type: ignore[arg-type]
    assert said.startswith("Cơ sở khám bệnh, chữa bệnh giải quyết việc này, bản ghi không ghi nơi nộp.")
    assert "gọi" in said


@pytest.mark.parametrize("facet", [Facet.GENERAL, Facet.WHERE, Facet.STEPS])
def test_every_page_tells_the_same_place(guide: Guide, facet: Facet) -> None:
    turn = Turn(contact=Contact("test", "1"), text="", guide=guide, centre=CENTRE, now=NOW)
    said = " ".join(flow.show(turn, "1.004194", facet.value).reply.paragraphs)
    assert said.index("Công an cấp xã (theo bản ghi)") < said.index("bộ phận Một cửa")


def test_a_complete_checklist_tells_the_same_place(guide: Guide) -> None:
    papers = len(CATALOGUE.get("1.004194").papers)  # type: ignore[union-attr]
    turn = Turn(contact=Contact("test", "1"), text="", guide=guide, centre=CENTRE, now=NOW)
    position = next(iter(flow.list_choices(CATALOGUE.get("1.004194"))), ("", ""))[0]  # type: ignore[arg-type]
    ticked = msgspec.structs.replace(turn, ticks={f"1.004194:{position}": tuple(range(papers))})
    said = " ".join(flow.still_needed(ticked, "1.004194", position).reply.paragraphs)
    assert "Công an cấp xã (theo bản ghi)" in said


def test_where_record_and_centre_agree_nobody_is_worried() -> None:
    for executing in (("Ủy ban nhân dân cấp xã",), ("Sở Xây dựng", "UBND cấp xã"), ()):
        said = replaced(AT_COMMUNE, executing=executing)
        assert said.startswith("Trung tâm tiếp nhận tại bộ phận Một cửa")
        assert "gọi" not in said
    said = replaced(AT_PROVINCE, address="Trung tâm Phục vụ hành chính công tỉnh Bắc Ninh.")
    assert said.startswith(
        "Trung tâm Phục vụ hành chính công tỉnh Bắc Ninh (theo bản ghi). Trung tâm tiếp nhận tại quầy"
    )
    assert "gọi" not in said
    assert "gọi" not in replaced(AT_PROVINCE, executing=("Sở Y tế",))


@pytest.mark.parametrize("executing", ["Công an cấp Xã", "Cơ sở giáo dục", "Đội Thủ tục Biên phòng cửa khẩu cảng"])
def test_the_commune_does_not_decide_what_others_decide(executing: str) -> None:
    assert executing in replaced(AT_COMMUNE, executing=(executing,)).split(".")[0]


def test_words_before_the_place_are_left_out() -> None:
    assert replaced(AT_COMMUNE, address="Trực tiếp tại trụ sở Công an tỉnh.").startswith("Trụ sở Công an tỉnh (theo")
    assert replaced(AT_COMMUNE, address="rực tiếp tại Công an đơn vị").startswith("Công an đơn vị (theo")


def test_the_records_notes_on_handing_in_are_told_where_they_are_there() -> None:
    noted = msgspec.structs.replace(AT_COMMUNE, method_notes=((Channel.DIRECT, "Nộp tại Công an cấp xã"),))
    assert "Nộp trực tiếp, bản ghi viết: Nộp tại Công an cấp xã" in places.where(noted, CENTRE)


def test_no_page_of_places_stands_under_the_portals_source_alone() -> None:
    """All 2,040: the desk is always told as the centre's."""
    for procedure in CATALOGUE:
        said = wording.overview(procedure, CENTRE, NOW.date())[0]
        assert "Trung tâm tiếp nhận tại" in said or "Danh mục của Trung tâm ghi nơi khác" in said, procedure.code
        assert ".." not in said.replace("…", ""), procedure.code
