"""The portal's list export: a merged title over several lines, headers in row 2, several agencies in one cell."""

import io
import zipfile
from xml.etree.ElementTree import ParseError

import openpyxl

from indexer.sources.finding import Finding, Reading, SourceRefused
from indexer.sources.listing import columns_of, read_rows
from knowledge_base.procedure import Procedure

HEADER_WITHIN = 60


def read_portal_excel(data: bytes, origin: str) -> Reading:
    """The procedures of all sheets that have a header row with "Mã số" and "Tên"."""
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = [(sheet.title, list(sheet.iter_rows(values_only=True))) for sheet in book.worksheets]
    except (
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        ParseError,
        OSError,
        zipfile.BadZipFile,
    ) as error:
        raise SourceRefused(
            f"{origin}: tệp Excel bị hỏng. Hãy mở bằng Excel, lưu lại thành .xlsx rồi gửi lại."
        ) from error
    procedures: list[Procedure] = []
    findings: list[Finding] = []
    for title, rows in sheets:
        for position, row in enumerate(rows[:HEADER_WITHIN]):
            columns = columns_of(row)
            if columns:
                where = origin if len(sheets) == 1 else f"{origin}, trang {title}"
                reading = read_rows(columns, enumerate(rows[position + 1 :], position + 2), where)
                procedures.extend(reading.procedures)
                findings.extend(reading.findings)
                break
    if not procedures and not findings:
        raise SourceRefused(
            f"{origin}: tệp Excel không có hàng tiêu đề với cột “Mã số” và “Tên”. Hãy dùng danh sách xuất từ Cổng."
        )
    return Reading(procedures=tuple(procedures), findings=tuple(findings), listing=True)
