"""A small software renderer: pinhole camera, solids, sprites with alpha.

The image's centre shows the world's origin; see `solids` for coordinates.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .solids import Colour, Model, Part

_SHIFT = 4  # sub-pixel bits of OpenCV's drawing functions
_MAX_COORD = 1 << 24  # beyond it, fixed-point coordinates would overflow
_AMBIENT = 0.6  # brightness of a face that the sun does not light


@dataclass(frozen=True)
class Camera:
    """A pinhole camera above the ground, looking down at the origin.

    Args:
        image_wh: Width and height in pixels.
        distance: Metres from the camera to the origin.
        pitch: Radians below the horizon; pi / 2 looks straight down.
        focal: Focal length in pixels.
    """

    image_wh: tuple[int, int]
    distance: float
    pitch: float
    focal: float

    @property
    def position(self) -> np.ndarray:
        """Position of the camera, metres (3,)."""
        return self.distance * np.array(
            [0.0, -np.cos(self.pitch), np.sin(self.pitch)]
        )

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project world ``points`` (n, 2 or 3) to pixels (n, 2) and depths.

        Points (n, 2) are on the ground. Depths (n,) are in metres; a point
        with a depth of zero or less is behind the camera, and its pixel is
        meaningless.
        """
        if points.shape[1] == 2:
            points = np.column_stack([points, np.zeros(len(points))])
        sin, cos = np.sin(self.pitch), np.cos(self.pitch)
        axes = np.array([[1, 0, 0], [0, -sin, -cos], [0, cos, -sin]])
        right, down, depth = axes @ (points - self.position).T
        scale = self.focal / np.maximum(depth, 1e-6)
        width, height = self.image_wh
        pixels = np.stack(
            [width / 2 + right * scale, height / 2 + down * scale], axis=1
        )
        return pixels, depth

    def project_ground(self, polygon: np.ndarray) -> np.ndarray:
        """Project a ground polygon (n, 2), near-clipped, to pixels (m, 2).

        m is 0 if the whole polygon is clipped.
        """
        # Clip where the ground's depth is a tenth of the origin's distance.
        eye, cos = self.position, max(np.cos(self.pitch), 1e-3)
        depth = eye[2] * np.sin(self.pitch) - 0.1 * self.distance
        near, cut = float(eye[1] - depth / cos), []
        for start, end in zip(polygon, np.roll(polygon, -1, 0), strict=True):
            inside = start[1] >= near
            if inside:
                cut.append(start)
            if inside != (end[1] >= near):
                share = (near - start[1]) / (end[1] - start[1])
                cut.append(start + share * (end - start))
        return self.project(np.array(cut).reshape(-1, 2))[0]

    def ground_homography(self) -> np.ndarray:
        """Return the 3 x 3 map of ground metres (x, y, 1) to pixels."""
        square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
        pixels = self.project(square)[0].astype(np.float32)
        return cv2.getPerspectiveTransform(square, pixels)


@dataclass(frozen=True)
class Sprite:
    """Drawn pixels: ``bgra`` (h, w, 4) float32, colour times alpha (0..1).

    ``x`` and ``y`` are the image pixel of the sprite's first column and row,
    which may be outside the image.
    """

    x: int
    y: int
    bgra: np.ndarray

    def box(self) -> tuple[int, int, int, int] | None:
        """Return the half-open box x1, y1, x2, y2 of the drawn pixels."""
        # Almost transparent pixels do not count.
        drawn = (self.bgra[..., 3] > 0.2).astype(np.uint8)
        x, y, width, height = cv2.boundingRect(drawn)
        x, y = x + self.x, y + self.y
        return (x, y, x + width, y + height) if width else None

    def paste(self, image: np.ndarray) -> 'Sprite':
        """Blend over a uint8 BGR ``image`` in place; return the part inside.

        The part inside may be empty, (h, 0, 4) or (0, w, 4).
        """
        x1, y1 = max(self.x, 0), max(self.y, 0)
        inside = self.bgra[
            y1 - self.y : max(image.shape[0], y1) - self.y,
            x1 - self.x : max(image.shape[1], x1) - self.x,
        ]
        height, width = inside.shape[:2]
        window = image[y1 : y1 + height, x1 : x1 + width]
        window[:] = np.rint(
            window * (1 - inside[..., 3:]) + inside[..., :3]
        ).clip(0, 255)
        return Sprite(x1, y1, inside)


