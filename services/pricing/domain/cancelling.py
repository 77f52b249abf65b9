"""What it costs not to take a ride that was asked for, as a tariff says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

LONGEST_S = 86_400


def _is_whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Free for `free_s` seconds after a driver was assigned, and once he is `late_s` later than promised; then `fee`.

    `no_show_fee` may be claimed when the driver has waited for `no_show_after_s`; None: never. Shares are the driver's,
    of a fee without its tax. Amounts are minor units, as the tariff's others with tax or without.
    """

    free_s: int = 0
    late_s: int = 0
    fee: int = 0
    driver_share: str = "0"
    no_show_after_s: int | None = None
    no_show_fee: int = 0
    no_show_driver_share: str = "0"

    def __post_init__(self) -> None:
        for name in ("free_s", "late_s", "fee", "no_show_fee"):
            if not _is_whole(getattr(self, name)):
                raise ValueError(f"cancellation: {name} is not a whole number of seconds or minor units")
        if self.no_show_after_s is not None and not (_is_whole(self.no_show_after_s) and self.no_show_after_s):
            raise ValueError("cancellation: no_show_after_s is not a whole number of seconds")
        if max(self.free_s, self.late_s, self.no_show_after_s or 0) > LONGEST_S:
            raise ValueError("cancellation: nobody waits for longer than a day")
        if not all(0 <= Fraction(share) <= 1 for share in (self.driver_share, self.no_show_driver_share)):
            raise ValueError("cancellation: the driver's share is from 0 to 1")

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Cancellation:
        """From a tariff's settings, or its copy in a quote. Raises KeyError, TypeError, ValueError when it is wrong.

        A no-show costs what a cancellation does unless the tariff says otherwise.
        """
        fee, share = raw["fee"], str(raw.get("driver_share", "0"))
        after_s = raw.get("no_show_after_s")
        return cls(
            free_s=raw["free_s"],
            late_s=raw.get("late_s", 0),
            fee=fee,
            driver_share=share,
            no_show_after_s=after_s,
            no_show_fee=0 if after_s is None else raw.get("no_show_fee", fee),
            no_show_driver_share="0" if after_s is None else str(raw.get("no_show_driver_share", share)),
        )

    def as_dict(self) -> dict[str, Any]:
        """The copy that is kept with a quote."""
        kept: dict[str, Any] = {"free_s": self.free_s, "late_s": self.late_s, "fee": self.fee}
        kept["driver_share"] = self.driver_share
        if self.no_show_after_s is not None:
            kept["no_show_after_s"] = self.no_show_after_s
            kept["no_show_fee"] = self.no_show_fee
            kept["no_show_driver_share"] = self.no_show_driver_share
        return kept


FREE = Cancellation()
"""Cancelling is free always, and nobody has to pay for not coming."""
