"""A file backend of MMEngine that writes whole files or none."""

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from mmhcm.structures.files import atomic_write

#: Its name in ``backend_args``.
ATOMIC = 'atomic_local'


@register_backend(ATOMIC)
class AtomicLocalBackend(LocalBackend):
    """Local files that appear whole: temporary name, disk, rename.

    MMEngine's own backend writes in place, so that a process that dies, or a
    full disk, leaves a part of a file where the last good one was.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes."""
        with atomic_write(filepath) as file:
            file.write(obj)

    def put_text(
        self, obj: str, filepath: str | Path, encoding: str = 'utf-8'
    ) -> None:
        """Write text."""
        self.put(obj.encode(encoding), filepath)
