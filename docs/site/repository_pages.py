"""Pages of the site that are not Markdown files in ``docs/``.

This hook of MkDocs adds the README and the other files of ``PAGES``, the
notebook, and a page with the help of every command. It directs relative links
between the repository's files to their pages, or to the repository's server
where a file has no page. A link to a file that does not exist is a warning,
which ``mkdocs build --strict`` turns into an error.
"""

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from mmhcm.cli import COMMANDS  # noqa: E402

NOTEBOOK = 'docs/tutorials/demo.ipynb'
#: Page of the site -> file of the repository.
PAGES = {
    'index.md': 'README.md',
    'quickstart.md': 'projects/quickstart/README.md',
    'study.md': 'projects/visdrone_lowdata/README.md',
    'trials.md': 'projects/visdrone_lowdata/trials.md',
    'table1.md': 'configs/table1/README.md',
    'comparators.md': 'configs/comparators/README.md',
    'baseline-configs.md': 'configs/baselines/README.md',
    'contributing.md': 'CONTRIBUTING.md',
    'changes.md': 'CHANGELOG.md',
    'todo.md': 'TODO.md',
}
_LINK = re.compile(r'(\]\()([^)\s#]+)(#[^)\s]*)?(\))')
_log = logging.getLogger('mkdocs.hooks.repository_pages')


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are files elsewhere, or none."""
    pages = {page: (ROOT / path).read_text() for page, path in PAGES.items()}
    pages['tutorials/demo.md'] = notebook_page((ROOT / NOTEBOOK).read_text())
    pages['reference/commands.md'] = commands_page(COMMANDS)
    for page, text in pages.items():
        files.append(File.generated(config, page, content=text))
    return files


def notebook_page(text: str) -> str:
    """Turn a notebook without outputs into Markdown."""
    parts = []
    for cell in json.loads(text)['cells']:
        source = ''.join(cell['source'])
        is_code = cell['cell_type'] == 'code'
        parts.append(f'```python\n{source}\n```' if is_code else source)
    return '\n\n'.join(parts)


def commands_page(names: Iterable[str]) -> str:
    """Write a page with the help of the commands."""
    with ThreadPoolExecutor() as pool:
        texts = list(pool.map(_help, names))
    parts = [
        '# Commands\n\n`mmhcm COMMAND`; in a clone, '
        '`python tools/COMMAND.py` is the same.\n'
    ]
    for name, text in zip(names, texts, strict=True):
        parts.append(f'## {name}\n\n```text\n{text.rstrip()}\n```\n')
    return '\n'.join(parts)


def _help(name: str) -> str:
    command = [sys.executable, '-m', f'mmhcm.cli.{name}', '--help']
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Direct relative links to pages, or to the repository's server."""
    page_path = page.file.src_uri
    source = PAGES.get(page_path, f'docs/{page_path}')

    def replace(match: re.Match[str]) -> str:
        opening, target, anchor, closing = match.groups()
        if '://' in target or target.startswith('mailto:'):
            return match[0]
        new = _link(source, target, page_path, config.repo_url or '')
        return f'{opening}{new}{anchor or ""}{closing}'

    return _LINK.sub(replace, markdown)


def _link(source: str, target: str, page_path: str, repo_url: str) -> str:
    """Find the address of a repository file, seen from a page.

    Args:
        source: File with the link, from the repository's root.
        target: The link in that file.
        page_path: Page that the file becomes, from the site's root.
        repo_url: Address of the repository on its server.
    """
    path = os.path.normpath(PurePosixPath(source).parent / target)
    if not (ROOT / path).exists():
        _log.warning('%s links to %s, which does not exist', source, target)
    pages = {file: name for name, file in PAGES.items()}
    if path in pages:
        name = pages[path]
    elif path.startswith('docs/') and Path(path).suffix != '.py':
        name = path.removeprefix('docs/')
    elif (found := f'{path}/README.md') in pages:
        name = pages[found]
    else:
        kind = 'tree' if (ROOT / path).is_dir() else 'blob'
        return f'{repo_url.rstrip("/")}/{kind}/main/{path}'
    return os.path.relpath(name, PurePosixPath(page_path).parent)
