"""How far a router has come, partition by partition."""


class Progress:
    """The committed offset of every partition that a worker has."""

    def __init__(self) -> None:
        """Begin with no partition."""
        self._committed: dict[int, int] = {}

    def commit(self, partition: int, offset: int) -> None:
        """Note that a partition was taken, or its offset moved."""
        self._committed[partition] = offset

    def end(self, partition: int) -> None:
        """Note that a partition was given up."""
        self._committed.pop(partition, None)

    def committed(self) -> dict[int, int]:
        """Give the committed offset of each partition that the worker has now."""
        return dict(self._committed)
