"""Links that carry a checklist: they say what was put in, for a while, and nothing else does."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.checklist_links import LASTS, LONGEST, MOST_PAPERS, seal, unseal
from bot.dialogue.flows.procedure import list_choices, paper_list
from bot.personal import Hasher
from knowledge_base.catalogue import Catalogue
from tests.bot.dossiers import HASHER

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


@given(st.sampled_from(["", "0", "18", "c"]), st.sets(st.integers(0, MOST_PAPERS - 1)))
def test_what_goes_in_comes_out(position: str, ticks: set[int]) -> None:
    token = seal(HASHER, "1.004194", position, tuple(ticks), NOW)
    handed = unseal(HASHER, token, NOW)
    assert handed is not None
    assert (handed.procedure, handed.position, set(handed.ticks)) == ("1.004194", position, ticks)
    assert len(token) <= LONGEST


@given(st.text(max_size=70) | st.text("ABCxyz019-_", min_size=20, max_size=62))
def test_nothing_else_opens(text: str) -> None:
    assert unseal(HASHER, text, NOW) is None


def test_a_link_ends_and_belongs_to_its_centre() -> None:
    token = seal(HASHER, "1.004194", "", (1,), NOW)
    assert unseal(HASHER, token, NOW + LASTS - timedelta(hours=1)) is not None
    assert unseal(HASHER, token, NOW + LASTS) is None
    assert unseal(Hasher(b"another centre's key"), token, NOW) is None


def test_no_list_of_the_catalogue_is_too_long() -> None:
    for procedure in Catalogue.shipped():
        for position, _ in list_choices(procedure) or [("", "")]:
            papers = paper_list(procedure, position)
            assert papers is None or len(papers.papers) <= MOST_PAPERS, procedure.code
