import asyncio
import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from mmhcm.functional.scoring import METRICS
from projects.quickstart import run
from projects.quickstart.run import SMOKE, Demo
from tests.support.tiny_run import REPO


class RecordingDemo(Demo):
    """Write what each command would, and note when it ran."""

    def __init__(self, work_dir, fail=None):
        super().__init__(work_dir, SMOKE, seed=3)
        self.calls, self.events, self.fail = [], [], fail

    async def _tool(self, script, *arguments, label=''):
        arguments = list(map(str, arguments))
        name = Path(script).stem
        if '--work-dir' in arguments:
            folder = Path(arguments[arguments.index('--work-dir') + 1])
            name += f' {folder.name}'
        self.calls.append((name, arguments))
        self.events.append(f'start {name}')
        if name == self.fail:
            raise subprocess.CalledProcessError(7, [name])
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.events.append(f'cancel {name}')
            raise
        if name.startswith('train'):
            last = 1 if folder.name == 'stage1' else 2
            folder.mkdir(exist_ok=True)
            (folder / f'epoch_{last}.pth').touch()
        if name == 'evaluate':
            out = Path(arguments[arguments.index('--out') + 1])
            value = {'stage-1': 1, 'plain': 2, 'hard-chips': 4}[out.stem]
            figures = dict.fromkeys(METRICS, value)
            means = {'official': figures, 'class_mean': figures}
            out.write_text(json.dumps(means))
        self.events.append(f'end {name}')

    def names(self):
        return [name for name, _ in self.calls]

    def arguments(self, name):
        (arguments,) = (args for called, args in self.calls if called == name)
        return arguments


def run_demo(demo):
    asyncio.run(demo.run())
    return demo


def test_both_trainings_go_on_from_one_start_side_by_side(tmp_path, capsys):
    demo = run_demo(RecordingDemo(tmp_path))
    assert demo.names()[:2] == ['make_scenes', 'train stage1']
    start = str(tmp_path / 'stage1' / 'epoch_1.pth')
    for name in ('train plain', 'train hcm'):
        arguments = demo.arguments(name)
        assert arguments[arguments.index('--resume') + 1] == start
        assert 'randomness.seed=3' in arguments
    assert '--resume' not in demo.arguments('train stage1')
    assert 'train_cfg.max_epochs=1' in demo.arguments('train stage1')
    events = demo.events
    assert events.index('start train hcm') < events.index('end train plain')
    assert events.index('start train plain') < events.index('end train hcm')
    # Options of the mining hook would add a broken hook to plain training.
    for name in ('train plain', 'train stage1'):
        assert 'default_hooks.mining' not in ' '.join(demo.arguments(name))
    assert 'default_hooks.mining' in ' '.join(demo.arguments('train hcm'))
    gained = [
        line.split()
        for line in capsys.readouterr().out.splitlines()
        if line.startswith('gained')
    ]
    assert gained == [['gained'] + ['2.00'] * len(METRICS)] * 2


def test_what_is_finished_is_kept(tmp_path):
    run_demo(RecordingDemo(tmp_path))
    again = run_demo(RecordingDemo(tmp_path))
    assert set(again.names()) == {'make_scenes', 'draw_gain', 'browse hcm'}


def test_an_interrupted_training_resumes(tmp_path):
    run_demo(RecordingDemo(tmp_path))
    (tmp_path / 'hcm' / 'epoch_2.pth').unlink()
    (tmp_path / 'hard-chips.json').unlink()
    (tmp_path / 'hcm' / 'last_checkpoint').touch()
    again = run_demo(RecordingDemo(tmp_path))
    names = [n for n in again.names() if n.startswith(('train', 'submit'))]
    assert names == ['train hcm', 'submit hard-chips']
    arguments = again.arguments('train hcm')
    following = arguments[arguments.index('--resume') + 1]
    assert following == '--cfg-options'


def test_a_failure_ends_the_training_beside(tmp_path):
    demo = RecordingDemo(tmp_path, fail='train hcm')
    with pytest.raises(subprocess.CalledProcessError):
        asyncio.run(demo.run())
    assert 'cancel train plain' in demo.events


async def read_lines(*chunks):
    stream = asyncio.StreamReader()
    for chunk in chunks:
        stream.feed_data(chunk)
    stream.feed_eof()
    return [line async for line in run._lines(stream)]


@pytest.mark.parametrize(
    ('chunks', 'lines'),
    [
        ((), []),
        ((b'one\ntw', b'o\n\nthree'), ['one', 'two', 'three']),
        ((b' 1%\r 2%\r\n', b'end\n'), [' 1%', ' 2%', 'end']),
        ((b'x' * 200_000 + b'\n',), ['x' * 200_000]),
        ((b'\xff\n',), ['\ufffd']),
    ],
)
def test_lines_of_progress_bars(chunks, lines):
    assert asyncio.run(read_lines(*chunks)) == lines


def start_demo(work_dir):
    return subprocess.Popen(
        [
            *(sys.executable, 'projects/quickstart/run.py', '--smoke'),
            *('--work-dir', work_dir),
        ],
        cwd=REPO,
        env={**os.environ, 'PYTHONPATH': str(REPO)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A suite in the background of a shell runs with Ctrl-C ignored.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize('whom', ['all, as Ctrl-C does', 'the demo alone'])
def test_a_stop_is_one_line(tmp_path, whom):
    with start_demo(tmp_path) as process:
        while 'make_scenes' not in process.stdout.readline():
            pass
        if whom == 'the demo alone':
            process.send_signal(signal.SIGINT)
        else:
            os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert 'Traceback' not in stdout
    assert stderr == 'stopped; the same command goes on where it stopped\n'
    # Nothing goes on behind the user's back.
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_failing_command_is_named(tmp_path, monkeypatch, capsys):
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'scenes.json').write_text('{')
    monkeypatch.setattr(
        sys, 'argv', ['run.py', '--smoke', '--work-dir', str(tmp_path)]
    )
    assert run.main() == 1
    captured = capsys.readouterr()
    assert 'not JSON' in captured.out
    (line,) = captured.err.splitlines()
    assert line.startswith('failed: projects/quickstart/make_scenes.py')
    assert line.endswith(f'see {tmp_path}/run.log')
