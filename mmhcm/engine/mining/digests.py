"""Digests of the images of a round."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from tqdm import tqdm

from mmhcm.datasets import on_main_process, write_cache
from mmhcm.structures.files import (
    FileChecksums,
    checksum_files,
    checksums_path,
    fingerprint,
    read_checksums,
    write_checksums,
)


def sources_digest(datasets: Sequence[BaseDataset], folder: str | Path) -> str:
    """Return a fingerprint of all images that a round's canvases can show.

    Args:
        datasets: Data sets of whole images, the training data set first.
        folder: Folder of the checksums of images.
    """
    return fingerprint(
        *(images_digest(d, image_checksums(d, folder)) for d in datasets)
    )


def images_digest(dataset: BaseDataset, checksums: FileChecksums) -> str:
    """Return a fingerprint of a data set's annotations and pixels.

    Args:
        dataset: The data set of whole images.
        checksums: Checksums of the images, see ``digests.image_checksums``.
    """
    return fingerprint(
        checksums.lengths,
        checksums.values,
        [
            [
                str(info['img_id']),
                [
                    [
                        list(item['bbox']),
                        item['bbox_label'],
                        item['ignore_flag'],
                    ]
                    for item in info['instances']
                ],
                [list(region) for region in info.get('ignored_regions', [])],
                [
                    [list(guide['bbox']), guide['bbox_label']]
                    for guide in info.get('guides', [])
                ],
            ]
            for info in map(dataset.get_data_info, range(len(dataset)))
        ],
    )


def plain_settings(value: Any) -> Any:
    """Turn config objects into plain values for a fingerprint."""
    if isinstance(value, Mapping):
        return {str(key): plain_settings(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_settings(item) for item in value]
    return value if isinstance(value, int | float | str | None) else str(value)


def pool_folder(settings: Mapping[str, Any], work_dir: str | Path) -> Path:
    """Return the folder of pools and of checksums of images."""
    return Path(settings.get('cache_dir') or Path(work_dir, 'hcm', 'pool'))


def image_checksums(dataset: BaseDataset, folder: str | Path) -> FileChecksums:
    """Find checksums of a data set's images, read by the main process.

    Args:
        dataset: The data set of whole images.
        folder: Folder of the checksum files. A folder that cannot be written
            causes a warning.
    """
    img_paths = [
        dataset.get_data_info(index)['img_path']
        for index in range(len(dataset))
    ]

    def find() -> FileChecksums:
        kept = read_checksums(folder, img_paths)
        with tqdm(
            total=len(img_paths), desc='checking images', delay=1
        ) as bar:
            found = checksum_files(img_paths, kept, bar.update)
        if kept is None or (found.stamps() != kept.stamps()).any():
            write_cache(
                checksums_path(folder, img_paths),
                lambda: write_checksums(folder, img_paths, found),
            )
        return found

    return on_main_process(find)