def draw_model(
    model: Model, camera: Camera, light: np.ndarray
) -> Sprite | None:
    """Draw a placed ``model``.

    Args:
        model: Model in world metres.
        camera: Camera of the image.
        light: Unit vector (3,) towards the sun.

    Returns:
        None if the model is partly behind the camera, or far outside the
        image.
    """
    pixels, depths = camera.project(model.points())
    if depths.min() < 1.0:
        return None
    radius = max(part.radius for part in model.parts)
    pad = 2 + radius * camera.focal / depths.min()
    low, high = np.floor(pixels.min(0) - pad), np.ceil(pixels.max(0) + pad)
    # Supersampling large models is slow and less useful.
    side = max(high - low)
    ratio = 4 if side < 90 else 2 if side < 260 else 1
    low = np.maximum(low, -300)
    high = np.minimum(high, np.add(camera.image_wh, 300))
    width, height = (high - low).astype(int)
    if width <= 0 or height <= 0:
        return None
    plane = np.zeros((height * ratio, width * ratio, 4), np.uint8)
    # -0.5: OpenCV's integer coordinates are pixel centres.
    fixed = _fixed((pixels - low) * ratio - 0.5)
    for part, span in _far_to_near(model, depths):
        thick = part.radius * camera.focal / depths[span].mean() * ratio
        _draw_part(plane, part, fixed[span], thick, camera.position, light)
    if ratio > 1:
        size = int(width), int(height)
        plane = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    bgra = plane.astype(np.float32)
    bgra[..., 3] /= 255
    return Sprite(int(low[0]), int(low[1]), bgra)


def _far_to_near(model: Model, depths: np.ndarray) -> list[tuple[Part, slice]]:
    """Order parts by level and depth of their solids, each with its points."""
    counts = [len(part.points) for part in model.parts]
    owners = np.repeat([part.solid for part in model.parts], counts)
    means = {solid: depths[owners == solid].mean() for solid in set(owners)}
    spans = [
        slice(end - count, end)
        for end, count in zip(np.cumsum(counts), counts, strict=True)
    ]
    return sorted(
        zip(model.parts, spans, strict=True),
        key=lambda entry: (entry[0].level, -means[entry[0].solid]),
    )


def _draw_part(
    plane: np.ndarray,
    part: Part,
    fixed: np.ndarray,
    radius: float,
    eye: np.ndarray,
    light: np.ndarray,
) -> None:
    """Draw a part, (k, 2) in fixed-point pixels; skip back faces."""
    shade = 1.0
    if part.kind in ('face', 'plate'):
        normal = _normal(part.points)
        facing = float(normal @ (eye - part.points[0]))
        if part.kind == 'face' and facing <= 0:
            return
        lit = float(normal @ light) * (1 if facing > 0 else -1)
        shade = _AMBIENT + (1 - _AMBIENT) * max(0.0, lit)
    colour = [*(min(255.0, tone * shade) for tone in part.colour), 255.0]
    if part.kind == 'ball':
        size = max(1, round(radius * (1 << _SHIFT)))
        centre = fixed[0].tolist()
        cv2.circle(plane, centre, size, colour, -1, cv2.LINE_8, _SHIFT)
    elif part.kind == 'line':
        thick = max(1, round(2 * radius))
        cv2.polylines(plane, [fixed], False, colour, thick, cv2.LINE_8, _SHIFT)
    else:
        cv2.fillPoly(plane, [fixed], colour, cv2.LINE_8, _SHIFT)


def _normal(points: np.ndarray) -> np.ndarray:
    """Return a polygon's unit normal; np.cross is slow for small inputs."""
    (ax, ay, az), (bx, by, bz) = (points[1:3] - points[0]).tolist()
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    length = (x * x + y * y + z * z) ** 0.5 or 1.0
    return np.array([x / length, y / length, z / length])


def draw_polygon(
    image: np.ndarray, pixels: np.ndarray, colour: Colour | float
) -> None:
    """Fill a polygon (n, 2), sub-pixel, on ``image`` in place."""
    if len(pixels) >= 3:
        cv2.fillPoly(image, [_fixed(pixels)], colour, cv2.LINE_AA, _SHIFT)


def shadow_polygon(model: Model, light: np.ndarray) -> np.ndarray:
    """Return the ground polygon (k, 2), metres, that ``model`` shades."""
    points = model.points()
    flat = points[:, :2] - points[:, 2:] * (light[:2] / light[2])
    return cv2.convexHull(flat.astype(np.float32))[:, 0].astype(np.float64)


def _fixed(pixels: np.ndarray) -> np.ndarray:
    scaled = np.rint(pixels * (1 << _SHIFT))
    return np.clip(scaled, -_MAX_COORD, _MAX_COORD).astype(np.int32)
