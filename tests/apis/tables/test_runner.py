"""Rows that are run by stand-ins of the commands, and by the commands."""

import csv
import json
import os
import re
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmhcm.apis.tables import row_run
from mmhcm.apis.tables.processes import (
    CommandFailedError,
    code_version,
    run_logged,
)
from mmhcm.apis.tables.rows import read_table
from mmhcm.apis.tables.runner import TableRunner
from mmhcm.apis.tables.settings import RunSettings
from mmhcm.cli import run_table
from mmhcm.functional.scoring import METRICS
from tests.support.tiny_run import unique_names, write_tiny_run


class Tools:
    """Stand-ins of the commands, which do what a file next to them says."""

    def __init__(self, root):
        self.root, self.calls = root, []

    def run(self, command, log_path, *, env, tick):
        """Take the place of ``run_logged``."""
        start = command.index('-m') + 1
        name, args = command[start].rpartition('.')[2], command[start + 1 :]
        self.calls.append([name, *args])
        log_path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if (self.root / f'{name}_fails').exists():
                raise CommandFailedError(f'error: no {name}')
            getattr(self, name)(args)
        finally:
            tick(0.1)

    def train(self, args):
        work = Path(after(args, '--work-dir'))
        work.mkdir(parents=True, exist_ok=True)
        plan = self.root / 'train_does'
        does = plan.read_text() if plan.exists() else ''
        row = work.parents[1].name
        (seed,) = [a for a in args if a.startswith('randomness.seed=')]
        resume = [a for a in args if a.startswith('--resume')]
        first = 1
        if resume:
            note = work / 'last_checkpoint'
            last = resume[0].partition('=')[2] or note.read_text()
            first = int(Path(last).stem.split('_')[1]) + 1
        for epoch in range(first, 3):
            path = work / f'epoch_{epoch}.pth'
            salt = (self.root / 'salt').exists()
            with zipfile.ZipFile(path, 'w') as archive:  # as torch's are
                text = f'{row} {seed} {epoch} {salt}'
                archive.writestr(zipfile.ZipInfo('data'), text)
            (work / 'last_checkpoint').write_text(str(path))
            if does == f'stop {row}':
                raise KeyboardInterrupt
            if does == f'fail {row}':
                raise CommandFailedError('error: out of luck | really')
            if does == f'leave {row}':
                (work / 'last_checkpoint').unlink()
                path.unlink()
                return

    def submit(self, args):
        Path(after(args, '--out')).write_text(str('--tta' in args))

    def ensemble(self, args):
        Path(after(args, '--out')).write_text('True')

    def evaluate(self, args):
        tta = Path(args[0]).read_text() == 'True'
        seed = float(Path(args[0]).parent.name.split('_')[1])
        scores = {n: 10.0 * tta + i + seed for i, n in enumerate(METRICS)}
        halves = {n: v / 2 for n, v in scores.items()}
        out = json.dumps({'official': scores, 'class_mean': halves})
        Path(after(args, '--out')).write_text(out)


def after(args, option):
    return args[args.index(option) + 1]


