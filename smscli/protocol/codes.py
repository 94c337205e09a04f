"""What the gateway's answer codes and report states mean, in Chinese and English (protocol §1, §3)."""

from typing import NamedTuple

from smscli.language import _, language, later


class Meaning(NamedTuple):
    """One entry of a table; `note` says what is known from practice, beyond the vendor's page."""

    zh: str
    en: str
    note: str = ""

    @property
    def both(self) -> str:
        """The meaning in both languages, as data has it."""
        return f"{self.zh} / {self.en}"

    @property
    def spoken(self) -> str:
        """The meaning as a sentence has it: in Chinese alone where that is spoken, else in both languages."""
        if language() == "zh":
            return self.zh or _(self.en)
        return " / ".join(filter(None, (self.zh, self.en)))


ANSWERS: dict[int, Meaning] = {
    0: Meaning("提交成功", "accepted"),
    1: Meaning("含有敏感词汇", "contains a sensitive word", later("reword the content")),
    2: Meaning("含有敏感词汇", "contains a sensitive word", later("in practice also: 余额不足, balance too low")),
    3: Meaning("没有号码", "no phone number"),
    4: Meaning("包含sql语句", "looks like an SQL statement", later("reword the content")),
    10: Meaning("账号不存在", "no such account", later("probably also the answer to a wrong password")),
    11: Meaning("账号注销", "account closed"),
    12: Meaning("账号停用", "account suspended"),
    13: Meaning(
        "IP鉴权失败", "this IP address is not allowed", later("ask the vendor to allow this machine's address")
    ),
    14: Meaning("格式错误", "malformed request"),
    -1: Meaning("系统异常", "gateway error", later("does not say whether the message was queued")),
}

STATES: dict[str, Meaning] = {
    "DELIVRD": Meaning("短消息转发成功", "delivered"),
    "EXPIRED": Meaning("短消息超过有效期", "expired before it could be delivered"),
    "UNDELIV": Meaning("短消息是不可达的", "undeliverable"),
    "UNKNOWN": Meaning("未知短消息状态", "the operator does not know"),
    "REJECTD": Meaning("短消息被短信中心拒绝", "rejected by the SMS centre"),
    "DTBLACK": Meaning("目的号码是黑名单号码", "number is on a blacklist"),
    "ERR:104": Meaning("系统忙", "system busy"),
    "REJECT": Meaning("审核驳回", "refused by content review"),
}

# Operators pass their own codes through the gateway, and there is no common table. These are the usual codes, with the
# meaning that most vendors' pages give.
OPERATOR_STATES: dict[str, Meaning] = {
    "MK:0001": Meaning("空号", "number not in service", later("China Mobile")),
    "MK:0002": Meaning("停机", "service suspended", later("China Mobile")),
    "MK:0004": Meaning("无短信功能", "no SMS service, usually unpaid", later("China Mobile")),
    "MK:0005": Meaning("停机或欠费", "barred, usually unpaid", later("China Mobile")),
    "MK:0008": Meaning("不在服务区", "out of coverage", later("China Mobile")),
    "MK:0010": Meaning("暂时无法接通", "temporarily unavailable", later("China Mobile")),
    "MK:0012": Meaning("空号", "number not in service", later("China Mobile")),
    "MK:0013": Meaning("空号", "number not in service", later("China Mobile")),
    "MK:0015": Meaning("终端故障", "handset fault", later("China Mobile")),
    "MK:0017": Meaning("手机内存满", "handset memory full", later("China Mobile")),
    "MK:0023": Meaning("用户忙", "handset busy", later("China Mobile")),
    "MK:0024": Meaning("关机", "switched off", later("China Mobile")),
    "MK:0029": Meaning("暂时无法接通", "temporarily unavailable", later("China Mobile")),
    "MI:0010": Meaning("关机或内存满", "switched off or memory full", later("China Mobile")),
    "MI:0017": Meaning("手机内存满", "handset memory full", later("China Mobile")),
    "MI:0024": Meaning("关机", "switched off", later("China Mobile")),
    "MC:0055": Meaning("不在服务区或内存满", "out of coverage or memory full", later("China Mobile")),
    "CB:0001": Meaning("空号", "number not in service", later("China Mobile")),
    "CB:0007": Meaning("用户余额不足", "the recipient's account is empty", later("China Mobile")),
    "DB:0141": Meaning("黑名单", "number is on a blacklist", later("China Mobile")),
    "DB:0309": Meaning("黑名单", "number is on a blacklist", later("China Mobile")),
    "MBBLACK": Meaning("黑名单", "number is on a blacklist", later("China Mobile")),
    "HD:0001": Meaning("黑名单", "number is on a blacklist", later("China Mobile")),
}


# States after which the same text to the same number would fail again: 空号, 黑名单, and a text that was rejected.
_FINAL = {
    "DTBLACK", "REJECT", "MK:0001", "MK:0012", "MK:0013", "CB:0001", "DB:0141", "DB:0309", "MBBLACK", "HD:0001",
}  # fmt: skip
_UNCLEAR = "UNKNOWN"


def is_final(state: str) -> bool:
    """Return whether the same text to the same number would certainly fail again, so that a resend is useless."""
    return state in _FINAL


def is_unclear(state: str) -> bool:
    """Return whether a report says that nobody knows what became of the message: it may have arrived."""
    return state == _UNCLEAR


def answer_meaning(code: int) -> Meaning:
    """Return what an answer code means; for a code that is not in the table, say that."""
    return ANSWERS.get(code) or Meaning("", later("not in the vendor's table"))


def state_meaning(state: str) -> Meaning:
    """Return what a report state means; anything unlisted is a state internal to the gateway (protocol §3)."""
    return STATES.get(state) or OPERATOR_STATES.get(state) or Meaning("网关内部状态", "gateway-internal state")
