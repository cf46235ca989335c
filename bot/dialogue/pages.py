"""Every page that the assistant can say about a procedure, for editors and auditors: `motcua show`."""

from datetime import datetime

from bot.dialogue.flow import Answer, Turn
from bot.dialogue.flows import procedure as procedure_flow
from bot.messages import Contact, split
from bot.services.guide import Guide
from knowledge_base.centre import VIETNAM, Centre
from knowledge_base.facets import Facet
from knowledge_base.procedure import CaseKind, Procedure

LONGEST_MESSAGE = 4096
"""Of all channels the longest message; see the channels for their own limits."""


def all_pages(guide: Guide, centre: Centre, procedure: Procedure, limit: int = LONGEST_MESSAGE) -> dict[str, list[str]]:
    """Page name → the messages in which residents read it, through the same pages as a conversation."""
    turn = Turn(contact=Contact("show", ""), text="", guide=guide, centre=centre, now=datetime.now(VIETNAM))
    code = procedure.code
    pages = {"documents": procedure_flow.documents(turn, code)}
    pages |= {
        facet.value: procedure_flow.show(turn, code, facet.value) for facet in Facet if facet is not Facet.DOCUMENTS
    }
    pages |= _checklists(turn, procedure)
    for position, case in enumerate(procedure.cases):
        if case.kind is CaseKind.CASE and case.papers:
            pages[f"documents of case {position + 1}"] = procedure_flow.case(turn, code, str(position))
    return {name: messages(answer, limit) for name, answer in pages.items()}


def _checklists(turn: Turn, procedure: Procedure) -> dict[str, Answer]:
    """Every page of every list of papers, and what is missing while nothing is ticked."""
    code = procedure.code
    pages = {"checklist": procedure_flow.checklist(turn, code)}
    lists = procedure_flow.list_choices(procedure) if procedure_flow.paper_list(procedure, "") is None else [("", "")]
    for position, _ in lists:
        papers = procedure_flow.paper_list(procedure, position)
        if papers is None or not papers.papers:
            continue
        number = f" of case {int(position) + 1}" if position.isdecimal() else " of no case" if position else ""
        for page in range(-(-len(papers.papers) // procedure_flow.LIST_PAGE)):
            name = f"checklist{number}{f', page {page + 1}' if page else ''}"
            pages[name] = procedure_flow.checklist(turn, code, position, str(page))
        pages[f"still needed{number}"] = procedure_flow.still_needed(turn, code, position)
    return pages


def messages(answer: Answer, limit: int) -> list[str]:
    """The texts of an answer as a channel with this limit sends them, without mark-up."""
    return split(tuple(paragraph.removeprefix("# ") for paragraph in answer.reply.paragraphs), limit)
