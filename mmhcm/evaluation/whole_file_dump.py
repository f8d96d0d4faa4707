"""Pickle of a test's detections."""

from typing import Any

import mmengine
from mmdet.evaluation import DumpDetResults
from mmdet.registry import METRICS
from mmengine.logging import print_log

from mmhcm.structures.files import atomic_write


@METRICS.register_module()
class WholeFileDump(DumpDetResults):
    """DumpDetResults whose file appears whole or not at all.

    Args:
        out_file_path: Path of the file, which ends in '.pkl' or '.pickle'.
        collect_device: Device that gathers the ranks' results, 'cpu' or 'gpu'.
    """

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict:
        """Write the detections of all images."""
        with atomic_write(self.out_file_path) as file:
            mmengine.dump(results, file, file_format='pkl')
        print_log(
            f'{len(results)} images in {self.out_file_path}', logger='current'
        )
        return {}
