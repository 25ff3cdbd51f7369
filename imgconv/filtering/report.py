"""The report of ``imgconv apply``, as lines of text and as plain values for JSON."""

from __future__ import annotations

from math import isfinite
from typing import Any

from imgconv.engines._bands import Result
from imgconv.filtering.loss import clipping, lost, remedy
from imgconv.filtering.outcome import Alike, Report
from imgconv.filtering.treatment import ALPHA_WORDS
from imgconv.geometry import ENDS, Extent, drops
from imgconv.geometry import to_json as axes_to_json
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Learned, Pointwise, VolumeKernel
from imgconv.registry import DEFAULT_ENGINE
from imgconv.sizes.calculator import count
from imgconv.system import cores

GRAY_WORDS = {"601": "BT.601", "709": "BT.709", "average": "the average of red, green and blue"}


def lines(report: Report) -> list[str]:
    """Return the report as lines of text."""
    kernel = report.request.kernel
    found = [
        ("input", f"{report.input.name}: {report.input.words}"),
        *(_chain_lines(report) if kernel is None else _single_lines(report, kernel)),
        *_treatment_lines(report),
        ("engine", _engine(report)),
        *_elsewhere_lines(report),
    ]
    if report.result and not report.pages:
        found += _seen_lines(report)
    if report.check:
        found.append(("check", f"{report.check.other} agrees: {report.check.words}"))
    verb = "" if report.result else "would be "
    for alike in report.pages:
        found += _page_lines(alike, verb)
    if report.streamed:
        found.append(("streamed", f"{verb}read, filtered and written some rows at a time"))
    if report.depth:
        found.append(("volume", f"{report.input.frames} {report.input.unit}s {verb}filtered as one volume"))
    for saved in report.saved:
        found.append((f"layer {saved.number}", f"{saved.target}: {verb}{saved.header.words}, --map {saved.goal.map}"))
    found.append(("output", f"{report.output.name}: {verb}{report.output.words}"))
    found.extend(("note", note) for note in report.notes)
    return [f"{label:<8} {text}" for label, text in found]


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as plain values."""
    request, result = report.request, report.result
    values: dict[str, Any] = {} if request.kernel is None else axes_to_json(report.axes)
    values |= {"input": _file(report.input), "output": _file(report.output)}
    if request.kernel is None:
        source = request.pipeline.source if request.pipeline else ""
        values |= {
            "pipeline": source or None,
            "layers": [row.to_json(at) for at, row in enumerate(report.plan.rows, 1)],
        }
        values["saved"] = [{"layer": one.number, "map": one.goal.map, **_file(one.header)} for one in report.saved]
    else:
        values |= {
            "kernel": _kernel_json(report),
            "padding_kind": str(request.padding),
            "border": str(report.border),
            "drops": drops(report.axes),
        }
    values |= {
        "engine": {
            "name": report.engine,
            "asked": request.engine,
            "reason": report.engine_reason,
            "elsewhere": [
                {"layer": way.layer, "engine": report.done_by(way), "reason": way.reason} for way in report.elsewhere
            ],
        },
        "map": report.target.map,
        "layout": report.form.kind,
        "maps_apart": report.target.apart,
        "alpha": report.alpha,
        "gray": request.gray,
        "channel": list(request.channel) if request.channel else None,
        "linear": request.linear,
        "region": report.picked.region if report.picked else None,
        "mask": request.mask,
        "notes": list(report.notes),
        "personal": list(report.personal),
        "dry_run": result is None,
        "streamed": report.streamed,
        "volume": request.volume is not None,
    }
    if result:
        values["engine"] |= {"threads": _threads(report, result), "seconds": report.seconds}
        values |= _seen_json(report, result)
    if report.pages:
        values["pages"] = [
            {
                "numbers": list(alike.numbers),
                "input": _file(alike.report.input.replace(frames=1)),
                "output": _file(alike.report.output),
                **(_seen_json(alike.report, alike.report.result) if alike.report.result else {}),
            }
            for alike in report.pages
        ]
    if report.check:
        check = report.check
        values["check"] = {
            "engine": check.other,
            "maximum": _number(check.maximum),
            "mean": _number(check.mean),
            "tolerance": _number(check.tolerance),
            "written": {
                "differing": check.written.differing,
                "total": check.written.total,
                "largest": _number(check.written.largest),
            },
        }
    return values


def _treatment_lines(report: Report) -> list[tuple[str, str]]:
    """Return what was done to an image besides filtering it; nothing for one like any other."""
    found = [("alpha", ALPHA_WORDS[report.alpha])] if report.alpha else []
    request = report.request
    if request.gray and report.input.space != "grey":
        what = "luminance" if request.linear else "luma"
        found.append(("gray", f"{what} by {GRAY_WORDS[request.gray]}"))
    if report.picked:
        from imgconv.filtering.part import described

        found += described(request, report.picked)
    return found


def _seen_lines(report: Report) -> list[tuple[str, str]]:
    """Return what was seen of the results, and what was lost."""
    assert report.result is not None
    stats = report.result.stats
    light = " of linear light" * report.request.linear
    ends = f"{_short(stats.minimum)} to {_short(stats.maximum)}{light}"
    if stats.minimum > stats.maximum:
        ends = "none, as no result is a number"
    found = [("range", f"{ends}, then --map {_map(report)}{_not_finite(report)}")]
    if lost(stats, report.target):
        found.append(("clipped", clipping(stats, report.target, report.white, among_colours=report.among_colours)))
    return found


def _not_finite(report: Report) -> str:
    """Say how many of the float samples that are written are NaN or infinite; nothing if none is."""
    assert report.result is not None
    stats = report.result.stats
    counts = [(stats.nan, "NaN"), (stats.infinite, "infinite")] if report.target.dtype.kind == "f" else []
    words = [f"{number} {'is' if number == 1 else 'are'} {what}" for number, what in counts if number]
    return f"; of {stats.total} results {' and '.join(words)}" if words else ""


def _page_lines(alike: Alike, verb: str) -> list[tuple[str, str]]:
    """Return what becomes of pages that are alike, where others are not."""
    report = alike.report
    words = [one.replace(frames=1).words for one in (report.input, report.output)]
    found = [("page" + "s" * (len(alike.numbers) > 1), f"{alike.words}: {words[0]}, {verb or 'becomes '}{words[1]}")]
    return found + (_seen_lines(report) if report.result else [])


def _seen_json(report: Report, result: Result) -> dict[str, Any]:
    """Return what was seen of the results, and what was lost, as plain values."""
    stats = result.stats
    return {
        "range": {"minimum": _number(stats.minimum), "maximum": _number(stats.maximum)},
        "clipped": {
            "samples": stats.clipped,
            "below": stats.below,
            "above": stats.above,
            "nan": stats.nan,
            "infinite": stats.infinite,
            "total": stats.total,
            "percent": 100 * stats.clipped / stats.total if stats.total else 0.0,
            "keep": remedy(stats, report.target, report.white, among_colours=report.among_colours)
            if lost(stats, report.target)
            else None,
        },
    }


def _single_lines(report: Report, kernel: AnyKernel) -> list[tuple[str, str]]:
    """Return what there is to say of a single kernel."""
    dropped = drops(report.axes)
    return [
        *_kernel_lines(report, report.request.volume or kernel),
        ("padding", _padding(report)),
        *((axis.name, axis.arithmetic) for axis in report.axes),
        *([("dropped", dropped)] if dropped else []),
    ]


def _chain_lines(report: Report) -> list[tuple[str, str]]:
    """Return a table of a pipeline's layers; the arithmetic of a single layer that is in no file."""
    plan, pipeline = report.plan, report.request.pipeline
    if pipeline is None or not pipeline.source:
        extent = plan.extent
        return [
            ("layer", f"{plan.layers[0].kind}, {_window(extent)}"),
            ("width", extent.width.arithmetic),
            ("height", extent.height.arithmetic),
            *([("dropped", extent.drops)] if extent.drops else []),
        ]
    from imgconv.sizes.chaintable import table  # a kernel needs none

    number = len(plan.layers)
    rows = table(plan.input, plan.rows).splitlines()
    named = ("pipeline", f"{pipeline.source}: {number} layer{'s' * (number != 1)}")
    return [named, *(("", row) for row in rows)]


