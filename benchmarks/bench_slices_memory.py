"""Peak memory of a test in slices, against the size of the image.

Input: square JPEGs of a smooth pattern with noise, drawn here with seed 0. A
very light detector (random weights) goes over each by tools/submit.py
--slices, in windows of 1280 pixels at half their scale, four at a time. Every
image has a process of its own, whose peak is what Linux calls VmHWM.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).parents[1]
DRAW = """
import sys, cv2, numpy as np
side, path = int(sys.argv[1]), sys.argv[2]
rng = np.random.default_rng(0)
tile = cv2.resize(rng.integers(0, 256, (40, 40, 3)).astype(np.uint8), None,
                  fx=25, fy=25, interpolation=cv2.INTER_CUBIC)
tile = cv2.add(tile, rng.integers(0, 20, tile.shape).astype(np.uint8))
image = np.empty((side, side, 3), np.uint8)
for y in range(0, side, 1000):
    for x in range(0, side, 1000):
        part = image[y : y + 1000, x : x + 1000]
        part[:] = tile[: part.shape[0], : part.shape[1]]
assert cv2.imwrite(path, image)
"""
TEST = """
import json, re, sys, time
from pathlib import Path
def peak():
    text = Path('/proc/self/status').read_text()
    return int(re.search(r'VmHWM:\\s+(\\d+)', text)[1]) / 2**20
import torch
from mmhcm.cli import submit
torch.set_num_threads(1)
import mmdet.models, mmhcm.models
before, start = peak(), time.perf_counter()
assert submit.main() == 0
print('peak', json.dumps([before, peak(), time.perf_counter() - start]))
"""


def write_config(folder: Path) -> Path:
    """Write a very light detector's config, and random weights for it."""
    sys.path.insert(0, str(Path(__file__).parent))
    from importlib import import_module

    from bench_slices import detector_config, random_checkpoint
    from mmengine.registry import init_default_scope

    init_default_scope('mmdet')
    cfg = detector_config(light=True)
    for name in cfg.custom_imports['imports']:
        import_module(name)
    random_checkpoint(cfg, folder / 'weights.pth')
    cfg.slice_model.slices = [dict(window=1280, overlap=0.2, scale_factor=0.5)]
    cfg.slice_model.batch_size = 4
    cfg.dump(folder / 'config.py')
    return folder / 'config.py'


def measure(side: int, config: Path) -> tuple[float, float, float]:
    """Measure GiB before and at the peak, and seconds, of one image."""
    folder = config.parent / f'side_{side}'
    (folder / 'images').mkdir(parents=True)
    path = folder / 'images' / '0.jpg'
    subprocess.run([sys.executable, '-c', DRAW, str(side), path], check=True)
    command = [sys.executable, '-W', 'ignore', '-c', TEST, str(config)]
    command += [str(config.parent / 'weights.pth'), '--slices']
    command += ['--data-root', str(folder), '--out', str(folder / 'out.zip')]
    command += ['--work-dir', str(folder / 'work')]
    done = subprocess.run(
        command, cwd=REPO, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f'{side} x {side}: {done.stderr}')
    line = next(li for li in done.stdout.splitlines() if 'peak' in li)
    return tuple(json.loads(line.removeprefix('peak ')))


def main() -> None:
    """Print peak memory and time for each size of image."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--sides', type=int, nargs='+', default=[2000, 8000, 20000]
    )
    # Every benchmark takes it.
    parser.add_argument('--data-root', help='not used')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = write_config(Path(folder))
        for side in args.sides:
            start = time.perf_counter()
            before, peak, seconds = measure(side, config)
            print(
                f'{side} x {side} ({3 * side**2 / 2**30:.2f} GiB of pixels): '
                f'{before:.2f} GiB before, peak {peak:.2f} GiB, '
                f'{seconds:.0f} s of {time.perf_counter() - start:.0f} s'
            )


if __name__ == '__main__':
    main()
