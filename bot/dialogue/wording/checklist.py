"""What is said around the checklist of papers."""

CHOOSE_CASE = "Giấy tờ tùy trường hợp. Bạn thuộc trường hợp nào?"
COMMON_ONLY = "Không thuộc trường hợp riêng nào"
STILL_NEEDED = "Tôi còn thiếu gì?"
CLEAR = "Bỏ hết dấu"
BACK_TO_LIST = "Về danh sách giấy tờ"
NO_PAPERS = "Bản ghi chưa liệt kê giấy tờ nào để đánh dấu. Bạn hỏi cán bộ nơi nộp trước khi chuẩn bị."
NEXT = "Giấy tờ tiếp theo"
PREVIOUS = "Giấy tờ phía trước"


CONDITIONAL = (
    'Mục mở đầu bằng "Trường hợp", "Đối với" hoặc có chữ "nếu có", "trong trường hợp" chỉ cần khi đúng với bạn.'
)


def heading(name: str, case: str, done: int, total: int, *, conditional: bool = False) -> str:
    """Heads the list with how far the person is; conditional: some of the papers are not for everybody."""
    where = f"\nTrường hợp: {case}" if case else ""
    only = f" {CONDITIONAL}" if conditional else ""
    return f"# {name}{where}\nĐã có {done} trên {total} giấy tờ. Bấm vào giấy bạn đã có.{only}"


def line(number: int, paper: str, *, has: bool) -> str:
    """One paper with its mark."""
    return f"{'✅' if has else '⬜'} {number}. {paper}"


def button(number: int, name: str, *, has: bool) -> str:
    """The button of one paper."""
    return f"{'✅' if has else '⬜'} {number}. {name}"


def missing(name: str, papers: list[str], always: int) -> tuple[str, ...]:
    """What is not ticked yet: first the `always` papers that everybody needs, then those for some situations."""
    if always == len(papers):
        return (f"# {name}\nCòn {always} giấy tờ chưa đánh dấu:", *papers)
    if not always:
        return (f"# {name}\nGiấy tờ chung đã đủ. Còn {len(papers)} mục chỉ cần nếu đúng trường hợp của bạn:", *papers)
    return (f"# {name}\nCòn {len(papers)} mục chưa đánh dấu. {CONDITIONAL}", *papers)


def complete(name: str, total: int, place: str) -> tuple[str, ...]:
    """Nothing is missing."""
    return (f"# {name}\nBạn đã đủ {total} giấy tờ trong danh sách. Nơi nộp: {place}",)
