"""Figure of the detections of a checkpoint."""

from collections.abc import Sequence
from pathlib import Path

from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmhcm.apis.data import detect
from mmhcm.structures.images import distinct_names
from mmhcm.structures.pool import read_image
from mmhcm.visualization.figures import (
    Drawing,
    Photo,
    choose_images,
    class_boxes,
    detections_text,
    draw_photos,
    photo_rows,
)


def checkpoint_figure(
    cfg: Config,
    checkpoint: str | Path,
    num: int = 4,
    seed: int = 0,
    images: Sequence[str] = (),
    score_thr: float = 0.3,
    columns: int = 2,
    width: str = 'double',
) -> Drawing:
    """Draw the detections of a checkpoint on the config's validation images.

    Args:
        cfg: The config.
        checkpoint: File of the weights.
        num: Number of images, chosen at random.
        seed: Seed of the random choice.
        images: Stems of images to draw instead of random images; images with
            equal names in several folders include the folder, as in a/001.
        score_thr: Lowest score of the detections drawn.
        columns: Pictures in a row.
        width: 'single' or 'double'.
    """
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    inds = {
        name: ind
        for ind, name in enumerate(
            distinct_names(
                [
                    dataset.get_data_info(ind)['img_path']
                    for ind in range(len(dataset))
                ]
            )
        )
    }
    stems = choose_images(list(inds), num, seed, images)
    classes = dataset.metainfo['classes']
    photos, counts = [], []
    chosen = [inds[stem] for stem in stems]
    for ind, found in zip(
        chosen,
        detect(cfg, checkpoint, dataset, chosen, score_thr),
        strict=True,
    ):
        counts.append(len(found.bboxes))
        photos.append(
            Photo(
                read_image(dataset.get_data_info(ind)['img_path']),
                class_boxes(found.bboxes, found.labels, classes),
            )
        )
    return Drawing(
        draw_photos(photo_rows(photos, columns), width),
        text=detections_text(stems, counts, score_thr),
    )
