"""Faults on demand: this operation, after so many calls, this many times, answers that instead."""

import fnmatch
from dataclasses import asdict, dataclass, field
from typing import Any

JSON = Any
# What a fault can do: refuse before acting, act and then lose the answer, or answer with something unreadable.
ANSWERS = (
    "rate_limited",  # empty 429
    "unavailable",  # 503, JSON body
    "internal_error",  # 500, JSON body
    "gateway_html",  # 502 with an HTML page
    "empty",  # 200 without a body
    "truncated",  # the right answer, cut in the middle
    "reset_before",  # the connection is cut before anything happened
    "reset_after",  # the connection is cut after everything happened
    "slow",  # the right answer, `delay` seconds late
    "quota",  # quotas_exceeded
    "out_of_stock",  # out_of_stock
    "denied",  # permissions_denied
    "not_found",  # 404 although the resource may exist (lag)
)
BEFORE = {
    "rate_limited",
    "unavailable",
    "internal_error",
    "gateway_html",
    "reset_before",
    "quota",
    "out_of_stock",
    "denied",
    "not_found",
}


@dataclass
class Fault:
    """`operation` may hold `*`; `skip` calls pass first, then `times` calls fail (None: all of them)."""

    operation: str
    answer: str
    times: int | None = 1
    skip: int = 0
    delay: float = 5.0
    id: int = 0
    active: bool = True
    hits: int = 0
    seen: int = 0

    def __post_init__(self) -> None:
        if self.answer not in ANSWERS:
            raise ValueError(f"unknown answer {self.answer!r}: one of {', '.join(ANSWERS)}")

    def strikes(self, operation: str) -> bool:
        """Count this call, and say whether it is one that fails."""
        if not self.active or not fnmatch.fnmatchcase(operation, self.operation):
            return False
        self.seen += 1
        exhausted = self.times is not None and self.hits >= self.times
        if self.seen <= self.skip or exhausted:
            return False
        self.hits += 1
        return True


@dataclass
class Faults:
    """The faults in force, in the order in which they are tried."""

    items: list[Fault] = field(default_factory=list)
    _number: int = 0

    def add(self, **fields: JSON) -> Fault:
        """Add a fault; ValueError or TypeError when its description is wrong."""
        self._number += 1
        fault = Fault(**{**fields, "id": self._number})
        self.items.append(fault)
        return fault

    def load(self, described: list[dict[str, JSON]]) -> None:
        for fields in described:
            self.add(**fields)

    def of(self, operation: str) -> Fault | None:
        """The fault that this call meets, None when it passes."""
        return next((fault for fault in self.items if fault.strikes(operation)), None)

    def get(self, fault_id: int) -> Fault | None:
        return next((fault for fault in self.items if fault.id == fault_id), None)

    def remove(self, fault_id: int) -> None:
        self.items = [fault for fault in self.items if fault.id != fault_id]

    def clear(self) -> None:
        self.items.clear()

    def described(self) -> list[dict[str, JSON]]:
        return [asdict(fault) for fault in self.items]
