"""Counting of odd things in files, each kind reported once."""

from collections.abc import Mapping


class FaultCounter:
    """Numbers of faults of each kind, and the first of each."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, kind: str, first: object, count: int = 1) -> None:
        """Count ``count`` more of a kind.

        Args:
            kind: What it is, in the plural.
            first: Where the first of these is, if no earlier one is known:
                file and line, and what is wrong.
            count: Nothing is added for 0.
        """
        if count:
            known, earliest = self._found.get(kind, (0, str(first)))
            self._found[kind] = known + count, earliest

    def lines(self, outcomes: Mapping[str, str] | None = None) -> list[str]:
        """One line for each kind, in the order of their first ones.

        Args:
            outcomes: What becomes of each kind. Defaults to None: unsaid.
        """
        outcomes = outcomes or {}
        return [
            f'{count} {kind}'
            + (f', {outcomes[kind]}' if kind in outcomes else '')
            + f'; the first: {first}'
            for kind, (count, first) in self._found.items()
        ]
