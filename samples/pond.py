"""The pond: a mallard drake on calm water in the morning, in units of 600x400."""

from __future__ import annotations

import numpy as np
from brush import Array, Layer, blurred, ellipse, gradient, moved, shape, stroke
from duck import duck, waterline

WIDTH, HEIGHT = 600, 400
HORIZON = 172.0
WATERLINE = 292.0


def pond(scale: float = 1.0) -> Array:
    """Return the whole scene, (rows, cols, 3) of 0 to 1."""
    scene = Layer(WIDTH, HEIGHT, scale)
    _sky(scene)
    _banks(scene)
    _water(scene)
    _far_reeds(scene)
    _duck_on_water(scene)
    _lilies(scene)
    _near_reeds(scene)
    return scene.colours


def _sky(scene: Layer) -> None:
    scene.add(gradient(scene.y, (0, "#4f9fdc"), (70, "#8cc5ea"), (130, "#d4e7ea"), (HORIZON, "#fdebc8")))
    glow = np.exp(-((np.hypot((scene.x - 455) / 1.5, scene.y - 120) / 85) ** 2))
    scene.add("#fff3cf", glow, 0.8)
    for x, y, size in ((130, 58, 1.0), (345, 38, 0.7), (560, 66, 0.8)):
        _cloud(scene, x, y, size)


def _cloud(scene: Layer, x: float, y: float, size: float) -> None:
    puffs = [(-52, 6, 26, 11), (-26, -3, 25, 18), (6, -11, 29, 23), (36, -1, 26, 16), (62, 7, 22, 9)]
    outlines = [ellipse(x + dx * size, y + dy * size, w * size, h * size) for dx, dy, w, h in puffs]
    body = scene.soft(4 * size, *outlines, ellipse(x, y + 9 * size, 72 * size, 9 * size))
    fade = np.clip((y + 22 * size - scene.y) / (22 * size), 0, 1)
    scene.add("#c9d9e8", body, 0.7)
    scene.add("#ffffff", body * fade, 0.95)


def _banks(scene: Layer) -> None:
    far = [(-30, 200), (-30, 140), (60, 122), (150, 136), (250, 146), (360, 128), (470, 142), (560, 120), (640, 132)]
    scene.add(gradient(scene.y, (118, "#8fb3b8"), (HORIZON, "#c3d3bf")), scene.cover(shape(*far, (640, 200))))
    near = [(-30, 200), (-30, 138), (40, 142), (120, 156), (210, 163), (300, 166), (420, 161), (520, 150), (640, 140)]
    scene.add(gradient(scene.y, (136, "#5f8f63"), (HORIZON, "#93ad6a")), scene.cover(shape(*near, (640, 200))))
    random = np.random.RandomState(3)
    for x in np.concatenate([np.arange(-5, 130, 11.0), np.arange(470, 610, 12.0)]):
        _tree(scene, x + random.uniform(-3, 3), 150 + random.uniform(-6, 7), random.uniform(9, 17))


def _tree(scene: Layer, x: float, y: float, size: float) -> None:
    crown = [ellipse(x + dx * size, y + dy * size, w * size, w * size) for dx, dy, w in _CROWN]
    cover = scene.cover(*crown, ellipse(x, HORIZON, size, 14))
    light = np.clip((scene.x - x - (scene.y - y) * 1.2) / (2.6 * size) + 0.4, 0, 1)
    scene.add(gradient(light, (0, "#2f5f45"), (0.5, "#4c824c"), (1, "#8bb35c")), cover)


_CROWN = ((0, 0, 1), (-0.7, 0.5, 0.7), (0.7, 0.5, 0.75), (0.1, -0.6, 0.65))


def _water(scene: Layer) -> None:
    """Paint the water: the mirrored sky and banks, drawn out sideways, under ripples that shrink with distance."""
    water = scene.cover(np.array([(-5, HORIZON), (605, HORIZON), (605, 405), (-5, 405)]))
    depth = np.clip((scene.y - HORIZON) / (HEIGHT - HORIZON), 0, 1)
    mirror = _mirrored(scene.paint[..., :3], scene, HORIZON, 3 * _ripples(scene))
    tint = gradient(depth, (0, "#cfe3dc"), (0.25, "#79bcc9"), (0.6, "#3b8fb0"), (1, "#1c5f8a"))
    clear = (0.72 * (1 - depth) ** 1.5)[..., None]
    scene.add(mirror * clear + tint * (1 - clear), water)
    ripple = _ripples(scene)
    scene.add("#e9f7f4", water * np.clip(ripple - 0.25, 0, 1), 0.50)
    scene.add("#0f4468", water * np.clip(-ripple - 0.30, 0, 1), 0.38)
    scene.add("#f6f3dd", scene.soft(1.2, ellipse(300, HORIZON + 0.5, 330, 1.1)), 0.8)


