"""Peak memory of a test in slices, against the size of the image.

Input: square JPEGs of a smooth pattern with noise, drawn with seed 0, and the
same images as tiled TIFF. A very light detector (random weights) runs on the
JPEGs by `mmhcm submit --slices`, and on both formats by `mmhcm predict
--slices`, which draws the detections; windows of 1280 pixels at half the
scale, four in a batch. Each image runs in a separate process, whose peak
memory is Linux's VmHWM.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import product
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
if path.endswith('.tif'):
    import rasterio
    with rasterio.open(path, 'w', driver='GTiff', width=side, height=side,
                       count=3, dtype='uint8', photometric='RGB', tiled=True,
                       compress='deflate', zlevel=1) as file:
        file.write(image[..., ::-1].transpose(2, 0, 1))
else:
    assert cv2.imwrite(path, image)
"""
TEST = """
import json, re, sys, time
from pathlib import Path
def peak():
    text = Path('/proc/self/status').read_text()
    return int(re.search(r'VmHWM:\\s+(\\d+)', text)[1]) / 2**20
import torch
from mmhcm.cli import COMMAND as command
torch.set_num_threads(1)
import mmdet.models, mmhcm.models
before, start = peak(), time.process_time()
assert command.main() == 0
print('peak', json.dumps([before, peak(), time.process_time() - start]))
"""
#: Command and file suffix of each kind.
KINDS = {
    'submit': ('submit', '.jpg'),
    'predict': ('predict', '.jpg'),
    'predict TIFF': ('predict', '.tif'),
}


def write_config(folder: Path) -> Path:
    """Write config and random weights of a very light detector."""
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


def measure(kind: str, side: int, config: Path) -> tuple[float, float, float]:
    """Measure GiB before and at the peak, and CPU seconds, for one image."""
    command, suffix = KINDS[kind]
    folder = config.parent / f'side_{side}'
    (folder / 'images').mkdir(parents=True, exist_ok=True)
    path = folder / 'images' / f'0{suffix}'
    python = [sys.executable, '-W', 'ignore', '-c']
    draw = [*python, DRAW, str(side), str(path)]
    subprocess.run(draw, check=True)
    code = TEST.replace('COMMAND', command)
    arguments = [*python, code, str(config)]
    arguments += [str(config.parent / 'weights.pth'), '--slices']
    if command == 'predict':
        # The scores of random weights are low; most detections are drawn.
        arguments += [str(path), '--score-thr', '0.05', '--device', 'cpu']
        arguments += ['--out', str(folder / 'found')]
    else:
        arguments += ['--data-root', str(folder)]
        arguments += ['--out', str(folder / 'out.zip')]
        arguments += ['--work-dir', str(folder / 'work')]
    done = subprocess.run(
        arguments, cwd=REPO, capture_output=True, text=True, check=False
    )
    path.unlink()
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
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=[*KINDS])
    # All benchmarks have this option.
    parser.add_argument('--data-root', help='not used')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = write_config(Path(folder))
        for side, kind in product(args.sides, args.kinds):
            before, peak, seconds = measure(kind, side, config)
            print(
                f'{kind}, {side} x {side} '
                f'({3 * side**2 / 2**30:.2f} GiB of pixels): '
                f'{before:.2f} GiB before, peak {peak:.2f} GiB, '
                f'{seconds:.0f} s of processor time',
                flush=True,
            )


if __name__ == '__main__':
    main()
