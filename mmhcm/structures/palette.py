"""Colours of classes, the same in data sets, pictures and figures."""

#: RGB by label: bright on asphalt and grass, Okabe and Ito's where possible.
CLASS_COLORS = (
    (230, 159, 0),
    (240, 228, 66),
    (43, 217, 160),
    (86, 180, 233),
    (255, 255, 255),
    (213, 94, 0),
    (242, 138, 198),
    (190, 130, 255),
    (170, 255, 120),
    (80, 110, 255),
)
