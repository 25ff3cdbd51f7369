"""Names of other tools, for kernels that have another name here and for operations that are not kernels.

`library` looks here for names that it does not know, before it looks for slips. A row gives either the specs that may
be meant, or a sentence. The words are those of OpenCV, Pillow, ImageMagick, GIMP, MATLAB (fspecial,
imgaussfilt), scikit-image, SciPy, libvips, G'MIC, Photoshop and CSS filters.
"""

from __future__ import annotations

import re

OTHER_NAMES: dict[str, tuple[str, ...]] = {
    # smoothing
    "blur": ("box", "gaussian"),
    "average": ("box",),
    "averaging": ("box",),
    "mean": ("box",),
    "uniform": ("box",),
    "uniform-filter": ("box",),
    "box-blur": ("box",),
    "boxblur": ("box",),
    "box-filter": ("box",),
    "boxfilter": ("box",),
    "square": ("box",),
    "rectangle": ("box:size=5x3",),
    "blur-more": ("gaussian:sigma=2", "smooth-more"),
    "gauss": ("gaussian",),
    "gaussian-blur": ("gaussian",),
    "gaussianblur": ("gaussian",),
    "gaussblur": ("gaussian",),
    "gaussian-filter": ("gaussian",),
    "imgaussfilt": ("gaussian",),
    "soften": ("gaussian",),
    "defocus": ("disk",),
    "bokeh": ("disk",),
    "lens-blur": ("disk",),
    "pillbox": ("disk",),
    "circle": ("disk",),
    "circular": ("disk",),
    "motion-blur": ("motion",),
    "directional-blur": ("motion",),
    "linear-blur": ("motion",),
    "pascal": ("binomial",),
    "pyramid": ("gaussian5", "triangle"),
    "pyrdown": ("gaussian5",),
    "pyrup": ("pyr-up",),
    "tent": ("triangle",),
    "bartlett": ("triangle",),
    "hanning": ("hann",),
    "lanczos": ("lanczos3",),
    "cubic": ("keys", "catmull-rom"),
    "bicubic": ("keys", "catmull-rom"),
    "savitzky-golay": ("savgol",),
    "unity": ("identity",),
    "delta": ("identity",),
    "none": ("identity",),
    "translate": ("shift:dx=1,dy=0",),
    # sharpening
    "sharp": ("sharpen",),
    "sharpness": ("sharpen", "unsharp"),
    "sharpen-more": ("sharpen8",),
    "edge-enhance-more": ("sharpen8",),
    "edge-sharpen": ("sharpen8",),
    "unsharp-mask": ("unsharp",),
    "unsharpmask": ("unsharp",),
    "usm": ("unsharp",),
    "high-boost": ("highboost",),
    "high-pass": ("laplacian8", "log"),
    "highpass": ("laplacian8", "log"),
    "low-pass": ("gaussian", "box"),
    "lowpass": ("gaussian", "box"),
    "band-pass": ("dog",),
    "enhance": ("edge-enhance", "detail"),
    # edges
    "edge": ("sobel", "find-edges", "laplacian8"),
    "edges": ("sobel", "find-edges", "laplacian8"),
    "edge-detect": ("sobel", "find-edges", "laplacian8"),
    "edge-detection": ("sobel", "find-edges", "laplacian8"),
    "edgedetect": ("sobel", "find-edges", "laplacian8"),
    "find-edge": ("find-edges",),
    "outline": ("find-edges", "laplacian8"),
    "outlines": ("find-edges", "laplacian8"),
    "contours": ("contour",),
    "gradient": ("sobel", "gauss-gradient"),
    "gradient-x": ("sobel-x", "central-x"),
    "gradient-y": ("sobel-y", "central-y"),
    "gradient-magnitude": ("sobel", "gauss-gradient"),
    "derivative": ("sobel-x", "gauss-deriv"),
    "derivative-x": ("sobel-x", "central-x"),
    "derivative-y": ("sobel-y", "central-y"),
    "sobel-h": ("sobel-y",),
    "sobel-v": ("sobel-x",),
    "sobel-horizontal": ("sobel-x", "sobel-y"),
    "sobel-vertical": ("sobel-y", "sobel-x"),
    "sobel-gx": ("sobel-x",),
    "sobel-gy": ("sobel-y",),
    "sobelx": ("sobel-x",),
    "sobely": ("sobel-y",),
    "scharrx": ("scharr-x",),
    "scharry": ("scharr-y",),
    "prewittx": ("prewitt-x",),
    "prewitty": ("prewitt-y",),
    "prewitt-h": ("prewitt-y",),
    "prewitt-v": ("prewitt-x",),
    "scharr-h": ("scharr-y",),
    "scharr-v": ("scharr-x",),
    "farid-h": ("farid-y",),
    "farid-v": ("farid-x",),
    "robert": ("roberts",),
    "roberts-cross": ("roberts",),
    "freichen": ("frei-chen",),
    "frei": ("frei-chen",),
    "compass": ("robinson3", "kirsch"),
    "nevatia": ("nevatia-babu",),
    "laplace": ("laplacian4", "laplacian8"),
    "laplacian-of-gaussian": ("log",),
    "gaussian-laplace": ("log",),
    "mexican-hat": ("log",),
    "ricker": ("log",),
    "marr": ("log",),
    "difference-of-gaussians": ("dog",),
    "difference-of-gaussian": ("dog",),
    "gaussian-derivative": ("gauss-deriv",),
    "hessian": ("hessian-xx", "hessian-xy", "hessian-yy"),
    "laws": ("laws-l5e5", "laws-e5e5"),
    "line": ("lines", "line-0"),
    "line-detection": ("lines",),
    "points": ("point",),
    # relief and colours
    "relief": ("emboss", "emboss-grey"),
    "bump": ("emboss",),
    "bumpmap": ("emboss",),
    "embossed": ("emboss",),
    "gray": ("gray-601", "gray-709"),
    "grey": ("gray-601", "gray-709"),
    "grayscale": ("gray-601", "gray-709"),
    "greyscale": ("gray-601", "gray-709"),
    "luma": ("gray-601", "gray-709"),
    "luminance": ("gray-709",),
    "desaturate": ("gray-601", "saturate:amount=0"),
    "monochrome": ("gray-601",),
    "saturation": ("saturate",),
    "vibrance": ("saturate",),
    "hue-rotate": ("hue",),
    "negate": ("invert",),
    "negative": ("invert",),
    "inverse": ("invert",),
    "bgr": ("swap-bgr",),
    "rgb2bgr": ("swap-bgr",),
    "ycbcr": ("rgb2ycbcr-601", "rgb2ycbcr-709"),
    "ycc": ("rgb2ycbcr-601", "rgb2ycbcr-709"),
    # enlarging
    "upsample": ("bilinear", "nearest"),
    "linear": ("bilinear",),
}
"""Our specs for the names of others."""

