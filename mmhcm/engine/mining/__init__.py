"""Mining loop, its settings, its sources and its rounds."""

from .digests import plain_settings
from .iterations import MiningIterator
from .loop import PREDICTIONS, MiningLoop, installed_test_loop
from .pipelines import canvas_transforms
from .pools import open_or_build_pool
from .rounds import (
    check_patches,
    find_round,
    merge_rounds,
    read_previous,
    read_rounds,
    round_path,
)
from .settings import (
    MiningSettings,
    build_canvases,
    hook_key,
    hook_settings,
    mining_settings,
    pool_settings,
)
from .sources import MiningSources

__all__ = [
    'PREDICTIONS',
    'MiningIterator',
    'MiningLoop',
    'MiningSettings',
    'MiningSources',
    'build_canvases',
    'canvas_transforms',
    'check_patches',
    'find_round',
    'hook_key',
    'hook_settings',
    'installed_test_loop',
    'merge_rounds',
    'mining_settings',
    'open_or_build_pool',
    'plain_settings',
    'pool_settings',
    'read_previous',
    'read_rounds',
    'round_path',
]
