"""One file per source format; each yields the same `Procedure` and reports what it repaired or refused.

The reader is chosen by what the file holds, never by its name: the portal's ".doc" is a DOCX, and a CSV saved by
Excel may be called anything.
"""

import gzip
import io
import re
import zipfile
import zlib
from pathlib import Path

from indexer.sources.finding import Finding, Reading, SourceRefused
from indexer.sources.portal_csv import looks_like_catalogue_csv, read_portal_csv
from indexer.sources.portal_doc import read_portal_doc
from indexer.sources.portal_excel import read_portal_excel
from indexer.sources.portal_json import read_portal_json

__all__ = ["Finding", "Reading", "SourceRefused", "read_bytes", "read_source"]

LARGEST = 1_000_000_000
_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype|html|head|body|\?xml|table|div|meta)\b", re.IGNORECASE | re.DOTALL
)


def read_source(path: Path) -> Reading:
    """The procedures of one file. Raises SourceRefused with a sentence for the clerk where the file holds none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceRefused(
            f"{path.name}: không mở được tệp ({error.strerror}). Hãy kiểm tra lại đường dẫn."
        ) from error
    return read_bytes(data, path.name)


def read_bytes(data: bytes, origin: str) -> Reading:
    """The same for the bytes of an uploaded file; `origin` is its name, used only in messages."""
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data, origin)
    data = _utf8(data)
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise SourceRefused(f"{origin}: tệp trống. Hãy xuất lại từ Cổng Dịch vụ công rồi gửi lại.")
    if data.startswith(b"PK\x03\x04"):
        return _office(data, origin)
    if data[:1024].lstrip().startswith(b"%PDF"):
        raise SourceRefused(
            f"{origin}: đây là tệp PDF, máy không đọc chắc chắn được. Hãy xuất ra Excel, Word hoặc JSON từ Cổng."
        )
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise SourceRefused(
            f"{origin}: đây là tệp Word/Excel đời cũ. Hãy mở ra, chọn Lưu thành .docx hoặc .xlsx rồi gửi lại."
        )
    if data[:1024].lstrip().startswith(b"{\\rtf"):
        raise SourceRefused(f"{origin}: đây là tệp RTF. Hãy mở bằng Word, chọn Lưu thành .docx rồi gửi lại.")
    if _HTML.match(data[:4096].removeprefix(b"\xef\xbb\xbf")):
        raise SourceRefused(f"{origin}: đây là một trang web đã lưu. Hãy dùng nút Xuất Excel hoặc Xuất Word trên Cổng.")
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"{", b"[")):
        return read_portal_json(data, origin)
    if looks_like_catalogue_csv(data):
        return read_portal_csv(data, origin)
    raise SourceRefused(
        f"{origin}: không nhận ra định dạng. Hãy gửi danh sách Excel hoặc CSV có cột “Mã số” và “Tên”, tệp Word"
        " chi tiết thủ tục hoặc tệp JSON xuất từ Cổng Dịch vụ công."
    )


def _utf8(data: bytes) -> bytes:
    """UTF-16 text, as Excel and Notepad save it, as UTF-8; everything else as it is."""
    little = data.startswith(b"\xff\xfe") or data[1:8:2] == b"\0\0\0\0"
    if not little and not data.startswith(b"\xfe\xff") and data[:8:2] != b"\0\0\0\0":
        return data
    return data.decode("utf-16-le" if little else "utf-16-be", errors="replace").removeprefix("\ufeff").encode()


def _unpacked(data: bytes, origin: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            unpacked = packed.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceRefused(f"{origin}: tệp nén bị hỏng hoặc thiếu. Hãy tải lại tệp.") from error
    if len(unpacked) > LARGEST:
        raise SourceRefused(f"{origin}: tệp giải nén lớn hơn 1 GB. Hãy chia nhỏ rồi gửi lại.")
    return unpacked


def _office(data: bytes, origin: str) -> Reading:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise SourceRefused(f"{origin}: tệp bị hỏng hoặc tải về chưa đủ. Hãy tải lại tệp.") from error
    if size > LARGEST:
        raise SourceRefused(f"{origin}: tệp giải nén lớn hơn 1 GB. Hãy chia nhỏ rồi gửi lại.")
    if "xl/workbook.xml" in names:
        return read_portal_excel(data, origin)
    if "word/document.xml" in names:
        return read_portal_doc(data, origin)
    raise SourceRefused(f"{origin}: tệp nén này không phải Excel hay Word. Hãy giải nén và gửi từng tệp bên trong.")
