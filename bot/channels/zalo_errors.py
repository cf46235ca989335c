"""What the error codes of Zalo mean to us. They come with HTTP 200, so nothing but the code tells."""

from enum import StrEnum
from typing import Final

from bot.channels import Silent, TryLater


class Action(StrEnum):
    """What the sender does about an error."""

    RENEW = "refresh the token once, send again once"
    RATE = "pause the channel, then again"
    LATER = "try again later"
    TOMORROW = "alert; again the next day at 07:05"
    PERSON_TOMORROW = "this person the next day at 07:05, others go on"
    MORNING = "again at 07:05"
    TEMPLATE = "send the template instead"
    UNREACHABLE = "this person cannot be reached on Zalo: other channel or call list"
    OPERATOR = "alert; the channel waits for an operator"
    TEMPLATE_OPERATOR = "alert; notices of this template wait for an operator, others go on"
    TEMPLATE_TOMORROW = "alert; notices of this template again the next day at 07:05, others go on"
    REFUSED = "give this message up and report it: our mistake"


class NeedsOperator(TryLater):
    """Nothing can be sent on this channel until somebody mends the account; no person is to blame."""


class RateLater(TryLater):
    """Zalo limits the rate; the whole channel must wait."""


class OutsideWindow(Silent):
    """The person wrote too long ago: only a template reaches them."""


Table = dict[int, tuple[Action, str]]

# The Official Account: replies (message/cs).
OA_ERRORS: Final[Table] = {
    -216: (Action.RENEW, "access token invalid"),
    -220: (Action.RENEW, "access token expired"),
    -32: (Action.RATE, "too many requests"),
    -200: (Action.LATER, "sending failed"),
    -211: (Action.TOMORROW, "quota used up"),
    -218: (Action.PERSON_TOMORROW, "quota for this recipient used up"),
    -230: (Action.TEMPLATE, "no interaction for 7 days"),
    -232: (Action.TEMPLATE, "no interaction, or too long ago"),
    -234: (Action.MORNING, "not at night"),
    -213: (Action.UNREACHABLE, "the person does not follow the account"),
    -217: (Action.UNREACHABLE, "the person blocked invitations"),
    -227: (Action.UNREACHABLE, "account banned or idle for 45 days"),
    -244: (Action.UNREACHABLE, "the person restricts messages"),
    -204: (Action.OPERATOR, "Official Account disabled"),
    -205: (Action.OPERATOR, "Official Account does not exist"),
    -209: (Action.OPERATOR, "application not active"),
    -212: (Action.OPERATOR, "application not linked to the account"),
    -219: (Action.OPERATOR, "application removed or disabled"),
    -221: (Action.OPERATOR, "account not verified"),
    -223: (Action.OPERATOR, "quota of the account exceeded"),
    -224: (Action.OPERATOR, "account without a paid package"),
    -242: (Action.OPERATOR, "proof of the application's secret is wrong or missing"),
    -320: (Action.OPERATOR, "application not linked to a Zalo Cloud Account"),
    -321: (Action.OPERATOR, "Zalo Cloud Account out of money or inactive"),
    -100: (Action.REFUSED, "attachment expired"),
    -201: (Action.REFUSED, "a parameter is wrong, or the person unknown"),
    -210: (Action.REFUSED, "a parameter is too long"),
    -233: (Action.REFUSED, "message type not supported"),
    -240: (Action.REFUSED, "this version of the API is switched off"),
    -248: (Action.REFUSED, "against Zalo's policy"),
}

# Templates by telephone number (business.openapi).
TEMPLATE_ERRORS: Final[Table] = {
    -124: (Action.RENEW, "access token invalid"),
    -32: (Action.RATE, "too many requests"),
    -100: (Action.LATER, "unknown error"),
    -115: (Action.TOMORROW, "balance too low"),
    -144: (Action.TOMORROW, "daily quota used up"),
    -147: (Action.TEMPLATE_TOMORROW, "daily quota of the template used up"),
    -133: (Action.MORNING, "this template may not be sent at night"),
    -110: (Action.UNREACHABLE, "the person's Zalo is too old"),
    -114: (Action.UNREACHABLE, "the person cannot receive"),
    -118: (Action.UNREACHABLE, "no Zalo account, or closed"),
    -119: (Action.UNREACHABLE, "the account cannot receive"),
    -139: (Action.UNREACHABLE, "the person refused this kind of message"),
    -140: (Action.UNREACHABLE, "the account cannot receive this kind"),
    -141: (Action.UNREACHABLE, "the person refused messages of this account"),
    -101: (Action.OPERATOR, "application invalid"),
    -102: (Action.OPERATOR, "application does not exist"),
    -103: (Action.OPERATOR, "application not active"),
    -104: (Action.OPERATOR, "secret of the application wrong"),
    -105: (Action.OPERATOR, "application and account not linked"),
    -120: (Action.OPERATOR, "account without this right"),
    -126: (Action.OPERATOR, "balance for development mode too low"),
    -127: (Action.OPERATOR, "test messages go to administrators only"),
    -131: (Action.TEMPLATE_OPERATOR, "template not approved"),
    -135: (Action.OPERATOR, "account without the right to send templates"),
    -1351: (Action.OPERATOR, "account not allowed by Zalo's check"),
    -136: (Action.OPERATOR, "not connected to a Zalo Cloud Account"),
    -137: (Action.OPERATOR, "payment by the Zalo Cloud Account failed"),
    -138: (Action.OPERATOR, "application without this right"),
    -146: (Action.TEMPLATE_OPERATOR, "template disabled"),
    -221: (Action.OPERATOR, "account not verified"),
    -224: (Action.OPERATOR, "account without a paid package"),
    -320: (Action.OPERATOR, "application not linked to a Zalo Cloud Account"),
    -321: (Action.OPERATOR, "Zalo Cloud Account out of money or inactive"),
    -108: (Action.REFUSED, "telephone number invalid"),
    -109: (Action.REFUSED, "template id invalid"),
    -111: (Action.REFUSED, "template without data"),
    -112: (Action.REFUSED, "template data invalid"),
    -1121: (Action.REFUSED, "a template field is too long"),
    -1122: (Action.REFUSED, "a template field is missing"),
    -1124: (Action.REFUSED, "a template field has a wrong format"),
    -117: (Action.REFUSED, "this person may not get this template"),
    -132: (Action.REFUSED, "a parameter is invalid"),
}

# Templates by user id go to the host of the Official Account, with the errors of both.
USER_TEMPLATE_ERRORS: Final[Table] = {
    **TEMPLATE_ERRORS,
    **OA_ERRORS,
    -100: TEMPLATE_ERRORS[-100],
    -249: (Action.REFUSED, "this template cannot be sent by user id"),
}
