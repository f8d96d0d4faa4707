"""Rounds as mining writes them, with chosen chips, for tests."""

from dataclasses import replace
from typing import Any

from mmengine.config import Config

from mmhcm.apis.data.training_data import build_training_data
from mmhcm.engine.mining import build_canvases, round_path
from mmhcm.structures.rounds import HardChipRound, write_round


def write_fake_round(
    cfg: Config, *chips: dict[str, Any], number: int = 1
) -> str:
    """Write a round of a config's canvases, and return its path.

    Args:
        cfg: The config.
        chips: Fields of ``MinedCanvas`` for the first canvases.
        number: Of the round.
    """
    canvases = build_canvases(cfg, build_training_data(cfg), 8)
    mined = [
        replace(canvases.get_data_info(ind)['canvas'], **fields)
        for ind, fields in enumerate(chips)
    ]
    path = round_path(cfg.work_dir, number)
    write_round(path, HardChipRound(number, f'digest {number}', mined))
    return str(path)
