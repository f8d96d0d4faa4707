import torch

from mmhcm.models import LargeSeparableConv, RFCNNeck
from tests.support.detectors import count


def test_large_separable_convolution_has_the_published_parameters():
    assert count(LargeSeparableConv(2048, mid_channels=64)) == 4_874_068


def test_thin_map_is_the_positive_part_of_two_branches():
    neck = LargeSeparableConv(6, mid_channels=4, out_channels=8, kernel_size=5)
    neck.init_weights()
    fourth, fifth = torch.randn(2, 3, 9, 11), torch.randn(2, 6, 9, 11)
    thin, passed = neck((fourth, fifth))
    assert passed is fourth
    assert thin.shape == (2, 8, 9, 11)
    column, row = neck.column_row
    # The first axis of a kernel is vertical.
    assert column.weight.shape[2:] == (5, 1)
    assert row.weight.shape[2:] == (1, 5)
    one = row(column(fifth))
    row, column = neck.row_column
    assert row.weight.shape[2:] == (1, 5)
    other = column(row(fifth))
    torch.testing.assert_close(thin, (one + other).clamp(min=0))


def test_r_fcn_neck_has_the_published_parameters():
    neck = RFCNNeck(2048, num_classes=10)
    assert count(neck.reduce) == 2_098_176
    # Offsets are those of the object alone: of the published 8 values for
    # background and object, 4 are never used.
    assert count(neck.score) == 552_475 + 401_800 // 2
    fourth, fifth = torch.zeros(1, 4, 2, 3), torch.randn(1, 2048, 2, 3)
    maps, passed = neck((fourth, fifth))
    assert passed is fourth
    assert maps.shape == (1, 49 * 15, 2, 3)