def _window(extent: Extent) -> str:
    """Return window, stride, dilation and padding in words, leaving out what is as always."""
    w, h = extent
    words = [f"window {w.kernel}x{h.kernel}", f"stride {w.stride}x{h.stride}"]
    words += [f"dilation {w.dilation}x{h.dilation}"] * (max(w.dilation, h.dilation) > 1)
    if max(w.before, w.after, h.before, h.after) > 0:
        words.append(f"padding left {w.before}, top {h.before}, right {w.after}, bottom {h.after}")
    return ", ".join(words)


def _map(report: Report) -> str:
    target = report.target
    if not target.spans:
        return str(target.map)
    assert report.result is not None
    stats = report.result.stats
    if stats.minimum > stats.maximum and report.target.waits:
        return str(target.map)
    if target.apart:
        return f"{target.map}, each map from its own smallest to its own largest"
    low, high = target.ends(stats)
    return f"{target.map} from {_short(low)}..{_short(high)}"


def _engine(report: Report) -> str:
    text = f"{report.engine}: {report.engine_reason}"
    if report.result:
        most = "at most " if report.request.kernel is None else ""
        threads = _threads(report, report.result)
        text += f"; {most}{threads} thread{'s' * (threads != 1)}, {_duration(report.seconds)}"
        text += " with reading and writing" * (report.streamed or report.depth is not None)
    return text