def _mirrored(colours: Array, scene: Layer, line: float, sway: Array) -> Array:
    """Return `colours` mirrored at the height `line`, each pixel taken `sway` units from the side."""
    rows, cols = scene.x.shape
    row = np.clip(np.rint((2 * line - scene.y) * scene.scale - 0.5), 0, rows - 1).astype(int)
    col = np.clip(np.rint((scene.x + sway) * scene.scale - 0.5), 0, cols - 1).astype(int)
    return blurred(colours[row, col], 1.2 * scene.scale)


def _ripples(scene: Layer) -> Array:
    """Return waves between about -1 and 1 as they look from above the water."""
    away = 1 / np.maximum(scene.y - HORIZON + 9, 9)
    across, along = (scene.x - 300) * away, 900 * away
    waves = (
        np.sin(2.1 * along + 1.7 * np.sin(3.0 * across + 0.3 * along) + 2 * across)
        + np.sin(3.7 * along - 2.3 * np.sin(4.1 * across - 0.4 * along) - 3 * across + 1)
        + 0.7 * np.sin(6.1 * along + 2.9 * np.sin(5.3 * across + 1) + 2)
    )
    return waves / 2.7 * np.clip((scene.y - HORIZON) / 60, 0, 1)


def _far_reeds(scene: Layer) -> None:
    random = np.random.RandomState(11)
    reeds = scene.another()
    for x in np.sort(random.uniform(505, 610, 34)):
        top, lean = random.uniform(92, 150), random.uniform(-14, 10)
        blade = stroke([(x, 207), (x + 0.2 * lean, 170), (x + lean, top)], 3.2, 2.6, 0.5)
        green = gradient(np.array(random.uniform(0, 1)), (0, "#3f6b3a"), (0.6, "#6f9445"), (1, "#a3b455"))
        reeds.add(green, reeds.cover(blade))
    below = np.clip(1 - (scene.y - 204) / 90, 0, 1) * (scene.y > 204)
    scene.lay(_mirrored(reeds.paint, scene, 204, 5 * _ripples(scene)), 0.6 * below)
    scene.lay(reeds.paint, np.clip((205 - scene.y) * scene.scale, 0, 1))
    scene.add("#f0faf2", scene.soft(0.6, ellipse(560, 205, 66, 0.9)), 0.6)


def _near_reeds(scene: Layer) -> None:
    random = np.random.RandomState(29)
    for at in range(46):
        x = random.uniform(-12, 92) * (1 - 0.25 * (at > 30))
        top, lean = random.uniform(120, 290), random.uniform(-16, 44)
        blade = stroke(
            [(x, 415), (x + 0.15 * lean, 330), (x + 0.45 * lean, (top + 330) / 2), (x + lean, top)], 7, 6, 4, 0.4
        )
        green = gradient(np.array(random.uniform(0, 1)), (0, "#1f4a2c"), (0.5, "#3f7a35"), (1, "#86a63f"))
        scene.add(green, scene.cover(blade))
        rib = stroke([(x, 415), (x + 0.15 * lean, 330), (x + 0.45 * lean, (top + 330) / 2)], 1.4, 1.2, 0.6)
        scene.add("#b7c96a", scene.cover(rib), 0.35)
    for x, top, lean in ((34, 84, 10), (66, 128, 20), (88, 216, 20)):
        _cattail(scene, x, top, lean)


def _cattail(scene: Layer, x: float, top: float, lean: float) -> None:
    stem = [(x, 415), (x + 0.3 * lean, 300), (x + 0.8 * lean, top + 60), (x + lean, top)]
    scene.add("#5d7a35", scene.cover(stroke(stem, 4, 3.4, 2.6, 1.2)))
    ear = stroke([(x + 0.87 * lean, top + 52), (x + 0.94 * lean, top + 30), (x + 0.985 * lean, top + 12)], 11, 12.5, 11)
    ends = [ellipse(x + 0.87 * lean, top + 52, 5.5, 4), ellipse(x + 0.985 * lean, top + 12, 5.5, 4)]
    cover = scene.cover(ear, *ends)
    side = np.clip((scene.x - x - lean * (0.87 + 0.115 * (top + 52 - scene.y) / 40)) / 12 + 0.5, 0, 1)
    scene.add(gradient(side, (0, "#3d2114"), (0.55, "#7a4826"), (0.8, "#b9804c"), (1, "#6d3f22")), cover)


