"""Counter of faults in files, each kind reported once."""

from collections.abc import Mapping


class FaultCounter:
    """Number of faults and first fault of each kind."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, kind: str, first: object, count: int = 1) -> None:
        """Add faults of a kind.

        Args:
            kind: Name of the kind, in the plural.
            first: The first of these faults: file, line and fault. Kept if no
                earlier fault of the kind is known.
            count: Number of faults. Nothing is added for 0.
        """
        if count:
            known, earliest = self._found.get(kind, (0, str(first)))
            self._found[kind] = known + count, earliest

    def lines(self, outcomes: Mapping[str, str] | None = None) -> list[str]:
        """Describe each kind in one line, in the order of first occurrence.

        Args:
            outcomes: Outcome of each kind. Defaults to None: left out.
        """
        outcomes = outcomes or {}
        return [
            f'{count} {kind}'
            + (f', {outcomes[kind]}' if kind in outcomes else '')
            + f'; the first: {first}'
            for kind, (count, first) in self._found.items()
        ]