def _elsewhere_lines(report: Report) -> list[tuple[str, str]]:
    """Say what the engine that was asked for did not do, and why."""
    asked, doers = report.request.engine, dict[str, dict[str, list[str]]]()
    for way in report.elsewhere:
        doers.setdefault(report.done_by(way), {}).setdefault(way.reason, []).append(str(way.layer))
    why = f"{asked} does correlations that filter every channel alike, and nothing else"
    lines = []
    for doer, layers in doers.items():
        words = "; ".join(f"{reason} (layer {', '.join(numbers)})" for reason, numbers in layers.items())
        if doer != report.engine:
            lines.append(f"{doer}: {words}" + f"; {why}" * (doer == DEFAULT_ENGINE))
        elif doer == DEFAULT_ENGINE:
            lines.append(f"not {asked}: {why}")
    return [("", line) for line in lines]


def _threads(report: Report, result: Result) -> int:
    """Return how many threads were used; layers choose for themselves how many pay, up to what they may use."""
    return result.threads if report.request.kernel is not None else report.request.threads or cores.available()


def _duration(seconds: float) -> str:
    if seconds >= 10:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.1 else f"{seconds * 1000:.3g} ms"


def _padding(report: Report) -> str:
    width, height, *_ = axes = report.axes
    sides = [f"{ENDS[axis.name][0]} {axis.before}" for axis in axes]
    sides += [f"{ENDS[axis.name][1]} {axis.after}" for axis in axes]
    text = f"{report.request.padding}: {', '.join(sides)}"
    if report.request.transposed:
        text += f", cut off the result; output padding {width.output_padding}x{height.output_padding}"
    elif max(max(axis.before, axis.after) for axis in axes) > 0:
        text += f"; border {report.border}  {report.border.diagram}"
    return text


