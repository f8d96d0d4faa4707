"""The mining loop, its inputs and its rounds."""

from .digests import plain_settings, pool_folder, sources_digest
from .loop import MiningLoop, installed_test_loop
from .pipelines import canvas_transforms, mining_pipeline, recipe_pipeline
from .pools import check_pool_settings, open_or_build_pool
from .rounds import (
    check_images,
    check_patches,
    check_pool,
    find_round,
    merge_rounds,
    newest_round,
    read_previous,
    read_rounds,
    round_path,
)
from .settings import build_canvases, mining_settings, pool_settings

__all__ = [
    'MiningLoop',
    'build_canvases',
    'canvas_transforms',
    'check_images',
    'check_patches',
    'check_pool',
    'check_pool_settings',
    'find_round',
    'installed_test_loop',
    'merge_rounds',
    'mining_pipeline',
    'mining_settings',
    'newest_round',
    'open_or_build_pool',
    'plain_settings',
    'pool_folder',
    'pool_settings',
    'read_previous',
    'read_rounds',
    'recipe_pipeline',
    'round_path',
    'sources_digest',
]
