"""Learning which facet a question asks for."""

import random
from pathlib import Path

import msgspec

from indexer.asked import fit, made, save
from knowledge_base.facets import Facet, FacetModel, read
from tests.fakes.small_index import PHRASES


def test_made_questions_learn_to_tell_facets_apart(tmp_path: Path) -> None:
    """A model of made questions knows a fee from a duration, and is the same after a way through its file."""
    seen = [
        question
        for question in made(PHRASES, random.Random(1))
        if question[1] in (Facet.FEE, Facet.DURATION, Facet.ONLINE)
    ]
    model = fit(seen, [1.0] * len(seen))
    for question, facet in (("lệ phí bao nhiêu tiền", Facet.FEE), ("mấy ngày thì xong", Facet.DURATION)):
        chances = [model.chances(read(text).features).argmax() for text in (question, f"làm hộ chiếu {question}")]
        assert [model.facets[int(place)] for place in chances] == [facet, facet]
    save(model, tmp_path / "facets.json")
    assert msgspec.json.decode((tmp_path / "facets.json").read_bytes(), type=FacetModel) == model
