"""A small software renderer: pinhole camera, solids, sprites with alpha.

World coordinates are metres: x to the right, y away from the camera, z up,
the ground at z = 0. The image's centre looks at the world's origin. Colours
are BGR, 0..255.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from projects.quickstart.renderer.solids import Colour, Model

_SHIFT = 4  # sub-pixel bits of OpenCV's drawing functions
_MAX_COORD = 1 << 24  # beyond it, fixed-point coordinates would overflow


@dataclass(frozen=True)
class Camera:
    """A pinhole camera above the ground, looking down at the origin.

    Args:
        image_wh: width and height in pixels.
        distance: metres from the camera to the origin.
        pitch: radians below the horizon; pi / 2 looks straight down.
        focal: focal length in pixels.
    """

    image_wh: tuple[int, int]
    distance: float
    pitch: float
    focal: float

    @property
    def position(self) -> np.ndarray:
        """Where the camera is, metres (3,)."""
        return self.distance * np.array(
            [0.0, -np.cos(self.pitch), np.sin(self.pitch)]
        )

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project world ``points`` (n, 3) to pixels (n, 2) and depths (n,).

        Depths are in metres; a point with a depth of zero or less lies behind
        the camera and its pixel means nothing.
        """
        sin, cos = np.sin(self.pitch), np.cos(self.pitch)
        axes = np.array([[1, 0, 0], [0, -sin, -cos], [0, cos, -sin]])
        right, down, depth = axes @ (points - self.position).T
        scale = self.focal / np.maximum(depth, 1e-6)
        width, height = self.image_wh
        pixels = np.stack(
            [width / 2 + right * scale, height / 2 + down * scale], axis=1
        )
        return pixels, depth

    def project_ground(self, points: np.ndarray) -> np.ndarray:
        """Project a ground polygon (n, 2) to pixels (m, 2), cut in front.

        m is 0 when all of it lies behind the camera.
        """
        cut = _clip_near(points, self._nearest_y())
        return self.project(np.column_stack([cut, np.zeros(len(cut))]))[0]

    def _nearest_y(self) -> float:
        # The ground's y at a depth of a tenth of the way to the origin.
        eye, cos = self.position, max(np.cos(self.pitch), 1e-3)
        depth = eye[2] * np.sin(self.pitch) - 0.1 * self.distance
        return float(eye[1] - depth / cos)

    def ground_homography(self) -> np.ndarray:
        """The 3 x 3 map of ground metres (x, y, 1) to pixels."""
        square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
        pixels = self.project(np.column_stack([square, np.zeros(4)]))[0]
        return cv2.getPerspectiveTransform(square, pixels.astype(np.float32))


@dataclass(frozen=True)
class Sprite:
    """Drawn pixels: ``bgra`` (h, w, 4) float32, colour times alpha (0..1).

    ``x`` and ``y`` are the image pixel of its first column and row; either
    may lie outside the image.
    """

    x: int
    y: int
    bgra: np.ndarray

    def box(self) -> tuple[int, int, int, int] | None:
        """Half-open extent x1, y1, x2, y2 of what is drawn, image pixels."""
        drawn = self.bgra[..., 3] > 0.2  # a trace of a pixel does not count
        cols, rows = np.flatnonzero(drawn.any(0)), np.flatnonzero(drawn.any(1))
        if not len(cols):
            return None
        return (
            self.x + int(cols[0]),
            self.y + int(rows[0]),
            self.x + int(cols[-1]) + 1,
            self.y + int(rows[-1]) + 1,
        )

    def cut(self, image_wh: tuple[int, int]) -> 'Sprite':
        """The part inside an image of width and height ``image_wh``."""
        x1, y1 = max(self.x, 0), max(self.y, 0)
        x2 = max(min(self.x + self.bgra.shape[1], image_wh[0]), x1)
        y2 = max(min(self.y + self.bgra.shape[0], image_wh[1]), y1)
        rows = slice(y1 - self.y, y2 - self.y)
        cols = slice(x1 - self.x, x2 - self.x)
        return Sprite(x1, y1, self.bgra[rows, cols])


def draw_model(
    model: Model, camera: Camera, light: np.ndarray, *, ambient: float = 0.6
) -> Sprite | None:
    """Draw a placed ``model``; None when some of it is behind the camera.

    Args:
        model: in world metres.
        camera: the viewer.
        light: unit vector (3,) towards the sun.
        ambient: share of light that a face turned away still gets.
    """
    pixels, depth = camera.project(model.all_points())
    if depth.min() < 1.0:
        return None
    radii = np.array([r for s in model.solids for r in s.radii])
    pad = 2 + radii.max() * camera.focal / depth.min()
    low = np.floor(pixels.min(0) - pad)
    high = np.ceil(pixels.max(0) + pad)
    # Large things would be slow to supersample, and need it less.
    side = max(high - low)
    ratio = 4 if side < 90 else 2 if side < 260 else 1
    frame_low = np.maximum(low, -300)
    frame_high = np.minimum(high, np.add(camera.image_wh, 300))
    width, height = (frame_high - frame_low).astype(int)
    if width <= 0 or height <= 0:
        return None
    plane = np.zeros((height * ratio, width * ratio, 4), np.uint8)
    _draw_solids(plane, model, camera, light, ambient, frame_low, ratio)
    if ratio > 1:
        plane = cv2.resize(
            plane, (width, height), interpolation=cv2.INTER_AREA
        )
    bgra = plane.astype(np.float32)
    bgra[..., 3] /= 255
    return Sprite(int(frame_low[0]), int(frame_low[1]), bgra)


