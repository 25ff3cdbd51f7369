"""A mallard drake that swims to the left, in the units of the pond."""

from __future__ import annotations

import numpy as np
from brush import Array, Layer, curve, ellipse, gradient, moved, shape, stroke

BODY = shape(
    (236, 190), (212, 200), (197, 216), (190, 242), (196, 270), (224, 298), (290, 307), (352, 306), (404, 297),
    (440, 281), (466, 258), (484, 236), (480, 228), (456, 222), (428, 216), (394, 204), (350, 195), (306, 193),
    (274, 196),
)  # fmt: skip
HEAD = shape(
    (176, 158), (181, 139), (198, 124), (220, 121), (241, 131), (252, 150), (254, 172), (257, 190), (264, 202),
    (250, 209), (232, 211), (214, 208), (203, 202), (206, 193), (202, 186), (188, 180),
)  # fmt: skip
BILL = shape(
    (186, 148), (172, 151), (156, 159), (140, 164), (128, 167), (124, 172), (130, 178), (146, 180), (164, 181),
    (182, 180), (190, 172), (190, 158),
)  # fmt: skip


def duck(like: Layer) -> Layer:
    """Return the drake on a layer of its own, as large as the layer `like`, cut off at the water."""
    bird = like.another()
    _tail(bird)
    _body(bird)
    _wing(bird)
    _neck_and_head(bird)
    _bill(bird)
    _eye(bird)
    bird.paint *= np.clip((waterline(bird.x) - bird.y) * bird.scale + 0.5, 0, 1)[..., None]
    return bird


def waterline(x: Array) -> Array:
    """Return how far down the body can be seen at `x`: the water lies around it as an ellipse."""
    return 286 + 12 * np.sqrt(np.clip(1 - ((x - 322) / 134) ** 2, 0, 1))


def _within(bird: Layer, clip: Array, colour: str, cover: Array, opacity: float = 1.0) -> None:
    bird.add(colour, clip * cover, opacity)


def _tail(bird: Layer) -> None:
    """Draw the fan of the tail, of which the body will hide the roots."""
    for tip, colour in (((500, 254), "#aaa59c"), ((514, 240), "#d3cec3"), ((520, 222), "#f8f5ec")):
        feather = shape((438, 236), (482, tip[1] - 10), tip, tip, (488, tip[1] + 8), (446, 262))
        bird.add("#4d4f55", bird.soft(1.2, moved(feather, 0, 1.5)), 0.5)
        bird.add(colour, bird.cover(feather))
        bird.add("#8d887e", bird.cover(stroke([(462, 238), tip], 1.2, 0.4)), 0.6)


def _rump(bird: Layer, body: Array) -> None:
    """Draw the black end of the body and the curled feathers that only drakes have."""
    rump = shape(
        (402, 190), (476, 210), (502, 230), (470, 280), (400, 320), (392, 304), (412, 272), (418, 246), (412, 222)
    )
    _within(bird, body, "#1f2530", bird.soft(0.8, rump))
    _within(bird, body, "#4b8c95", bird.soft(3, ellipse(452, 229, 22, 2.6, 14)), 0.8)
    _within(bird, body, "#4a5568", bird.soft(6, ellipse(446, 262, 20, 6, -32)), 0.7)
    for x, y, size in ((458, 223, 1.0), (472, 227, 0.85)):
        turn = [(-18, 3), (-8, 2), (4, -2), (10, -10), (6, -17), (-1, -16), (-1, -10)]
        bird.add("#161b26", bird.cover(stroke([(x + dx * size, y + dy * size) for dx, dy in turn], 2, 5, 4.6, 3.4, 1)))


def _body(bird: Layer) -> None:
    body = bird.cover(BODY)
    bird.add(gradient(bird.y, (195, "#cfcac2"), (235, "#e4e0d8"), (270, "#bdb8b0"), (300, "#77757a")), body)
    for at in range(30):
        line = [(250 + 6 * at, 200), (246 + 6 * at, 235), (252 + 6 * at, 270), (262 + 6 * at, 305)]
        _within(bird, body, "#8f8a83", bird.cover(stroke(line, 0.5, 1.1, 1.1, 0.5)), 0.35)
    breast = shape((180, 190), (240, 180), (262, 206), (270, 236), (262, 272), (246, 300), (180, 310))
    _within(bird, body, "#7d4630", bird.soft(1.2, breast))
    _within(bird, body, "#c07a4e", bird.soft(9, ellipse(216, 228, 13, 22, 12)), 0.75)
    _within(bird, body, "#3f1e17", bird.soft(8, shape((240, 250), (272, 230), (262, 280), (230, 306), (196, 292))), 0.6)
    _rump(bird, body)
    _within(bird, body, "#3a4150", bird.soft(9, ellipse(320, 312, 150, 17)), 0.65)


def _wing(bird: Layer) -> None:
    body = bird.cover(BODY)
    back = shape(
        (262, 200),
        (300, 190),
        (352, 192),
        (402, 204),
        (440, 220),
        (462, 226),
        (432, 236),
        (380, 232),
        (310, 222),
        (272, 214),
    )
    _within(bird, body, "#8b7d6d", bird.soft(1.0, back))
    _within(bird, body, "#b9ab98", bird.soft(5, ellipse(330, 200, 60, 5, 5)), 0.8)
    wing = shape(
        (272, 222),
        (296, 210),
        (340, 212),
        (388, 222),
        (428, 234),
        (456, 240),
        (456, 240),
        (430, 252),
        (392, 262),
        (344, 266),
        (300, 258),
        (276, 242),
    )
    bird.add("#4c4640", body * bird.soft(3, moved(wing, 1, 5)), 0.6)
    cover = bird.cover(wing)
    bird.add(gradient(bird.y, (208, "#d9d3c8"), (238, "#b3aba0"), (266, "#857d76")), cover)
    _feathers(bird, cover)
    _speculum(bird, cover)


