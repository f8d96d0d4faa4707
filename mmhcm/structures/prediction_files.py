"""Detections of an image in the file formats of other programs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mmhcm.functional.boxes import as_bboxes, clip_boxes

#: Corners of a box as indices into xyxy, in order around it.
_CORNERS = [[0, 1], [0, 3], [2, 3], [2, 1]]


def format_yolo(
    bboxes: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray,
    image_wh: tuple[int, int],
) -> str:
    """Format detections as rows ``label x y width height score``.

    The centre and the sides of a box, clipped to the image, are shares of the
    image's sides.

    Args:
        bboxes: (n, 4) xyxy, pixels of the image.
        scores: (n,).
        labels: (n,), from 0.
        image_wh: Width and height of the image.
    """
    corners = clip_boxes(as_bboxes(bboxes), (0, 0, *image_wh))
    x1, y1, x2, y2 = (corners / np.tile(image_wh, 2)).T
    rows = zip(
        labels,
        (x1 + x2) / 2,
        (y1 + y2) / 2,
        x2 - x1,
        y2 - y1,
        scores,
        strict=True,
    )
    return ''.join(
        f'{label} {" ".join(f"{value:.6f}" for value in values)}\n'
        for label, *values in rows
    )


def geojson(
    bboxes: np.ndarray,
    scores: np.ndarray,
    names: Sequence[str],
    to_map: Callable[[np.ndarray], np.ndarray],
    crs: str | None = None,
) -> dict[str, Any]:
    """Describe detections as GeoJSON polygons in map coordinates.

    The coordinates are in the image's coordinate system, not longitude and
    latitude as in RFC 7946. The member ``crs`` of GeoJSON 2008, which GDAL,
    QGIS and others read, names the coordinate system.

    Args:
        bboxes: (n, 4) xyxy, pixels of the image.
        scores: (n,).
        names: Class name of each detection.
        to_map: Converts points (k, 2) from pixels to map coordinates.
        crs: 'EPSG:32633' or WKT. Defaults to None, unknown.

    Returns:
        A FeatureCollection.
    """
    corners = as_bboxes(bboxes).astype(np.float64)[:, _CORNERS]  # (n, 4, 2)
    points = to_map(corners.reshape(-1, 2)).reshape(-1, 4, 2)
    if _is_clockwise(to_map):
        points = points[:, ::-1]
    content: dict[str, Any] = {'type': 'FeatureCollection'}
    if crs is not None:
        properties = {'name': _crs_urn(crs)}
        content['crs'] = {'type': 'name', 'properties': properties}
    content['features'] = [
        {
            'type': 'Feature',
            'properties': {'class': name, 'score': float(score)},
            'geometry': {
                'type': 'Polygon',
                'coordinates': [[*ring.tolist(), ring[0].tolist()]],
            },
        }
        for ring, name, score in zip(points, names, scores, strict=True)
    ]
    return content


def _is_clockwise(to_map: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Check if the corners of a box are clockwise on the map."""
    start, down, right = to_map(np.array([[0, 0], [0, 1], [1, 0]]))
    (x1, y1), (x2, y2) = down - start, right - start
    return bool(x1 * y2 < x2 * y1)


def _crs_urn(crs: str) -> str:
    """Name a coordinate system as GDAL does."""
    if crs == 'EPSG:4326':
        # CRS84 has the longitude first, as all coordinates here.
        return 'urn:ogc:def:crs:OGC:1.3:CRS84'
    authority, _, code = crs.partition(':')
    if code.isalnum():
        return f'urn:ogc:def:crs:{authority}::{code}'
    return crs
