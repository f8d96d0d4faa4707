"""Testing for the leaderboard: a zip in place of figures."""

from pathlib import Path

from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmhcm.structures.visdrone_txt import MAX_DETS


def submit_only(cfg: Config, zip_path: str | Path) -> int:
    """Make a config's test write a zip, without scoring.

    Args:
        cfg: The config; its test evaluator is replaced.
        zip_path: The zip.

    Returns:
        Most rows of an image.

    Raises:
        ValueError: the path is not one of a zip, or the config's test has no
            ``VisDroneMetric``.
    """
    zip_path = Path(zip_path)
    if zip_path.suffix != '.zip':
        raise ValueError(f'the file to write must end in .zip: {zip_path}')
    evaluators = cfg.test_evaluator
    for evaluator in (
        evaluators if isinstance(evaluators, list | tuple) else [evaluators]
    ):
        if evaluator['type'] == 'VisDroneMetric':
            cfg.test_evaluator = {
                **evaluator,
                'format_only': True,
                'outfile_prefix': str(zip_path.with_suffix('')),
            }
            return evaluator.get('max_dets', MAX_DETS)
    raise ValueError(f'{cfg.filename} has no VisDroneMetric to test with')


def image_sizes(dataset: BaseDataset) -> dict[str, tuple[int, int]]:
    """(width, height) of a data set's images, pixels, by stem."""
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return {
        Path(info['img_path']).stem: (info['width'], info['height'])
        for info in infos
    }
