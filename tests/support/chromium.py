"""Headless Chromium over its debugging pipe, for checks of pages."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NAMES = ('chromium', 'chromium-browser', 'google-chrome')
_PATIENCE = 60  # seconds


def find_chromium() -> str | None:
    """Path of a Chromium, if there is one."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Tab:
    """One page; collects what it asks the network for and complains of.

    Attributes:
        requests: Addresses that were asked for, data URIs left out.
        complaints: Console messages, log entries and exceptions.
    """

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd
        self._buffer = b''
        self._num_calls = 0
        self._session: str | None = None
        self._loaded = False
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self.call('Target.createTarget', url='about:blank')
        attached = self.call(
            'Target.attachToTarget', targetId=target['targetId'], flatten=True
        )
        self._session = attached['sessionId']
        for domain in ('Page', 'Network', 'Log', 'Runtime'):
            self.call(f'{domain}.enable')

    def call(self, method: str, **params: Any) -> dict:
        """Send a command and wait for its answer."""
        self._num_calls += 1
        message = {
            'id': self._num_calls,
            'method': method,
            'params': params,
            **({'sessionId': self._session} if self._session else {}),
        }
        os.write(self._write_fd, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._receive()
            if answer.get('id') == self._num_calls:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']

    def open(self, path: Path, width: int, height: int, scheme: str) -> None:
        """Show a file at a size, in the 'light' or 'dark' scheme."""
        self.requests.clear()
        self.complaints.clear()
        self.call(
            'Emulation.setDeviceMetricsOverride',
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.call(
            'Emulation.setEmulatedMedia',
            features=[{'name': 'prefers-color-scheme', 'value': scheme}],
        )
        self._loaded = False
        self.call('Page.navigate', url=path.as_uri())
        while not self._loaded:
            self._receive()

    def evaluate(self, expression: str) -> Any:
        """Value of a JavaScript expression; promises are waited for."""
        answer = self.call(
            'Runtime.evaluate',
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        if 'exceptionDetails' in answer:
            raise RuntimeError(answer['exceptionDetails'])
        return answer['result'].get('value')

    def screenshot(self, whole: bool = False) -> bytes:
        """PNG of what is shown, or of the whole page."""
        answer = self.call(
            'Page.captureScreenshot', captureBeyondViewport=whole
        )
        return base64.b64decode(answer['data'])

    def _receive(self) -> dict:
        while b'\0' not in self._buffer:
            chunk = os.read(self._read_fd, 1 << 20)
            if not chunk:
                raise RuntimeError('Chromium has gone')
            self._buffer += chunk
        text, _, self._buffer = self._buffer.partition(b'\0')
        message = json.loads(text)
        self._note(message.get('method', ''), message.get('params', {}))
        return message

    def _note(self, method: str, params: dict) -> None:
        if method == 'Page.loadEventFired':
            self._loaded = True
        elif method == 'Network.requestWillBeSent':
            url = params['request']['url']
            if not url.startswith('data:'):
                self.requests.append(url)
        elif method in (
            'Log.entryAdded',
            'Runtime.consoleAPICalled',
            'Runtime.exceptionThrown',
        ):
            self.complaints.append(json.dumps(params))


@contextmanager
def open_tab(chromium: str) -> Iterator[Tab]:
    """Start Chromium with an empty tab, and end it."""
    to_browser, from_us = os.pipe()
    from_browser, to_us = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = [
            '--headless=new',
            '--no-sandbox',  # root, in containers, has none
            '--disable-gpu',
            '--disable-dev-shm-usage',
            '--disable-extensions',
            '--no-first-run',
            '--no-proxy-server',
            '--remote-debugging-pipe',
            f'--user-data-dir={profile}',
        ]
        # It reads commands from descriptor 3 and writes answers to 4. The
        # copies above keep clear of both while they are put in place.
        command = f'exec "$0" "$@" 3<&{to_browser} 4>&{to_us}'
        process = subprocess.Popen(
            ['bash', '-c', command, chromium, *options],
            pass_fds=(to_browser, to_us),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(to_us)
        try:
            yield Tab(from_browser, from_us)
        finally:
            os.close(from_us)
            os.close(from_browser)
            _end(process)


def _end(process: subprocess.Popen) -> None:
    """Let Chromium end by itself, which it does without its pipe."""
    deadline = time.monotonic() + 5
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
        process.wait(_PATIENCE)
