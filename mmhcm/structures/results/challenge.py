"""Published tables of official scores.

*Patch-Level Augmentation for Object Detection in Aerial Images* (ICCVW 2019):
Table 2 is an extract of the VisDrone-DET2019 leaderboard, Table 1 the paper's
ablation.
"""

from typing import NamedTuple


class PublishedTable(NamedTuple):
    """Table whose rows were all measured on one split.

    Attributes:
        name: Its name in the paper.
        about: Its content, in a few words.
        split: Split of VisDrone2019-DET: 'val' or 'test-challenge'.
        rows: Scores by method, per cent, in the order of
            ``scoring.METRICS``; by descending AP, equal ones as printed. A
            star marks the baselines of the challenge's committee.
    """

    name: str
    about: str
    split: str
    rows: dict[str, tuple[float, ...]]


TABLE_2 = PublishedTable(
    'Table 2',
    'the best ten of the 2019 challenge and the baselines (*) of its '
    'committee',
    'test-challenge',
    {
        'DPNet-ensemble': (29.62, 54.00, 28.70, 0.58, 3.69, 17.10, 42.37),
        'RRNet': (29.13, 55.82, 27.23, 1.02, 8.50, 35.19, 46.05),
        'the paper': (29.13, 54.07, 27.38, 0.32, 1.48, 9.46, 44.53),
        'S+D': (28.59, 50.97, 28.29, 0.50, 3.38, 15.95, 42.72),
        'BetterFPN': (28.55, 53.63, 26.68, 0.86, 7.56, 33.81, 44.02),
        'HRDet': (28.39, 54.53, 26.06, 0.11, 0.94, 12.95, 43.34),
        'CN-DhVaSa': (27.83, 50.73, 26.77, 0.00, 0.18, 7.78, 46.81),
        'SGE-cascade R-CNN': (27.33, 49.56, 26.55, 0.48, 3.19, 11.01, 45.23),
        'EHR-RetinaNet': (26.46, 48.34, 25.38, 0.87, 7.87, 32.06, 38.42),
        'CNAnet': (26.35, 47.98, 25.45, 0.94, 7.69, 32.98, 42.28),
        'CornerNet*': (17.41, 34.12, 15.78, 0.39, 3.32, 24.37, 26.11),
        'Light-RCNN*': (16.53, 32.78, 15.13, 0.35, 3.16, 23.09, 25.07),
        'FPN*': (16.51, 32.20, 14.91, 0.33, 3.03, 20.72, 24.93),
        'Cascade R-CNN*': (16.09, 31.91, 15.01, 0.28, 2.79, 21.37, 28.43),
        'DetNet59*': (15.26, 29.23, 14.34, 0.26, 2.57, 20.87, 22.28),
        'RefineDet*': (14.90, 28.76, 14.08, 0.24, 2.41, 18.13, 25.69),
        'RetinaNet*': (11.81, 21.37, 11.62, 0.21, 1.21, 5.31, 19.29),
    },
)

TABLE_1 = PublishedTable(
    'Table 1',
    "the paper's ablation",
    'val',
    {
        'the paper, multi-scale': (
            *(37.15, 65.54, 36.56),
            *(0.32, 1.47, 7.28, 53.78),
        ),
        'the paper, single-scale': (
            *(35.64, 63.96, 34.27),
            *(0.40, 2.74, 17.52, 50.19),
        ),
        'FPN, tuned anchors': (32.88, 60.66, 30.86, 0.43, 2.77, 14.38, 47.72),
        'FPN, defaults for COCO': (
            *(29.10, 52.84, 28.12),
            *(0.42, 2.77, 26.41, 41.34),
        ),
    },
)

PUBLISHED_TABLES = (TABLE_2, TABLE_1)
