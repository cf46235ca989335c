import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.catalogue import SHIPPED, Catalogue, CatalogueError, encode_file, read_folder
from knowledge_base.overrides import OverridesError, fingerprint, lay_over, read_overrides
from knowledge_base.procedure import Flag, LegalDocument, Procedure


def procedure(code: str = "1.000001", **facts: Any) -> Procedure:
    given: dict[str, Any] = {
        "name": "Cấp thẻ",
        "agency": "so-a",
        "counter": "province",
        "field": "Thẻ",
        "topics": ("viec-lam",),
    }
    return Procedure(code=code, **(given | facts))


def write(folder: Path, *procedures: Procedure) -> Path:
    for agency in {found.agency for found in procedures}:
        data = encode_file(agency, [found for found in procedures if found.agency == agency])
        (folder / f"{agency}.json").write_bytes(data)
    return folder


def entry(kind: str = "hide", **fields: Any) -> dict[str, Any]:
    return {"code": "1.000001", "kind": kind, "who": "Biên tập", "when": "2026-11-01", "why": "vì"} | fields


def overrides(folder: Path, *entries: Any) -> Path:
    path = folder / "overrides.json"
    path.write_text(json.dumps({"overrides": entries}, ensure_ascii=False), "utf-8")
    return path


class TestCatalogue:
    @pytest.mark.parametrize(
        "written", [" 1.001612 ", "1001612", "1,001612", "1.001612.000.00.00.H48", "1.001612.02", "1.001612\n"]
    )
    def test_a_code_is_found_as_people_and_systems_write_it(self, written: str) -> None:
        assert Catalogue([procedure("1.001612")]).get(written) == procedure("1.001612")

    @pytest.mark.parametrize("written", ["", "1.00161", "2.001612", "1.0016122", "khai sinh", "1.001612x"])
    def test_a_code_that_is_not_there_is_not_guessed(self, written: str) -> None:
        assert Catalogue([procedure("1.001612")]).get(written) is None

    def test_procedures_are_grouped_by_agency_field_and_topic_in_order_of_code(self) -> None:
        first, second = procedure("1.000001"), procedure("1.000002", agency="so-b", topics=())
        catalogue = Catalogue([second, first])
        assert list(catalogue) == [first, second]
        assert catalogue.by_agency("so-b") == (second,)
        assert catalogue.by_field("Thẻ") == (first, second)
        assert catalogue.by_topic("viec-lam") == (first,)
        assert catalogue.by_agency("none") == ()
        assert (catalogue.agencies, catalogue.fields, catalogue.topics) == (("so-a", "so-b"), ("Thẻ",), ("viec-lam",))

    def test_a_folder_gives_back_what_was_written(self, tmp_path: Path) -> None:
        kept = (procedure(legal=(LegalDocument(number="1/2020/NĐ-CP"),)), procedure("1.000002", agency="so-b"))
        assert tuple(Catalogue.load(write(tmp_path, *kept))) == kept

    def test_the_same_procedures_give_the_same_bytes_and_hash_in_any_order(self) -> None:
        first, second = procedure("1.000001"), procedure("1.000002")
        assert encode_file("so-a", [second, first]) == encode_file("so-a", [first, second])
        assert Catalogue([second, first]).content_hash() == Catalogue([first, second]).content_hash()
        assert Catalogue([first]).content_hash() != Catalogue([first, second]).content_hash()

    def test_a_file_is_readable_line_by_line_and_ends_with_a_newline(self) -> None:
        text = encode_file("so-a", [procedure()]).decode()
        assert text.endswith("}\n")
        assert '"name": "Cấp thẻ"' in text
        assert len(text.splitlines()) > 8

    def test_a_snapshot_carries_procedures_and_phrases(self) -> None:
        catalogue = Catalogue([procedure()], phrases={"1.000001": ("làm thẻ",)})
        again = Catalogue.from_bytes(catalogue.to_bytes())
        assert tuple(again) == tuple(catalogue)
        assert again.phrases == {"1.000001": ("làm thẻ",)}
        assert again.content_hash() == catalogue.content_hash()

    @pytest.mark.parametrize("data", [b"", b"{}", b'{"format": 2, "procedures": []}'])
    def test_damaged_bytes_say_what_to_do(self, data: bytes) -> None:
        with pytest.raises(CatalogueError, match="again"):
            Catalogue.from_bytes(data)

    def test_a_broken_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "so-a.json").write_text('{"format": 1, "agency": "so-a", "procedures": [{"code": 1.5}]}')
        with pytest.raises(CatalogueError, match=r"so-a\.json"):
            read_folder(tmp_path)

    def test_a_code_in_two_files_is_refused(self, tmp_path: Path) -> None:
        write(tmp_path, procedure(), procedure(agency="so-b"))
        with pytest.raises(CatalogueError, match=r"1\.000001"):
            read_folder(tmp_path)

    def test_a_missing_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogueError, match="no catalogue folder"):
            Catalogue.load(tmp_path / "none")


