"""What a clerk calls each procedure: short, for every procedure, never the same twice."""

from pathlib import Path

import pytest

from knowledge_base.catalogue import PLAIN_NAMES, Catalogue, CatalogueError, read_plain_names


def test_every_procedure_has_a_short_name_of_its_own() -> None:
    """2,040 names of at most 48 characters, all different: they stand on buttons next to each other."""
    names = {procedure.code: procedure.plain_name for procedure in Catalogue.shipped()}
    assert len(names) == len({name.casefold() for name in names.values()}) == 2040
    assert all(0 < len(name) <= 48 for name in names.values())


def test_a_malformed_file_is_named(tmp_path: Path) -> None:
    """The message names the file and its form."""
    path = tmp_path / "names.json"
    path.write_text("[1]")
    with pytest.raises(CatalogueError, match=r"names\.json"):
        read_plain_names(path)
    assert len(read_plain_names(PLAIN_NAMES)) == 2040
