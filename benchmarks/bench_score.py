"""The official score against a plain Python port of the toolkit.

Input: the annotations of VisDrone2019-DET-val, repeated up to 548 images, and
about 62,000 random detections, with an image's number as the seed: most
detections are annotated boxes, shifted and resized, the others are anywhere in
the image. Result files contain the detections by descending score, with two
decimals in boxes and five in scores. The port is timed on every tenth image;
its time on all images is extrapolated.
"""

import tempfile
from pathlib import Path

import numpy as np
import port_score
from timing import alternate, parse_data_root, ratio_line

from mmhcm.functional.scoring import ImageRecord, evaluate
from mmhcm.structures.annotations import (
    format_results,
    parse_results,
    read_annotations,
)
from mmhcm.structures.images import read_image_sizes, read_sizes_csv
from mmhcm.structures.results import (
    read_submission,
    score_folder,
    write_submission,
)

NUM_IMAGES, NUM_DETS = 548, 62_000
VAL = 'visdrone/VisDrone2019-DET-val'


def draw_detections(
    gt: np.ndarray, image_wh: tuple[int, int], num: int, seed: int
) -> str:
    """Draw the text of a result file with at most ``num`` rows."""
    rng = np.random.default_rng(seed)
    gt = gt[(gt[:, 5] > 0) & (gt[:, 5] < 11)]
    xywh = np.column_stack(
        [rng.uniform(0, 0.95, (num, 2)) * image_wh, rng.gamma(3, 12, (num, 2))]
    )
    labels = rng.integers(0, 10, num)
    near = np.flatnonzero(rng.random(num) < 0.8 * (len(gt) > 0))
    source = gt[rng.integers(0, max(1, len(gt)), len(near))]
    sides = source[:, 2:4]
    xywh[near, :2] = source[:, :2] + rng.normal(0, 0.12, sides.shape) * sides
    xywh[near, 2:] = sides * np.exp(rng.normal(0, 0.15, sides.shape))
    labels[near] = source[:, 5] - 1
    xyxy = np.column_stack([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]])
    return format_results(xyxy, rng.beta(0.7, 2, num), labels, image_wh)


def write_case(root: Path, val: Path) -> list[str]:
    """Write annotations, sizes and results of 548 images; return stems."""
    sizes = read_image_sizes(val / 'images')
    paths = sorted((val / 'annotations').glob('*.txt'))
    (root / 'annotations').mkdir()
    texts, lines = {}, ['name,width,height']
    for index in range(NUM_IMAGES):
        path = paths[index % len(paths)]
        stem = f'{index:04d}_{path.stem}'
        (root / 'annotations' / f'{stem}.txt').write_bytes(path.read_bytes())
        width, height = sizes[path.stem]
        lines.append(f'{stem},{width},{height}')
        texts[stem] = draw_detections(
            read_annotations(path),
            (width, height),
            round(NUM_DETS * 1.02 / NUM_IMAGES),
            index,
        )
    (root / 'sizes.csv').write_text('\n'.join(lines) + '\n')
    write_submission(root / 'results.zip', texts)
    return sorted(texts)


def read_records(root: Path) -> list[ImageRecord]:
    """Read the records of a case that ``write_case`` wrote."""
    sizes = read_sizes_csv(root / 'sizes.csv')
    return [
        ImageRecord(
            *sizes[stem],
            read_annotations(root / 'annotations' / f'{stem}.txt'),
            parse_results(text),
        )
        for stem, text in sorted(read_submission(root / 'results.zip').items())
    ]


def main() -> None:
    """Print the seconds of scoring, with and without reading files."""
    args = parse_data_root(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_case(root, args.data_root / VAL)
        records = read_records(root)
        few = records[::10]
        figures = np.array(port_score.evaluate(few))
        np.testing.assert_allclose(
            evaluate(few).official, figures, rtol=0, atol=1e-9
        )
        times = alternate(
            {
                'port': lambda: port_score.evaluate(few),
                'few': lambda: evaluate(few),
            },
            turns=2,
        )
        print(
            ratio_line(
                f'score, {len(few)} images', times['port'], times['few']
            )
        )
        all_times = alternate(
            {
                'score': lambda: evaluate(records),
                'files': lambda: score_folder(
                    root / 'results.zip', root, root / 'sizes.csv'
                ),
            },
            turns=7,
        )
    num_dets = sum(len(record.dets) for record in records)
    what = f'{len(records)} images, {num_dets} detections'
    for name, label in (('score', 'scored'), ('files', 'read and scored')):
        timed = all_times[name]
        print(
            f'{what} {label}: {timed.median:.3f} s (least {timed.least:.3f})'
        )
    port = times['port'].median * len(records) / len(few)
    print(
        f'the port on all images, from the tenth: about {port:.0f} s, '
        f'ratio about {port / all_times["score"].median:.0f}'
    )


if __name__ == '__main__':
    main()
