"""Change the scoring and the cover, one place at a time; a test has to notice.

mutmut makes the changes and runs the tests, see ``tool.mutmut`` in
pyproject.toml. Those that no test can notice are explained in mutants.toml;
any other one that survives is a fault of the tests, and an explanation that
is needed no more is one as well.
"""

import argparse
import fnmatch
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

try:
    import tomllib as toml
except ImportError:  # Python 3.10
    import tomli as toml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / 'work_dirs' / 'mutants'
EXPLAINED = Path(__file__).with_name('mutants.toml')
DEAD = ('killed', 'timeout')


def sources() -> list[str]:
    """Paths of the modules that are changed, from the project's folder."""
    settings = toml.loads((ROOT / 'pyproject.toml').read_text())
    patterns = settings['tool']['mutmut']['only_mutate']
    paths = (path.relative_to(ROOT) for path in ROOT.glob('mmhcm/**/*.py'))
    return sorted(
        str(path)
        for path in paths
        if any(fnmatch.fnmatch(str(path), pattern) for pattern in patterns)
    )


def explanations() -> dict[tuple[str, str, str], str]:
    """Reason by function, line as it is, and line as it is changed."""
    groups = toml.loads(EXPLAINED.read_text())['explained']
    return {
        tuple(mutant): group['reason']
        for group in groups
        for mutant in group['mutants']
    }


def copy_project() -> None:
    """Copy what the tests need to a place where files can be changed."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    ignore = shutil.ignore_patterns('__pycache__')
    for name in ('mmhcm', 'tests'):
        shutil.copytree(ROOT / name, FOLDER / name, ignore=ignore)
    shutil.copy(ROOT / 'pyproject.toml', FOLDER)
    os.chdir(FOLDER)


def run(jobs: int) -> dict[str, str]:
    """Test all mutants; return the status of each."""
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.stats import status_by_exit_code

    env = {
        **os.environ,
        'OMP_NUM_THREADS': '1',
        'OPENCV_FOR_THREADS_NUM': '1',
    }
    # Real images take long and find nothing that drawn ones do not.
    env.pop('MMHCM_DATA', None)
    # run as a script: the folder it is in has to stay off the import path
    command = [Path(sys.executable).with_name('mutmut'), 'run']
    command += ['--max-children', str(jobs)]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(
            f'{done.stdout[-4000:]}\n{done.stderr[-4000:]}\nmutmut failed'
        )
    statuses = {}
    for path in sources():
        data = SourceFileMutationData(path=path)
        data.load()
        statuses.update(data.exit_code_by_key)
    return {name: status_by_exit_code[code] for name, code in statuses.items()}


def describe(name: str) -> tuple[str, str, str]:
    """Name the function of a mutant, what was changed, and to what."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    module, _, key = name.partition('__mutmut_')[0].rpartition('.')
    # x_function, or xǁClassǁmethod
    function = '.'.join(key.split('ǁ')[1:]) or key.removeprefix('x_')
    path = f'{module.replace(".", "/")}.py'
    lines = get_diff_for_mutant(name, path=path).splitlines()[2:]
    was, now = (
        ' '.join(line[1:].strip() for line in lines if line[0] == sign)
        for sign in '-+'
    )
    return f'{module.rpartition(".")[2]}.{function}', was, now


def main() -> None:
    """Test all mutants, and exit with 1 if one is not noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    args = parser.parse_args()
    copy_project()
    statuses = run(args.jobs)
    reasons = explanations()
    alive = {
        describe(name): f'{name} ({status})'
        for name, status in sorted(statuses.items())
        if status not in DEAD
    }
    faults = [
        f'{alive[mutant]}: no test notices\n  - {mutant[1]}\n  + {mutant[2]}'
        for mutant in alive.keys() - reasons.keys()
    ]
    faults += [
        f'{EXPLAINED.name}: explained, yet killed or gone: {mutant}'
        for mutant in reasons.keys() - alive.keys()
    ]
    counts = Counter(statuses.values())
    print(
        f'{len(statuses)} mutants: '
        + ', '.join(f'{num} {status}' for status, num in counts.most_common())
        + f'; {len(alive.keys() & reasons.keys())} survivors are explained'
    )
    if faults:
        sys.exit('\n'.join(sorted(faults)))


if __name__ == '__main__':
    main()
