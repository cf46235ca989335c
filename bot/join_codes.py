"""Join codes of volunteers: "TN-7K4-9XQ-2PT", with the letters of the visit codes and read as tolerantly."""

import re
import unicodedata

from bot import visit_codes


def new() -> str:
    """A fresh code. Its middle holds a letter, so that it is never taken for a telephone number."""
    while True:
        code = "TN" + visit_codes.new().removeprefix("DG")
        if re.search("[A-Z]", code[7:10]):
            return code


def normal(text: str) -> str | None:
    """The code that a text consists of, with or without TN; None where it is none."""
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    found = visit_codes.normal(re.sub(r"^TN[\s.\-–·:/]*", "", plain))
    return None if found is None else "TN" + found.removeprefix("DG")
