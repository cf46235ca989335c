"""What is said between a question and a procedure: which one of several, or none."""

from collections.abc import Sequence

from bot.dialogue.wording import desk, figures
from knowledge_base.centre import Centre
from knowledge_base.facets import Facet
from knowledge_base.procedure import Procedure
from knowledge_base.text import fold

LABEL_LIMIT = 90
NONE_OF_THESE = "Không có trong này"


def nothing(centre: Centre) -> tuple[str, ...]:
    """No procedure fits: say so, and offer ways on."""
    return (
        "Xin lỗi bạn, trợ lý chưa tìm thấy thủ tục nào khớp với điều bạn hỏi, nên không đoán bừa.",
        "Bạn thử nói cách khác (việc gì, cho ai, để làm gì), hoặc chọn bên dưới.",
        f"Cần hỏi người: gọi {desk.phone(centre)}. {desk.hours(centre)}",
    )


def go_on(procedure: Procedure) -> str:
    """The button back to what was talked about before."""
    return f"Hỏi tiếp: {procedure.plain_name or procedure.name}"


ASKED = {
    Facet.DOCUMENTS: "giấy tờ",
    Facet.FEE: "lệ phí",
    Facet.DURATION: "thời gian",
    Facet.WHERE: "nơi nộp",
    Facet.ONLINE: "cách nộp qua mạng",
    Facet.FORM: "mẫu đơn",
    Facet.STEPS: "cách làm",
    Facet.RESULT: "kết quả",
    Facet.CONDITIONS: "điều kiện",
    Facet.AUDIENCE: "ai được làm",
    Facet.LEGAL: "căn cứ pháp lý",
}


def of_what(facets: Sequence[Facet]) -> str:
    """What is asked is clear, of which procedure is not."""
    asked = ", ".join(ASKED[facet] for facet in facets if facet in ASKED)
    first = f"Bạn hỏi {asked} của việc gì ạ?" if asked else "Bạn cần làm việc gì ạ?"
    return f"{first} Bạn gõ tên việc, ví dụ: đăng ký khai sinh."


OTHER_WORDS = "Vâng. Bạn nói thêm giúp: việc gì, cho ai, để làm gì? Trợ lý xin tìm lại."


def which(procedures: list[Procedure]) -> tuple[str, ...]:
    """One question that separates the candidates, then each with its full name."""
    lines = [
        f"{number}. {label}\n{_full_name(procedure, label)}"
        for number, (procedure, label) in enumerate(zip(procedures, labels(procedures), strict=True), 1)
    ]
    return (question(procedures), *lines, "Bạn bấm nút hoặc gõ số.")


def question(procedures: list[Procedure]) -> str:
    """The one thing that separates the candidates, as a question."""
    if len(procedures) == 1:
        return "Có phải bạn cần việc này không?"
    shared = _shared_start([procedure.name for procedure in procedures])
    levels = {procedure.counter for procedure in procedures}
    if len({fold(procedure.name) for procedure in procedures}) == 1 and len(levels) > 1:
        return f'"{procedures[0].name}" làm được ở hai nơi. Bạn làm ở xã, phường hay ở tỉnh?'
    if len(shared) >= 3:
        return f'Có {len(procedures)} thủ tục "{" ".join(shared)} …". Bạn cần trường hợp nào?'
    return f"Có {len(procedures)} thủ tục gần với điều bạn hỏi. Bạn cần việc nào?"


def labels(procedures: list[Procedure]) -> list[str]:
    """Each candidate as a clerk would call it; without plain names, what the official names do not share."""
    plain = [procedure.plain_name for procedure in procedures]
    if all(plain) and len(set(map(fold, plain))) == len(plain):
        return plain
    names = [procedure.name.split() for procedure in procedures]
    start = len(_shared_start([procedure.name for procedure in procedures]))
    end = _shared_end(names, start)
    said = [" ".join(words[start : len(words) - end]) or " ".join(words) for words in names]
    if any(len(text) < 6 or not text[0].isalnum() for text in said):  # what is left says nothing by itself
        said = [" ".join(words) for words in names]
    if len({procedure.counter for procedure in procedures}) > 1:
        said = [f"{text} ({_level(procedure)})" for text, procedure in zip(said, procedures, strict=True)]
    if len(set(map(fold, said))) < len(said):
        said = [f"{text} – {_told_apart(p, procedures)}" for text, p in zip(said, procedures, strict=True)]
    return [figures.cut(text[:1].upper() + text[1:], LABEL_LIMIT) for text in said]


def _full_name(procedure: Procedure, label: str) -> str:
    """The official name where the label is another, and the level."""
    named = "" if fold(label) == fold(procedure.name) else f"{figures.cut(procedure.name, 220)}, "
    return f"({named}{_level(procedure)})"


def _told_apart(procedure: Procedure, procedures: list[Procedure]) -> str:
    """For the same name issued twice: by whom, else by code."""
    issuers = {other.issuer for other in procedures}
    if len(issuers) == len(procedures) and procedure.issuer:
        return f"{procedure.issuer} công bố"
    return f"mã {procedure.code}"


def _level(procedure: Procedure) -> str:
    return "làm tại xã, phường" if procedure.counter == "commune" else "làm tại tỉnh"


def _shared_start(names: list[str]) -> list[str]:
    split = [name.split() for name in names]
    shared = []
    for words in zip(*split, strict=False):
        if len({fold(word) for word in words}) > 1:
            break
        shared.append(words[0])
    return shared


def _shared_end(names: list[list[str]], start: int) -> int:
    shortest = min(len(words) for words in names) - start
    end = 0
    while end < shortest and len({fold(words[-1 - end]) for words in names}) == 1:
        end += 1
    return end
