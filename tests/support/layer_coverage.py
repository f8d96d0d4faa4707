"""Exit with 1 unless tests reach enough lines and branches of each layer.

Reads what ``coverage json`` writes: its path is the only argument.
"""

import json
import sys
from pathlib import Path

LAYERS = {'L0': 'mmhcm/functional/', 'L1': 'mmhcm/structures/'}
KINDS = {
    'lines': ('covered_lines', 'num_statements'),
    'branches': ('covered_branches', 'num_branches'),
}
LEAST = 95


def shares(report: dict) -> dict[tuple[str, str], float]:
    """Per cent covered, by layer and kind; 0 of a layer without files."""
    found = {}
    for layer, folder in LAYERS.items():
        summaries = [
            file['summary']
            for path, file in report['files'].items()
            if path.startswith(folder)
        ]
        for kind, names in KINDS.items():
            covered, num = (
                sum(summary[name] for summary in summaries) for name in names
            )
            found[layer, kind] = 100 * covered / num if num else 0
    return found


def main() -> None:
    """Print the shares, and compare them with what is asked for."""
    report = json.loads(Path(sys.argv[1]).read_text())
    found = shares(report)
    for (layer, kind), share in found.items():
        print(f'{layer} ({LAYERS[layer]}): {share:.2f} % of {kind}')
    if min(found.values()) < LEAST:
        sys.exit(f'Tests have to reach {LEAST} % of each.')


if __name__ == '__main__':
    main()