CONFIG = """
data_root = '{root}/data'
train_cfg = dict(max_epochs=2)
test_cfg = dict(fast=True)
default_hooks = {hooks}
train_dataloader = dict(
    batch_size=2, dataset=dict(scales=[1], chip_size=8), sampler=dict()
)
test_dataloader = dict(dataset=dict(data_root=data_root + '/val'))
"""
HOOKS = "dict(mining=dict(type='HardChipMiningHook', epochs=[{}]))"
SHARES = {'row': 'plain', 'epoch': 1}
ROWS = [
    {'id': 'plain', 'config': 'plain.py', 'paper': {'AP': 29.1}},
    {
        'id': 'hard',
        'name': 'hard chips',
        'config': 'hard.py',
        'shares': SHARES,
    },
    {'id': 'many', 'config': 'hard.py', 'checkpoint_of': 'hard', 'tta': True},
]


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table, its stand-ins, and what was called."""
    tools = Tools(tmp_path)
    monkeypatch.setattr(row_run, 'run_logged', tools.run)
    monkeypatch.setattr(row_run, 'trained_amount', lambda _: (4, None))
    monkeypatch.setattr(row_run, 'code_version', lambda: 'a1b2')
    write_configs(tmp_path)

    def run(rows=None, **kwargs):
        tools.calls.clear()
        runner = TableRunner(
            read_table(tmp_path), RunSettings(tmp_path / 'work', **kwargs)
        )
        done = runner.run(rows)
        return done, {(r.row.id, r.seed): r for r in runner.results()}

    return SimpleNamespace(root=tmp_path, run=run, calls=lambda: tools.calls)


def write_configs(root, rows=ROWS, epochs=1, more=''):
    for name, hooks in (('plain', {}), ('hard', HOOKS.format(epochs))):
        text = CONFIG.format(root=root, hooks=hooks)
        (root / f'{name}.py').write_text(text + more)
    (root / 'rows.json').write_text(json.dumps({'name': 't', 'rows': rows}))


def names_of(calls):
    return [call[0] for call in calls]


def test_rows_are_trained_tested_and_tabulated(table):
    done, results = table.run()
    assert done
    assert {result.status for result in results.values()} == {'done'}
    calls = table.calls()
    # The row of many scales trains nothing.
    assert names_of(calls) == [
        *('train', 'submit', 'evaluate') * 2,
        *('submit', 'evaluate'),
    ]
    shared = table.root / 'work' / 'plain' / 'seed_0' / 'train' / 'epoch_1.pth'
    assert f'--resume={shared}' in calls[3]
    assert '--tta' not in calls[4]
    assert '--tta' in calls[6]
    assert calls[6][2] == calls[4][2]
    assert calls[2][-4:-2] == ['--data-root', f'{table.root}/data/val']
    hard, many = results['hard', 0], results['many', 0]
    assert hard.official == {n: float(i) for i, n in enumerate(METRICS)}
    assert hard.class_mean['AR500'] == 3
    assert many.official['AP'] == 10
    # 4 iterations of 2 chips of 8 x 8 pixels.
    assert (hard.pixels, hard.pixels_from) == (512, 'planned')
    assert many.pixels is None
    text = (table.root / 'work' / 't.md').read_text()
    assert '| plain | 29.1 | 0.00 | 1.00 |' in text
    assert '| hard chips | – | 0.00 |' in text
    assert '| hard chips | 0 | done | plain, epoch 1 | a1b2 |' in text
    with (table.root / 'work' / 't.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [row['row'] for row in rows] == ['plain', 'hard', 'many']
    assert rows[0]['paper_AP'] == '29.1'
    assert rows[2]['official_AP50'] == '11.0'
    assert rows[2]['class_mean_AP50'] == '5.5'
    # What is finished is kept.
    done, results = table.run()
    assert done
    assert table.calls() == []
    assert results['many', 0].status == 'done'


def test_chosen_rows_run_with_the_rows_they_need(table):
    _, results = table.run(['hard'])
    assert results['plain', 0].status == results['hard', 0].status == 'done'
    assert results['many', 0].status == 'not run'
    text = (table.root / 'work' / 't.md').read_text()
    assert '| many | – | not run | – |' in text
    with pytest.raises(ValueError, match="no row 'other'"):
        table.run(['other'])


def test_seeds_have_a_mean_and_a_spread(table):
    table.run(seeds=(0, 1, 2))
    text = (table.root / 'work' / 't.md').read_text()
    assert '| plain | 29.1 | 1.00 ± 1.00 | 2.00 ± 1.00 |' in text
    assert '| 3/3 |' in text
    seeds = {c[-1] for c in table.calls() if c[0] == 'train'}
    assert seeds == {f'randomness.seed={seed}' for seed in range(3)}
    # The seed is not in the config's digest.
    lines = (table.root / 'work' / 't.csv').read_text().splitlines()[1:4]
    assert len({line.split(',')[-4] for line in lines}) == 1


def interrupt(table):
    (table.root / 'train_does').write_text('stop hard')
    with pytest.raises(KeyboardInterrupt):
        table.run()
    (table.root / 'train_does').unlink()


def test_an_interrupted_training_goes_on(table):
    interrupt(table)
    text = (table.root / 'work' / 't.md').read_text()
    assert '| hard chips | 0 | unfinished |' in text
    folder = table.root / 'work' / 'hard' / 'seed_0'
    record = json.loads((folder / 'train.json').read_text())
    assert record['seconds'] > 0
    assert not record['digest']
    done, results = table.run()
    assert done
    calls = table.calls()
    assert names_of(calls)[0] == 'train'
    assert calls[0][2] == '--resume'
    assert names_of(calls) == ['train', *('submit', 'evaluate') * 2]
    assert results['hard', 0].seconds > record['seconds']


def test_a_row_that_fails_leaves_the_others(table):
    (table.root / 'train_does').write_text('fail hard')
    rows = [*ROWS, {'id': 'last', 'config': 'plain.py'}]
    write_configs(table.root, rows)
    done, results = table.run()
    assert not done
    assert {k[0]: r.status for k, r in results.items()} == {
        'plain': 'done',
        'hard': 'failed',
        'many': 'failed',
        'last': 'done',
    }
    assert results['hard', 0].message == 'error: out of luck | really'
    assert results['many', 0].message == 'row hard failed'
    text = (table.root / 'work' / 't.md').read_text()
    assert '| failed: error: out of luck / really |' in text
    # Later calls still know, until it is done.
    _, results = table.run(['plain'])
    assert results['hard', 0].status == 'failed'
    (table.root / 'train_does').unlink()
    done, results = table.run()
    assert done
    assert results['many', 0].status == 'done'


def test_training_without_checkpoint_has_failed(table):
    (table.root / 'train_does').write_text('leave plain')
    done, results = table.run(['plain'])
    assert not done
    assert results['plain', 0].message == 'the training left no checkpoint'


def test_a_test_that_fails_is_tried_again(table):
    (table.root / 'submit_fails').touch()
    done, results = table.run(['plain'])
    assert not done
    assert results['plain', 0].message == 'error: no submit'
    (table.root / 'submit_fails').unlink()
    done, _ = table.run(['plain'])
    assert done
    assert names_of(table.calls()) == ['submit', 'evaluate']


def test_another_training_config_is_not_reused(table):
    table.run()
    options = {'cfg_options': ('train_dataloader.batch_size=4',)}
    done, results = table.run(**options)
    assert not done
    assert table.calls() == []
    assert {r.status for r in results.values()} == {'failed'}
    assert 'another config' in results['plain', 0].message
    # Seen again with the old one, all is well.
    done, results = table.run()
    assert done
    done, _ = table.run(redo=True, **options)
    assert done
    assert names_of(table.calls()).count('train') == 2
    kept = table.root / 'work' / 'plain' / 'seed_0.old-1'
    assert (kept / 'train' / 'epoch_2.pth').is_file()


def test_another_number_of_processes_is_not_reused(table):
    table.run(['plain'])
    done, results = table.run(
        ['plain'], num_processes=2, launcher='slurm', prefix=('env',)
    )
    assert not done
    assert 'number of processes' in results['plain', 0].message


def test_another_test_config_is_tested_again(table):
    table.run(['plain'])
    write_configs(table.root, more='test_cfg = dict(fast=False)\n')
    runner = TableRunner(
        read_table(table.root), RunSettings(table.root / 'work')
    )
    assert runner.results()[0].status == 'stale'
    done, _ = table.run(['plain'])
    assert done
    assert names_of(table.calls()) == ['submit', 'evaluate']


def test_another_checkpoint_is_not_reused(table):
    table.run()
    train_dir = table.root / 'work' / 'hard' / 'seed_0' / 'train'
    (train_dir / 'epoch_2.pth').write_text('something else')
    done, results = table.run()
    assert not done
    assert 'epoch_2.pth is not what was trained' in results['hard', 0].message
    assert results['plain', 0].status == 'done'


def test_another_start_is_not_reused(table):
    table.run()
    (table.root / 'salt').touch()
    done, results = table.run(
        ['plain'], redo=True, cfg_options=('train_cfg.more=1',)
    )
    assert done
    done, results = table.run(cfg_options=('train_cfg.more=1',))
    assert not done
    assert results['hard', 0].status == 'failed'


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        ({'epochs': 0}, 'it mines after 0'),
        (
            {'rows': [ROWS[0], {**ROWS[1], 'cfg_options': {'a': 1}}]},
            "cannot go on from 'plain': their configs differ in a",
        ),
        (
            {
                'rows': [
                    ROWS[0],
                    {
                        **ROWS[1],
                        'cfg_options': {'param_scheduler': 1},
                        'shares': {**SHARES, 'differs': ['param_scheduler']},
                    },
                ]
            },
            'their configs differ in param_scheduler',
        ),
    ],
)
def test_invalid_shares_are_refused(table, kwargs, fault):
    write_configs(table.root, **kwargs)
    done, results = table.run()
    assert not done
    assert fault in results['hard', 0].message
    assert results['plain', 0].status == 'done'


def test_named_differences_may_be_shared(table):
    options = {
        'a': 1,
        'train_dataloader.sampler.hard_ratio': 0.3,
    }
    row = {**ROWS[1], 'cfg_options': options}
    row['shares'] = {**SHARES, 'differs': ['a']}
    write_configs(table.root, [ROWS[0], row])
    done, _ = table.run()
    assert done
    train = [call for call in table.calls() if call[0] == 'train'][1]
    assert train[-3:] == [
        'a=1',
        'train_dataloader.sampler.hard_ratio=0.3',
        'randomness.seed=0',
    ]


def test_row_of_another_process_is_skipped(table):
    runner = TableRunner(
        read_table(table.root), RunSettings(table.root / 'work')
    )
    with runner.runs(['plain'])[0].folder.locked():
        done, results = table.run(['plain'])
    assert not done
    message = results['plain', 0].message
    assert message.startswith('another process runs it (process ')
    assert table.calls() == []


FUSED = [
    ROWS[0],
    {**ROWS[0], 'id': 'sliced', 'checkpoint_of': 'plain', 'slices': True},
    {'id': 'both', 'config': 'plain.py', 'ensemble_of': ['plain', 'sliced']},
]


def test_an_ensemble_fuses_the_results_of_rows(table):
    write_configs(table.root, FUSED)
    done, results = table.run()
    assert done
    names = [call[:3] for call in table.calls()]
    assert [name[0] for name in names] == [
        *('train', 'submit', 'evaluate', 'submit', 'evaluate'),
        *('ensemble', 'evaluate'),
    ]
    zips = [
        str(table.root / f'work/{row}/seed_0/results.zip')
        for row in ('plain', 'sliced')
    ]
    assert names[5][1:] == zips
    sliced = [call for call in table.calls() if call[0] == 'submit'][1]
    assert '--slices' in sliced
    assert results['both', 0].official['AP'] == 10
    page = (table.root / 'work' / 't.md').read_text()
    assert 'ensemble of plain, sliced' in page

    done, _ = table.run(['both'])
    assert done
    assert table.calls() == []
    # Other results of a member are fused again.
    path = table.root / 'work/sliced/seed_0/results.zip'
    path.write_text('True')
    _, results = table.run(['plain'])
    assert results['both', 0].status == 'stale'
    done, results = table.run()
    assert done
    assert names_of(table.calls()) == ['ensemble', 'evaluate']
    assert results['both', 0].status == 'done'


def test_an_ensemble_fails_with_its_members_or_by_itself(table):
    write_configs(table.root, FUSED)
    (table.root / 'ensemble_fails').touch()
    done, results = table.run()
    assert not done
    assert results['both', 0].message == 'error: no ensemble'
    (table.root / 'ensemble_fails').unlink()
    done, results = table.run(seeds=(1,), rows=None)
    assert done
    (table.root / 'submit_fails').touch()
    done, results = table.run(seeds=(2,))
    assert not done
    assert results['both', 2].message == 'row plain failed'


def test_launchers(table):
    def command(**kwargs):
        settings = RunSettings(table.root / 'work', **kwargs)
        runner = TableRunner(read_table(table.root), settings)
        return runner.runs(['plain'])[0].train_command()

    module = '-m', 'mmhcm.cli.train'
    python = sys.executable
    assert command()[:5] == [python, '-W', 'ignore', *module]
    assert command(launcher='pytorch', num_processes=4)[:10] == [
        *(python, '-m', 'torch.distributed.run', '--standalone'),
        *('--nproc_per_node', '4', *module, '--launcher', 'pytorch'),
    ]
    assert command(
        launcher='slurm', num_processes=8, prefix=('srun', '-n', '8')
    )[:10] == [
        *('srun', '-n', '8', python, '-W', 'ignore', *module),
        *('--launcher', 'slurm'),
    ]


def test_code_version(tmp_path):
    # A file in a repository that does not track it has no version.
    assert code_version(tmp_path / 'absent.py') == 'unknown'
    subprocess.run(['git', 'init', '-q', tmp_path], check=True)
    (tmp_path / 'file.py').touch()
    assert code_version(tmp_path / 'file.py') == 'unknown'
    git = 'git', '-C', tmp_path, '-c', 'user.name=a', '-c', 'user.email=a@b'
    subprocess.run([*git, 'add', 'file.py'], check=True)
    subprocess.run([*git, 'commit', '-qm', 'Begin'], check=True)
    version = code_version(tmp_path / 'file.py')
    assert len(version) == 12
    (tmp_path / 'file.py').write_text('changed')
    assert code_version(tmp_path / 'file.py') == f'{version}+dirty'


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        ({'seeds': ()}, 'seeds must be distinct'),
        ({'seeds': (1, 1)}, 'seeds must be distinct'),
        ({'seeds': (-1,)}, 'seeds must be distinct and 0 or more'),
        ({'num_processes': 0}, 'num_processes must be positive'),
        ({'num_processes': 2}, 'need a launcher'),
        ({'launcher': 'magic'}, 'launcher must be one of'),
        ({'cfg_options': ('a',)}, "'a' is not key=value"),
    ],
)
def test_settings_are_checked(tmp_path, kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        RunSettings(tmp_path, **kwargs)


def logged(path, code, **env):
    """Run code in a process of its own; gives the seconds that were told."""
    ticks = []
    command = [sys.executable, '-c', code]
    run_logged(command, path, env={**os.environ, **env}, tick=ticks.append)
    return ticks


def test_output_goes_to_the_log_and_the_screen(tmp_path, capfd):
    log = tmp_path / 'new' / 'log.txt'
    for number in '12':
        (tick,) = logged(log, 'import os; print(os.environ["A"])', A=number)
        assert tick > 0
    assert capfd.readouterr().out == '1\n2\n'
    assert re.fullmatch(r'(\n\$ .*\n\d\n){2}', log.read_text())


@pytest.mark.parametrize(
    ('code', 'message'),
    [
        (
            'print("half way"); exit("error: out of luck")',
            'error: out of luck',
        ),
        ('exit(3)', 'exit status 3'),
    ],
)
def test_last_line_of_a_failure_is_its_message(tmp_path, code, message):
    with pytest.raises(CommandFailedError, match=f'^{message}$'):
        logged(tmp_path / 'log.txt', code)


@pytest.mark.usefixtures('stops')
def test_a_stop_ends_the_process(tmp_path):
    note = tmp_path / 'pid'
    code = (
        'import os, pathlib, signal, time\n'
        f'pathlib.Path({str(note)!r}).write_text(str(os.getpid()))\n'
        'os.kill(os.getppid(), signal.SIGINT); time.sleep(20)'
    )
    with pytest.raises(KeyboardInterrupt):
        logged(tmp_path / 'log.txt', code)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def call(*args):
    return run_table.main([*map(str, args)])


def test_dry_run_prints_the_commands(table, capsys):
    status = call(
        table.root,
        *('--dry-run', '--rows', 'many', '--seeds', 0, 1),
        *('--data-root', table.root / 'other'),
        *('--work-dir', table.root / 'work'),
    )
    assert status == 0
    out = capsys.readouterr().out
    assert out.count('mmhcm.cli.train') == 4
    assert out.count(f'data_root={table.root}/other') == 10
    assert out.count(f'--data-root {table.root}/other/val') == 6
    assert not (table.root / 'work').exists()


@pytest.mark.parametrize(
    ('args', 'fault'),
    [
        (('{root}/absent',), 'No such file'),
        (('{root}', '--rows', 'x'), "no row 'x', there are plain"),
        (('{root}', '--env', 'x'), "--env: 'x' is not NAME=value"),
        (('{root}', '--cfg-options', 'x'), "'x' is not key=value"),
    ],
)
def test_a_mistake_is_one_line(table, capsys, args, fault):
    work = '--work-dir', table.root / 'work'
    assert call(*(a.format(root=table.root) for a in args), *work) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith('error: ')
    assert fault in lines[-1]
    assert not any('Traceback' in line for line in lines)


def run_here(command, log_path, *, tick, **_):
    """Run a command in this process, which has imported everything."""
    start = command.index('-m') + 1
    module = import_module(command[start])
    names = []
    if '--cfg-options' in command:
        names = [f'{k}={v}' for k, v in unique_names().items()]
    assert module.main([*command[start + 1 :], *names]) == 0
    tick(0.1)


@pytest.mark.nightly
def test_two_real_rows_of_one_iteration(tmp_path, monkeypatch, capsys):
    write_tiny_run(tmp_path / 'run')
    options = {
        'train_cfg.max_epochs': 1,
        'train_cfg.val_interval': 9,
        'train_dataloader.sampler.num_samples': 2,
        'log_level': 'WARNING',
    }
    rows = [
        {'id': 'one', 'config': 'tiny.py', 'cfg_options': options},
        {
            'id': 'many',
            'config': 'tiny.py',
            'cfg_options': options,
            'checkpoint_of': 'one',
            'tta': True,
        },
    ]
    (tmp_path / 'run' / 'rows.json').write_text(json.dumps({'rows': rows}))
    monkeypatch.setattr(row_run, 'run_logged', run_here)
    args = tmp_path / 'run', '--work-dir', tmp_path / 'work', '--seeds', 3
    assert call(*args) == 0
    out = capsys.readouterr().out
    assert '| one | 3 | done | start |' in out
    with (tmp_path / 'work' / 'run.csv').open() as file:
        one, many = csv.DictReader(file)
    # One iteration of two chips, as the run itself counted.
    assert (one['pixels'], one['pixels_from']) == (
        str(2 * 64 * 64),
        'measured',
    )
    assert float(one['seconds']) > 0
    assert 0 <= float(many['official_AR500']) <= 100
    assert many['class_mean_AP'] != ''