def _feathers(bird: Layer, wing: Array) -> None:
    """Draw three rows of scales and the long feathers behind them."""
    for row, (y, count, start) in enumerate(((220, 5, 288), (231, 6, 290), (242, 5, 300))):
        for at in reversed(range(count)):
            x = start + 15 * at
            scale = shape(
                (x - 9, y - 7 + 2.2 * at),
                (x + 8, y - 5 + 2.2 * at),
                (x + 12, y + 3 + 2.2 * at),
                (x + 4, y + 9 + 2.2 * at),
                (x - 8, y + 5 + 2.2 * at),
            )
            bird.add("#6f675f", wing * bird.soft(0.9, moved(scale, 0.8, 1.4)), 0.55)
            tone = gradient(bird.y - 2.2 * at, (y - 7, "#e9e4da"), (y + 9, "#b4aca1"))
            bird.add(tone, wing * bird.cover(scale), 0.95 - 0.1 * row)
    for at in range(3):
        quill = [(372, 226 + 8 * at), (410, 233 + 7 * at), (454, 240 + 2 * at)]
        bird.add("#5d554e", wing * bird.cover(stroke(quill, 0.8, 2.2, 0.6)), 0.8)


def _speculum(bird: Layer, wing: Array) -> None:
    """Draw the blue patch of the wing between its black and white bars."""
    for inset, colour in ((0, "#f8f6f0"), (4, "#15192a"), (6.5, "#2b4fb0")):
        left, right = 338 + inset, 404 - inset
        bar = shape(
            (left + 4, 245),
            (left + 4, 245),
            (right, 248),
            (right, 248),
            (right - 7, 258),
            (right - 7, 258),
            (left, 260),
            (left, 260),
        )
        bird.add(colour, wing * bird.cover(bar))
    bird.add("#8fb2fb", wing * bird.soft(1.6, ellipse(368, 248.5, 15, 1.6, 3)), 0.9)


def _neck_and_head(bird: Layer) -> None:
    head = bird.cover(HEAD)
    bird.add("#2a130e", bird.cover(BODY) * bird.soft(6, moved(HEAD, 2, 7)), 0.55)
    bird.add(gradient(bird.y, (120, "#17804f"), (165, "#0d5c41"), (215, "#08362d")), head)
    _within(
        bird,
        head,
        "#062a26",
        bird.soft(8, shape((250, 130), (262, 160), (272, 220), (246, 222), (236, 180), (244, 150))),
        0.85,
    )
    _within(bird, head, "#3fce83", bird.soft(6, ellipse(212, 134, 17, 6, 6)), 0.85)
    _within(bird, head, "#7a5bd0", bird.soft(7, ellipse(224, 180, 9, 15, -12)), 0.35)
    _within(bird, head, "#2fa9a0", bird.soft(5, ellipse(205, 172, 7, 12, -20)), 0.5)
    _within(bird, head, "#c8f7d2", bird.soft(2, ellipse(208, 129.5, 9, 1.8, -4)), 0.8)
    ring = stroke([(196, 197), (214, 204.5), (236, 207), (256, 202.5), (270, 194)], 7, 8, 8, 8, 7)
    bird.add(gradient(bird.x, (200, "#ffffff"), (236, "#f4f2ee"), (266, "#b9b6b4")), head * bird.cover(ring))


def _bill(bird: Layer) -> None:
    bill = bird.cover(BILL)
    bird.add("#06281f", bird.cover(HEAD) * bird.soft(2.5, moved(BILL, 2, 2)), 0.6)
    bird.add(gradient(bird.y, (150, "#f7d65a"), (166, "#eab530"), (181, "#b9781c")), bill)
    _within(bird, bill, "#fff0a8", bird.soft(1.6, ellipse(160, 161, 16, 1.8, -22)), 0.9)
    gape = stroke([(127, 173.5), (140, 174), (156, 172.5), (172, 173), (185, 169)], 0.8, 1.5, 1.4, 1.6, 1.2)
    _within(bird, bill, "#7a4a10", bird.cover(gape))
    _within(bird, bill, "#2b2620", bird.soft(0.5, ellipse(125.5, 170.5, 4.6, 4.2, -20)))
    _within(bird, bill, "#6d4510", bird.cover(ellipse(166, 159, 4.2, 1.5, -24)))


def _eye(bird: Layer) -> None:
    bird.add("#032019", bird.soft(1.2, ellipse(204, 147, 8, 7.6)), 0.7)
    bird.add("#4a2a16", bird.cover(ellipse(204, 147, 6.4, 6.4)))
    bird.add("#0b0908", bird.cover(ellipse(204, 147, 4.6, 4.6)))
    bird.add("#ffffff", bird.cover(ellipse(202, 144.6, 1.9, 1.7)))
    bird.add("#9fc9d8", bird.soft(0.5, ellipse(206, 149.6, 1.8, 1.0, -30)), 0.7)
    lid = curve([(197, 143), (203, 139.5), (210, 143)], closed=False)
    bird.add("#2fae6e", bird.cover(stroke(lid[::12], 0.4, 1.2, 0.4)), 0.6)