class TestOverrides:
    def test_each_kind_does_what_it_says(self, tmp_path: Path) -> None:
        path = overrides(
            tmp_path,
            entry("correct", field="address", value="Quầy 3"),
            entry("note", text="Đang sửa."),
            entry("flag", flag="broken_text"),
            entry("phrase", text="làm thẻ"),
            entry("hide", code="1.000002"),
        )
        folder = tmp_path / "catalogue"
        folder.mkdir()
        catalogue = Catalogue.load(write(folder, procedure(), procedure("1.000002")), path)
        found = catalogue.get("1.000001")
        assert found is not None
        assert (found.address, found.flags, [note.text for note in found.notes]) == (
            "Quầy 3",
            (Flag.BROKEN_TEXT,),
            ["Đang sửa."],
        )
        assert catalogue.phrases == {"1.000001": ("làm thẻ",)}
        assert "1.000002" not in catalogue
        assert catalogue.problems == ()

    def test_a_corrected_value_is_checked_against_its_type(self, tmp_path: Path) -> None:
        path = overrides(
            tmp_path,
            entry("correct", field="fees", value=[{"kind": "amount", "amounts": [5000], "currency": "VND"}]),
            entry("correct", field="fees", value="5000 đồng"),
        )
        laid = lay_over([procedure()], read_overrides(path))
        assert laid.procedures[0].fees[0].amounts == (5000,)
        assert [(problem.kind, problem.applied) for problem in laid.problems] == [("correct", False)]

    @pytest.mark.parametrize(
        "bad",
        [
            entry(code="9.999999"),
            entry("correct", field="nonsense", value=1),
            entry("correct", field="code", value="1.000002"),
            entry("flag", flag="nonsense"),
            entry("unknown"),
            entry(who=" "),
            entry(when="gestern"),
            entry(extra=1),
            {"code": "1.000001"},
            "text",
            None,
        ],
    )
    def test_a_bad_entry_is_reported_and_the_others_apply(self, tmp_path: Path, bad: Any) -> None:
        laid = lay_over([procedure()], read_overrides(overrides(tmp_path, bad, entry("note", text="Gut"))))
        assert len(laid.problems) == 1
        assert laid.problems[0].reason
        assert [note.text for note in laid.procedures[0].notes] == ["Gut"]

    def test_an_override_whose_record_has_changed_applies_and_is_reported(self, tmp_path: Path) -> None:
        path = overrides(tmp_path, entry("note", text="x", seen=fingerprint(procedure())))
        assert lay_over([procedure()], read_overrides(path)).problems == ()
        laid = lay_over([procedure(name="Cấp thẻ mới")], read_overrides(path))
        assert [problem.applied for problem in laid.problems] == [True]
        assert fingerprint(procedure(name="Cấp thẻ mới")) in laid.problems[0].reason
        assert laid.procedures[0].notes

    def test_two_watched_overrides_do_not_disturb_each_other(self, tmp_path: Path) -> None:
        seen = fingerprint(procedure())
        path = overrides(
            tmp_path, entry("correct", field="name", value="Khác", seen=seen), entry("note", text="x", seen=seen)
        )
        assert lay_over([procedure()], read_overrides(path)).problems == ()

    def test_the_fingerprint_ignores_assignment_prose_and_warnings(self) -> None:
        other = procedure(
            agency="so-b", counter="commune", steps=("Bước 1",), flags=(Flag.AMOUNT_EXPIRED,), record_date="2026-01-01"
        )
        assert fingerprint(other) == fingerprint(procedure())
        assert fingerprint(procedure(address="x")) != fingerprint(procedure())

    def test_toml_is_read_too_with_a_bare_date(self, tmp_path: Path) -> None:
        path = tmp_path / "o.toml"
        path.write_text('[[overrides]]\ncode="1.000001"\nkind="hide"\nwho="A"\nwhen=2026-11-01\nwhy="b"\n', "utf-8")
        assert lay_over([procedure()], read_overrides(path)).procedures == ()

    @pytest.mark.parametrize("text", ["{", "[]", '{"overrides": {}}'])
    def test_an_unreadable_file_is_named(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "o.json"
        path.write_text(text)
        with pytest.raises(OverridesError, match=r"o\.json"):
            read_overrides(path)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(OverridesError, match=r"none\.json"):
            read_overrides(tmp_path / "none.json")

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["code", "kind", "field", "value", "who", "when", "why"]), inner, max_size=5
                )
            ),
            max_leaves=8,
        )
    )
    def test_no_entry_can_stop_the_catalogue(self, raw: Any) -> None:
        from knowledge_base.overrides import _entry

        assert lay_over([procedure()], [_entry(raw, 1)]).procedures


class TestShipped:
    def test_it_holds_exactly_the_centres_procedures(self) -> None:
        found = read_folder(SHIPPED)
        assert sum(one.counter == "province" for one in found) == 1655
        assert sum(one.counter == "commune" for one in found) == 385

    def test_it_holds_facts_and_no_prose(self) -> None:
        for found in read_folder(SHIPPED):
            assert (found.steps, found.conditions, found.method_notes) == ((), "", ())
            assert not any(case.notes for case in found.cases)
            assert not any(paper.detail for paper in found.papers)
            assert all(not (document.number and document.name) for document in found.legal)

    def test_every_amount_line_has_an_amount_and_free_is_said_by_the_text(self) -> None:
        for found in read_folder(SHIPPED):
            for fee in found.fees:
                assert bool(fee.amounts) == (fee.kind == "amount")
                assert fee.kind != "free" or "miễn" in fee.text.casefold() or "không thu" in fee.text.casefold()

    def test_every_source_is_a_page_of_the_national_portal(self) -> None:
        assert all(
            found.source.startswith("https://dichvucong.gov.vn/thu-tuc-hanh-chinh/") for found in read_folder(SHIPPED)
        )

    def test_its_overrides_all_apply_and_none_is_stale(self) -> None:
        catalogue = Catalogue.shipped()
        assert catalogue.problems == ()
        birth = catalogue.get("1.001193")
        assert birth is not None
        assert Flag.BROKEN_TEXT in birth.flags
        assert birth.notes