_RANK = "is not a convolution; see 'imgconv pool --{}'"
_STEPS = "takes several steps, and convolution is only one of them; {}"
NO_KERNELS: dict[str, str] = {
    **dict.fromkeys(
        ("median", "medianblur", "median-blur", "median-filter", "medfilt2", "medianfilter"),
        "is not a convolution; 'imgconv pool' has the maximum, minimum and mean of windows, and gaussian smooths",
    ),
    **dict.fromkeys(("max", "maximum", "dilate", "dilation", "maxfilter", "max-filter"), _RANK.format("max 3 -s 1")),
    **dict.fromkeys(("min", "minimum", "erode", "erosion", "minfilter", "min-filter"), _RANK.format("min 3 -s 1")),
    **dict.fromkeys(("maxpool", "max-pool", "max-pooling"), "is a pooling; see 'imgconv pool --max'"),
    **dict.fromkeys(("avgpool", "avg-pool", "mean-pool", "mean-pooling"), "is a pooling; see 'imgconv pool --mean'"),
    **dict.fromkeys(
        ("bilateral", "bilateral-filter", "bilateralfilter", "anisotropic", "kuwahara", "guided", "nlmeans"),
        "is not a convolution, as its weights depend on the picture; gaussian smooths with fixed weights",
    ),
    "canny": _STEPS.format("gauss-gradient gives its gradient"),
    "harris": _STEPS.format("sobel-x and sobel-y give its derivatives"),
    "hough": "is not a convolution; the kernel 'lines' responds to thin lines",
    "cartoon": _STEPS.format("laplacian8 gives its outlines"),
    "sketch": _STEPS.format("a pipeline can do it: samples/pipelines/sketch.yaml"),
    "threshold": "is a layer of pipelines, not a kernel: '- threshold: 128'",
    "resize": "is a layer of pipelines, not a kernel: '- resize: 2'",
    "scale": "is a layer of pipelines, not a kernel: '- resize: 2'",
    "relu": "is a layer of pipelines, not a kernel: '- relu'",
    "pool": "is a command: 'imgconv pool --max 2'",
    **dict.fromkeys(
        ("brightness", "contrast", "exposure", "gamma", "levels", "equalize", "normalize", "autocontrast"),
        "is not a convolution but changes single samples; --map stretch spreads a result over the range",
    ),
    **dict.fromkeys(
        ("noise", "despeckle", "denoise"), "is not one convolution; gaussian, savgol and binomial smooth noise away"
    ),
    "rotate": "is not a convolution; other tools rotate pictures",
    **dict.fromkeys(("flip", "flop", "mirror", "crop"), "is not a convolution; other tools do that"),
}
"""What people ask for as a kernel although it is not one, with what to do instead."""