def _lilies(scene: Layer) -> None:
    for x, y, size, notch in ((470, 352, 40, 200), (548, 372, 46, 330), (398, 380, 30, 20), (560, 318, 24, 160)):
        _pad(scene, x, y, size, notch)
    _flower(scene, 500, 338, 1.0)


def _pad(scene: Layer, x: float, y: float, size: float, notch: float) -> None:
    angle = np.radians(np.linspace(notch + 13, notch + 347, 120))
    rim = np.stack([x + size * np.cos(angle), y + 0.36 * size * np.sin(angle)], axis=1)
    outline = np.concatenate([rim, [(x, y)]])
    scene.add("#0b3a4c", scene.soft(2.5, moved(outline, 2, 4)), 0.6)
    cover = scene.cover(outline)
    light = (scene.x - x) / (2 * size) - (scene.y - y) / (0.8 * size) * 0.5 + 0.5
    scene.add(gradient(light, (0.1, "#2c6e3a"), (0.5, "#4e9a48"), (0.9, "#a6cc66")), cover)
    veins = [
        stroke([(x, y), (x + 0.9 * size * np.cos(a), y + 0.33 * size * np.sin(a))], 1.4, 0.4)
        for a in np.radians(np.arange(notch + 50, notch + 340, 42))
    ]
    scene.add("#c9e08a", np.minimum(cover, scene.cover(*veins)), 0.5)


def _flower(scene: Layer, x: float, y: float, size: float) -> None:
    rings = (
        ((-80, -52, -26, 0, 26, 52, 80), 30, "#f3c5dc", "#ffffff"),
        ((-62, -36, -12, 12, 36, 62), 24, "#f9dfec", "#ffffff"),
    )
    heart = np.array((x, y))
    for turns, length, dark, light in rings:
        for turn in sorted(turns, key=abs, reverse=True):
            a = np.radians(turn)
            tip = heart + np.array([np.sin(a), -0.85 * np.cos(a)]) * length * size
            side = np.array([np.cos(a), 0.85 * np.sin(a)]) * 6.5 * size
            belly = 0.45 * heart + 0.55 * tip
            petal = shape(heart, heart, belly + side, tip, tip, belly - side)
            reach = np.hypot(scene.x - x, scene.y - y) / (length * size)
            scene.add("#c98fae", scene.soft(0.8, moved(petal, 0.6, 0.8)), 0.45)
            scene.add(gradient(reach, (0.15, dark), (0.8, light)), scene.cover(petal))
    scene.add("#f2b632", scene.cover(ellipse(x, y - 4 * size, 6 * size, 4.5 * size)))
    scene.add("#ffe07a", scene.cover(ellipse(x - 1, y - 5.5 * size, 3.4 * size, 2 * size)))


def _duck_on_water(scene: Layer) -> None:
    """Lay the duck on the water with its mirror image, the shade under it and the rings it makes."""
    bird = duck(scene)
    below = np.clip((scene.y - WATERLINE + 14) / 14, 0, 1)
    sway = 7 * _ripples(scene) * np.clip((scene.y - WATERLINE) / 60, 0.1, 1)
    mirror = _mirrored(bird.paint, scene, WATERLINE - 4, sway)
    scene.lay(mirror, below * np.clip(0.62 - (scene.y - WATERLINE) / 210, 0, 1))
    scene.add("#0b3650", scene.soft(5, ellipse(322, WATERLINE, 118, 7)), 0.55)
    _rings(scene, 316, WATERLINE)
    scene.lay(bird.paint)
    x = np.linspace(198, 450, 30)
    lip = stroke(np.stack([x, waterline(x)], axis=1), 0.3, 2.2, 1.6, 2.4, 1.8, 0.3)
    scene.add("#eefaf7", scene.soft(0.5, lip), 0.75)


def _rings(scene: Layer, x: float, y: float) -> None:
    """Draw ripples around the duck; the eye sees the circles from the side, as flat ellipses."""
    away = np.hypot(scene.x - x, (scene.y - y) / 0.30)
    wave = np.sin((away - 128) / 26 * 2 * np.pi) * np.exp(-(((away - 128) / 95) ** 2)) * (away > 128)
    water = np.clip((scene.y - HORIZON - 6) / 30, 0, 1)
    scene.add("#f2fbf8", np.clip(wave, 0, 1) ** 2 * water, 0.55)
    scene.add("#0e3f5c", np.clip(-wave, 0, 1) ** 2 * water, 0.35)