def draw_polygon(
    image: np.ndarray, pixels: np.ndarray, colour: Colour | float
) -> None:
    """Fill a polygon (n, 2), sub-pixel, on ``image`` in place."""
    if len(pixels) >= 3:
        cv2.fillPoly(image, [_fixed(pixels)], colour, cv2.LINE_AA, _SHIFT)


def paste_sprite(image: np.ndarray, sprite: Sprite) -> np.ndarray:
    """Blend ``sprite`` over a uint8 BGR ``image`` in place.

    Returns:
        The alpha (h, w) of the image that the sprite covers, cut to it.
    """
    part = sprite.cut((image.shape[1], image.shape[0]))
    height, width = part.bgra.shape[:2]
    window = image[part.y : part.y + height, part.x : part.x + width]
    window[:] = np.rint(
        window * (1 - part.bgra[..., 3:]) + part.bgra[..., :3]
    ).clip(0, 255)
    return part.bgra[..., 3]


def shadow_polygon(model: Model, light: np.ndarray) -> np.ndarray:
    """The ground polygon (k, 2), metres, that ``model`` shades."""
    points = model.all_points()
    flat = points[:, :2] - points[:, 2:] * (light[:2] / light[2])
    hull = cv2.convexHull(flat.astype(np.float32))
    return hull[:, 0].astype(np.float64)


def _draw_solids(
    plane: np.ndarray,
    model: Model,
    camera: Camera,
    light: np.ndarray,
    ambient: float,
    origin: np.ndarray,
    ratio: int,
) -> None:
    eye = camera.position
    pixels, depths = camera.project(model.all_points())
    # -0.5: OpenCV's integer coordinates are pixel centres.
    fixed = _fixed((pixels - origin) * ratio - 0.5)
    queue, start = [], 0
    for solid in model.solids:
        stop = start + sum(map(len, solid.points))
        queue.append((solid.level, -depths[start:stop].mean(), start, solid))
        start = stop
    queue.sort(key=lambda entry: entry[:2])
    for _, _, start, solid in queue:
        for kind, points, colour, radius in zip(
            solid.kinds,
            solid.points,
            solid.colours,
            solid.radii,
            strict=True,
        ):
            part = slice(start, start + len(points))
            start = part.stop
            shade = 1.0
            if kind in ('face', 'plate'):
                normal = _normal(points)
                facing = float(normal @ (eye - points[0]))
                if kind == 'face' and facing <= 0:
                    continue
                lit = float(normal @ light) * (1 if facing > 0 else -1)
                shade = ambient + (1 - ambient) * max(0.0, lit)
            tone = [min(255.0, channel * shade) for channel in colour]
            thick = radius * camera.focal / depths[part].mean() * ratio
            _draw_primitive(plane, kind, fixed[part], (*tone, 255.0), thick)


def _normal(points: np.ndarray) -> np.ndarray:
    """The unit normal (3,) of a polygon; np.cross is slow for so little."""
    (ax, ay, az), (bx, by, bz) = (points[1:3] - points[0]).tolist()
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    length = (x * x + y * y + z * z) ** 0.5 or 1.0
    return np.array([x / length, y / length, z / length])


def _draw_primitive(
    plane: np.ndarray,
    kind: str,
    fixed: np.ndarray,
    colour: tuple[float, ...],
    radius: float,
) -> None:
    if kind == 'ball':
        centre = (int(fixed[0, 0]), int(fixed[0, 1]))
        size = max(1, round(radius * (1 << _SHIFT)))
        cv2.circle(plane, centre, size, colour, -1, cv2.LINE_8, _SHIFT)
    elif kind == 'line':
        thick = max(1, round(2 * radius))
        cv2.polylines(plane, [fixed], False, colour, thick, cv2.LINE_8, _SHIFT)
    else:
        cv2.fillPoly(plane, [fixed], colour, cv2.LINE_8, _SHIFT)


def _fixed(pixels: np.ndarray) -> np.ndarray:
    scaled = np.rint(pixels * (1 << _SHIFT))
    return np.clip(scaled, -_MAX_COORD, _MAX_COORD).astype(np.int32)


def _clip_near(points: np.ndarray, nearest_y: float) -> np.ndarray:
    """Cut a polygon (n, 2) to y >= ``nearest_y``."""
    out = []
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        inside, next_inside = start[1] >= nearest_y, end[1] >= nearest_y
        if inside:
            out.append(start)
        if inside != next_inside:
            share = (nearest_y - start[1]) / (end[1] - start[1])
            out.append(start + share * (end - start))
    return np.array(out).reshape(-1, 2)
