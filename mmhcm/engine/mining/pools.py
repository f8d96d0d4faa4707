"""Object pool of a run, built once and opened by all ranks."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from tqdm import tqdm

from mmhcm.datasets import on_main_process
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.pool import (
    ObjectPool,
    build_pool,
    list_objects,
    pool_fingerprint,
)

from .digests import image_checksums, pool_folder


def open_or_build_pool(
    settings: Mapping[str, Any], work_dir: str | Path, dataset: BaseDataset
) -> ObjectPool:
    """Open the pool of a data set; the main process builds an absent pool.

    Args:
        settings: Arguments of ``build_pool``, and ``cache_dir``, the folder of
            the pool, by default ``<work_dir>/hcm/pool``.
        work_dir: The run's folder.
        dataset: The data set of whole images.
    """
    folder = pool_folder(settings, work_dir)
    settings = {k: v for k, v in settings.items() if k != 'cache_dir'}
    images = [dataset.get_data_info(index) for index in range(len(dataset))]
    num_classes = len(dataset.metainfo['classes'])
    workers = settings.pop('num_workers', 1)
    checksums = image_checksums(dataset, folder)
    objects = list_objects(images)
    digest = pool_fingerprint(
        images,
        num_classes=num_classes,
        objects=objects,
        checksums=checksums,
        **settings,
    )
    path = folder / f'pool_{digest[:16]}'

    def build() -> None:
        if ObjectPool.exists(path, digest):
            return
        counter = FaultCounter()
        with tqdm(total=len(images), desc='cutting objects') as bar:
            build_pool(
                path,
                images,
                num_classes=num_classes,
                num_workers=workers,
                progress=bar.update,
                counter=counter,
                objects=objects,
                checksums=checksums,
                **settings,
            )
        for line in counter.lines():
            print_log(line, logger='current', level=logging.WARNING)

    on_main_process(build)
    pool = ObjectPool.open(path, digest)
    patches = np.bincount(pool.labels, minlength=num_classes)
    without = [
        name
        for name, count in zip(
            dataset.metainfo['classes'], patches, strict=True
        )
        if not count
    ]
    if without:
        print_log(
            f'{len(without)} classes have no patches and are not pasted: '
            f'{", ".join(without)}',
            logger='current',
            level=logging.WARNING,
        )
    return pool