_TORCH = "holds pickled Python of torch, which could run anything; convert it in Python"
_TORCH += ": safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'net.safetensors')"
_KERAS = "is a Keras model in HDF5; in Python, numpy.savez('net.npz', *model.get_weights()) writes what is read"
_PICTURES = ".png .jpg .jpeg .tif .tiff .webp .gif .bmp .ppm .pgm .pbm .exr .hdr .jp2 .jxl .avif .heic .heif .psd .svg"
_PICTURES += " .pdf .dng .cr2 .cr3 .nef .arw .orf .raf .rw2 .raw"
_SHEET = "is a spreadsheet; save it as CSV"
FOREIGN_FILES: dict[str, str] = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), _TORCH),
    ".onnx": "is an ONNX model; in Python, numpy.save('w.npy', onnx.numpy_helper.to_array(model.graph.initializer[0]))"
    " writes one of its weights",
    **dict.fromkeys((".h5", ".hdf5", ".keras"), _KERAS),
    ".pb": "is a TensorFlow graph; in Python, numpy.save writes a variable's .numpy() as .npy",
    ".tflite": "is a TensorFlow Lite model; in Python, numpy.save writes what Interpreter.get_tensor returns as .npy",
    ".gguf": "is a quantised language model, which has no convolutions",
    **dict.fromkeys((".pkl", ".pickle"), "is a pickle, which could run anything; write the array with numpy.save"),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), _SHEET),
    ".json": "is read if its name ends in .yaml, as JSON is valid YAML; rename or copy it",
    **dict.fromkeys(_PICTURES.split(), "is a picture, not a kernel"),
    ".m": "is a MATLAB program; writematrix(kernel, 'kernel.csv') writes a file that is read",
}
"""What files with other suffixes are, and how to turn them into files that are read as kernels or weights."""


TABLES = dict.fromkeys((".txt", ".tsv", ".dat"), "is read if its name ends in .csv; rename or copy it")
"""Suffixes of files that may hold a table of numbers."""


def foreign(spec: str, *, tables: bool = True) -> str:
    """Say what a file with a foreign suffix is, and the way out; "" for suffixes that are read or unknown.

    Args:
        spec: a path, which the name of a tensor may follow.
        tables: whether a table of numbers may stand here.

    >>> foreign("photo.cr2"), foreign("weights.npy:conv1")
    ('is a picture, not a kernel', '')
    """
    match = re.search(r"(?<=[^./\\])(\.\w+)(:[^:/\\]*)?$", spec.strip())  # a tensor's name may follow
    suffix = match[1].lower() if match else ""
    return FOREIGN_FILES.get(suffix) or (TABLES.get(suffix, "") if tables else "")


def written(name: str) -> str:
    """Return a name in the spelling of this library.

    >>> written("Gaussian_Blur")
    'gaussian-blur'
    """
    return "-".join(name.lower().replace("_", " ").replace("-", " ").split())
