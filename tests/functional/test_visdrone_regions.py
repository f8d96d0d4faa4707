import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.visdrone_regions import covered_share


def painted_share(xywh, regions, image_wh):
    """The toolkit's way: paint a mask, sum it up, look at four corners."""
    width, height = image_wh
    mask = np.zeros((height, width), dtype=int)
    for x, y, w, h in np.maximum(1, regions).astype(int):
        mask[y - 1 : y + h, x - 1 : x + w] = 1
    shares = []
    for row in xywh:
        x, y, w, h = (max(1, int(np.floor(v + 0.5))) for v in row)
        x, y = min(x, width), min(y, height)
        x2, y2 = min(x + w, width), min(y + h, height)
        inside = (
            mask[:y, :x].sum()
            + mask[:y2, :x2].sum()
            - mask[:y, :x2].sum()
            - mask[:y2, :x].sum()
        )
        shares.append(inside / (w * h))
    return np.array(shares)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_cells_are_the_painted_mask(seed):
    rng = np.random.default_rng(seed)
    image_wh = tuple(rng.integers(1, 50, 2).tolist())
    num_regions, num = rng.integers(1, 7), rng.integers(0, 20)
    regions = rng.integers(-5, 60, (num_regions, 4)) + rng.choice([0, 0.7])
    xywh = np.round(rng.uniform(-5, 60, (num, 4)) * 2) / 2
    np.testing.assert_array_equal(
        covered_share(xywh, regions, image_wh),
        painted_share(xywh, regions, image_wh),
    )


def test_only_the_first_four_columns_are_boxes():
    rng = np.random.default_rng(0)
    xywh, regions = rng.integers(0, 40, (2, 9, 8)).astype(float)
    np.testing.assert_array_equal(
        covered_share(xywh, regions, (50, 45)),
        covered_share(xywh[:, :4], regions[:, :4], (50, 45)),
    )
