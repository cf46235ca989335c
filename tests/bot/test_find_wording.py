"""The question back: candidates are told apart in as few plain words as their records allow."""

import msgspec

from bot.dialogue.wording import find as wording
from knowledge_base.procedure import Procedure

BASE = Procedure(code="1.000001", name="Cấp thẻ", agency="so-tu-phap", counter="province", field="Thử")


def named(*names: str, **changes: str) -> list[Procedure]:
    """Procedures with these official names."""
    return [msgspec.structs.replace(BASE, code=f"1.00000{n}", name=name, **changes) for n, name in enumerate(names)]


def test_what_the_names_share_is_not_repeated() -> None:
    """Beginning and end that all candidates share are left out of the labels and put into the question."""
    candidates = named("Cấp lại giấy phép lái xe bị mất", "Cấp lại giấy phép lái xe hết hạn")
    assert wording.labels(candidates) == ["Bị mất", "Hết hạn"]
    assert "Cấp lại giấy phép lái xe" in wording.question(candidates)


def test_plain_names_come_first() -> None:
    """Where every candidate has one, a clerk's words stand on the buttons and the official name in the text."""
    candidates = [
        msgspec.structs.replace(BASE, code="1.000001", plain_name="Thẻ cho người ở tỉnh"),
        msgspec.structs.replace(BASE, code="1.000002", plain_name="Thẻ cho người ở xã", name="Cấp thẻ tại xã"),
    ]
    assert wording.labels(candidates) == ["Thẻ cho người ở tỉnh", "Thẻ cho người ở xã"]
    assert "Cấp thẻ tại xã" in " ".join(wording.which(candidates))


def test_the_same_name_at_two_levels_asks_for_the_level() -> None:
    """One tap: the commune or the province."""
    province = BASE
    commune = msgspec.structs.replace(BASE, code="1.000002", counter="commune")
    assert "xã, phường hay ở tỉnh" in wording.question([province, commune])
    assert wording.labels([province, commune]) == ["Cấp thẻ (làm tại tỉnh)", "Cấp thẻ (làm tại xã, phường)"]


def test_the_same_name_issued_twice_is_told_apart_by_issuer_or_code() -> None:
    """Nothing else differs: who published it, else the code."""
    first = msgspec.structs.replace(BASE, issuer="Bộ A")
    second = msgspec.structs.replace(BASE, code="1.000002", issuer="Bộ B")
    assert wording.labels([first, second]) == ["Cấp thẻ – Bộ A công bố", "Cấp thẻ – Bộ B công bố"]
    same = msgspec.structs.replace(second, issuer="Bộ A")
    assert wording.labels([first, same]) == ["Cấp thẻ – mã 1.000001", "Cấp thẻ – mã 1.000002"]


def test_labels_are_never_a_scrap() -> None:
    """A bracket or a single syllable says nothing by itself: the whole name stands there then."""
    candidates = named("Cấp thẻ căn cước", "Cấp thẻ căn cước (tại tỉnh)")
    assert wording.labels(candidates) == ["Cấp thẻ căn cước", "Cấp thẻ căn cước (tại tỉnh)"]