def _kernel_lines(report: Report, kernel: AnyKernel | VolumeKernel) -> list[tuple[str, str]]:
    request, correlate = report.request, report.request.correlate
    slid = "correlated (slid as written)" if correlate else "convolved (rotated by 180 degrees)"
    if request.transposed:
        slid = "transposed (copies rotated by 180 degrees)" if correlate else "transposed (copies as written)"
    match kernel:
        case Combined():
            members = ", ".join(member.name for member in kernel.of)
            head = [("kernel", f"{kernel.name}: {kernel.combine} of {members}, {slid}")]
            return head + [("", f"{member.name}  {_facts(member)}") for member in kernel.of]
        case Kernel():
            return [("kernel", f"{kernel.name}: {_facts(kernel)}, {slid}")]
        case VolumeKernel():
            return [("kernel", f"{kernel.name}: {kernel.size}, sum {kernel.sum:.6g}, {slid} through the pages")]
        case Pointwise():
            out, taken = kernel.matrix.shape
            return [("kernel", f"{kernel.name}: {taken} channels to {out}, pixel by pixel")]
        case Learned():
            if request.transposed:
                slid = "transposed (copies as written)"
            elif kernel.correlate:
                slid = "correlated (slid as written)"
            taken, out = count(report.plan.input.channels, "channel"), report.plan.output.channels
            groups = _groups(report, kernel)
            within = f" in {groups} groups" if groups > 1 else ""
            return [("kernel", f"{kernel.name}: {kernel.size}, {taken} to {out}{within}, {slid}")]


def _groups(report: Report, kernel: Learned) -> int:
    """Return how many groups the channels are split into under weights."""
    taken, made = report.plan.input.channels, report.plan.output.channels
    return int((made if report.request.transposed else taken) // kernel.weights.shape[1])


def _facts(kernel: Kernel) -> str:
    rank = kernel.rank
    return f"{kernel.size}, sum {kernel.sum:.6g}, rank {rank}{' (separable)' * (rank == 1)}"


def _kernel_json(report: Report) -> dict[str, Any]:
    kernel = report.request.volume or report.request.kernel
    assert kernel
    facts = _kernel_facts(kernel, report.request.correlate)
    if isinstance(kernel, Learned):
        channels = {"input": report.plan.input.channels, "output": report.plan.output.channels}
        facts |= {"channels": channels, "groups": _groups(report, kernel)}
    return facts


def _kernel_facts(kernel: AnyKernel | VolumeKernel, correlate: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": kernel.name, "correlate": correlate}
    match kernel:
        case Kernel():
            rows, cols = kernel.shape
            facts |= {"width": cols, "height": rows, "sum": kernel.sum, "rank": kernel.rank}
        case VolumeKernel():
            planes, rows, cols = kernel.weights.shape
            facts |= {"width": cols, "height": rows, "depth": planes, "sum": kernel.sum}
        case Combined():
            rows, cols = kernel.shape
            facts |= {"width": cols, "height": rows, "combine": kernel.combine}
            facts["of"] = [_kernel_facts(member, correlate) for member in kernel.of]
        case Pointwise():
            facts |= {"matrix": kernel.matrix.tolist()}
        case Learned():
            rows, cols = kernel.shape
            facts |= {
                "width": cols,
                "height": rows,
                "shape": list(kernel.weights.shape),
                "correlate": correlate or kernel.correlate,
            }
    return facts


def _file(header: Any) -> dict[str, Any]:
    keys = ("name", "format", "width", "height", "channels", "alpha", "dtype", "space")
    frames: dict[str, Any] = {"frames": header.frames if header.unit else 1}
    if header.frame is not None:
        frames["frame"] = header.frame
    elif header.unit == "frame" and header.frames > 1:
        frames["plays"] = header.plays
    return {key: getattr(header, key) for key in keys} | frames


def _short(value: float) -> str:
    return f"{value:.6g}"


def _number(value: float) -> float | None:
    return value if isfinite(value) else None
