"""Messages that a Runner logs."""

import logging

from mmengine.runner import Runner


def collect_warnings(runner: Runner) -> list[str]:
    """Return a list that gets the text of each warning of a Runner."""
    messages: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())
    runner.logger.addHandler(handler)
    return messages
