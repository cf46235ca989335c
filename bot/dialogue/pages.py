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
    pages["checklist"] = procedure_flow.checklist(turn, code)
    for position, case in enumerate(procedure.cases):
        if case.kind is CaseKind.CASE and case.papers:
            pages[f"documents of case {position + 1}"] = procedure_flow.case(turn, code, str(position))
    return {name: messages(answer, limit) for name, answer in pages.items()}


def messages(answer: Answer, limit: int) -> list[str]:
    """The texts of an answer as a channel with this limit sends them, without mark-up."""
    return split(tuple(paragraph.removeprefix("# ") for paragraph in answer.reply.paragraphs), limit)
