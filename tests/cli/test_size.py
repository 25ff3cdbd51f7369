"""``imgconv size``: what it prints, what it refuses, and with which exit code."""

import json
import sys
from textwrap import dedent

import pytest

from imgconv.cli import main

MOST = 2**31 - 1


@pytest.fixture
def size(monkeypatch, capsys):
    """Return a function that runs ``imgconv size`` and gives (exit code, stdout, stderr)."""

    def run(arguments):
        monkeypatch.setattr(sys, "argv", ["imgconv", "size", *arguments.split()])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        # ResNet-50's first layers, LeNet-5's and VGG-16's, as their papers give the sizes.
        ("224x224 -k 7 -s 2 --padding 3", "112x112"),
        ("112 --pool -k 3 -s 2 -p 1", "56x56"),
        ("32 -k 5", "28x28"),
        ("28 --pool -k 2", "14x14"),
        ("224 -k 3 -p 1", "224x224"),
        # AlexNet: 227, 11x11 by 4.
        ("227 -k 11 -s 4", "55x55"),
        ("55 --pool -k 3 -s 2", "27x27"),
        # GoogLeNet pools with ceil.
        ("112 --pool -k 3 -s 2 --ceil-mode", "56x56"),
        # DCGAN's generator.
        ("4 --transposed -k 4 -s 2 -p 1", "8x8"),
        ("1 --transposed -k 4", "4x4"),
        ("7 --transposed -k 3 -s 2 -p 1 --output-padding 1", "14x14"),
        ("7x8 --transposed -k 3 -s 2 -p 1 --output-padding 1x0", "14x15"),
        ("640x480 -k 3 -p same", "640x480"),
        ("640x480 -k 5x3 -s 2x1", "318x478"),
        ("640x480 -k 3 --dilation 2", "636x476"),
        ("640x480 -k 3 -p full", "642x482"),
        ("640x480 -k 3 -p 1,0,0,2", "639x480"),
        ("640x480 -k 3 -p INTERPOLATION -s 2", "320x240"),
        ("7 --transposed -k 3 -s 2 -p same", "14x14"),
        ("10 --pool -k 3x2", "3x5"),
        ("640x480 320 7x9 -k 3", "638x478\n318x318\n5x7"),
        (f"{MOST} -k 1", f"{MOST}x{MOST}"),
        (f"{MOST} --transposed -k 1 -s 2", f"{2 * MOST - 1}x{2 * MOST - 1}"),
    ],
)
def test_brief(size, arguments, output):
    assert size(f"{arguments} --brief") == (0, output + "\n", "")


def test_convolution_is_shown(size):
    assert size("640x480 -k 3 -s 2x1 --padding 1,1,0,1 -d 1x2") == (
        0,
        dedent("""\
            input   640x480
            kernel  3x3, dilation 1x2, effective kernel 3x5
            stride  2x1
            padding left 1, top 1, right 0, bottom 1
            formula floor((size + before + after - dilation*(kernel - 1) - 1) / stride) + 1
            width   floor((640 + 1 + 0 - 1*(3 - 1) - 1) / 2) + 1 = 320
            height  floor((480 + 1 + 1 - 2*(3 - 1) - 1) / 1) + 1 = 478
            dropped nothing
            output  320x478
            """),
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("640x480 -k 3 -p 1", "height  floor((480 + 1 + 1 - 1*(3 - 1) - 1) / 1) + 1 = 480"),
        ("224 -k 7 -s 2 -p 3", "dropped 1 column at the right (padding only), 1 row at the bottom (padding only)"),
        ("10x11 -k 3 -s 3", "dropped 1 column at the right (of the image), 2 rows at the bottom (of the image)"),
        ("224 -k 7 -s 2 -p same", "padding left 2, top 2, right 3, bottom 3 (same)"),
        (
            "224 -k 7 -s 2 -p same",
            "note    width is padded by max((ceil(224 / 2) - 1)*2 + 1*(7 - 1) + 1 - 224, 0) = 5",
        ),
        ("112 --pool -k 3 -s 2 --ceil-mode", "note    the last window hangs over the right by 1 column"),
        (
            "5 --pool -k 1 -s 3 --ceil-mode",
            "note    height is 1 less: the window gained by rounding up would start after the bottom",
        ),
        ("9 -k 2 -s 3x4", "note    2 rows between each window and the next lie in none"),
        ("7 --transposed -k 4 -s 2 -p 1", "width   (7 - 1)*2 - 1 - 1 + 1*(4 - 1) + 0 + 1 = 14"),
        (
            "7 --transposed -k 3 -s 2 -p same --output-padding 1",
            "padding left 0, top 0, right 1, bottom 1 (same), cut off the output; output padding 1x1",
        ),
    ],
)
def test_lines_of_the_report(size, arguments, line):
    code, out, err = size(arguments)
    assert (code, err) == (0, "")
    assert line in out.splitlines()


def test_several_sizes_are_blocks(size):
    one, other, both = size("5x6 -k 3")[1], size("7 -k 3")[1], size("5x6 7 -k 3")[1]
    assert both == f"{one}\n{other}"


def test_json(size):
    code, out, err = size("224x112 -k 7x3 -s 2 --padding 3,0,3,1 --json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "operation": "convolution",
        "input": {"width": 224, "height": 112},
        "output": {"width": 112, "height": 56},
        "kernel": {"width": 7, "height": 3},
        "effective_kernel": {"width": 7, "height": 3},
        "stride": {"width": 2, "height": 2},
        "dilation": {"width": 1, "height": 1},
        "padding": {"left": 3, "top": 0, "right": 3, "bottom": 1},
        "dropped": {"width": 1, "height": 0},
        "dropped_input": {"width": 0, "height": 0},
        "formula": "floor((size + before + after - dilation*(kernel - 1) - 1) / stride) + 1",
        "arithmetic": {
            "width": "floor((224 + 3 + 3 - 1*(7 - 1) - 1) / 2) + 1 = 112",
            "height": "floor((112 + 0 + 1 - 1*(3 - 1) - 1) / 2) + 1 = 56",
        },
        "drops": "1 column at the right (padding only)",
    }


def test_json_of_other_operations(size):
    pool = json.loads(size("7 --pool -k 2 --ceil-mode --json")[1])
    assert (pool["operation"], pool["ceil_mode"], pool["output"]) == ("pooling", True, {"width": 4, "height": 4})
    up = json.loads(size("7 --transposed -k 3x2 -s 2 -p same --json")[1])
    assert (up["operation"], up["output_padding"]) == ("transposed", {"width": 0, "height": 0})


def test_json_of_several_sizes_is_a_list(size):
    found = json.loads(size("5x6 7 -k 3 --json")[1])
    assert [one["output"] for one in found] == [{"width": 3, "height": 4}, {"width": 5, "height": 5}]


@pytest.mark.parametrize(
    "arguments",
    [
        "224 -k 7 --solve 112",
        "640x480 -k 3 --solve 320x160",
        "640x480 -k 5x3 --solve 320x240 -d 2",
        "7x8 -k 4 --transposed --solve 14x16",
        "7x9 -k 3 --transposed --solve 14x27",
        "7 -k 3 --transposed --solve 14 -p same",
        "7 -k 3 --transposed --solve 14 --output-padding 1",
        "112x99 -k 3 --pool --solve 56x50",
        "112 -k 3 --pool --solve 57 -s 2",
        "7 -k 2 --pool --solve 4 -p 0 -s 2",
        "7 -k 2 --pool --ceil-mode --solve 4",
        "10 -k 3 --solve 1",
        "10x7 -k 2 --solve 10x7",
    ],
)
def test_the_example_of_a_solution_gives_the_size(size, arguments):
    code, out, err = size(arguments)
    assert (code, err) == (0, "")
    example = out.splitlines()[-1].removeprefix("as in   ")
    answer = json.loads(size(f"{arguments} --json")[1])
    assert answer["example"] == example
    target = answer["target"]
    words = arguments.split()
    asked = " ".join([words[0], *words[1:3], *(word for word in words if word in ("--pool", "--transposed"))])
    dilation = "-d 2" if "-d 2" in arguments else ""
    assert "-k" in asked
    assert size(f"{asked} {dilation} {example} --brief")[1] == f"{target['width']}x{target['height']}\n"


def test_solutions_are_listed(size):
    assert size("224 -k 7 --solve 112")[1] == dedent("""\
        input   224x224
        output  112x112 wanted
        kernel  7x7, dilation 1x1, effective kernel 7x7
        tried   strides 1 to 224 and padding 0 to 6 a side
        width and height, each before+after:
          stride 2, padding 2+3 to 3+3 (same 2+3, same-lower 3+2, same-torch 3+3)
        as in   --stride 2 --padding 3
        """)
    answer = json.loads(size("7x6 -k 3 --transposed --solve 14x6 --json")[1])
    assert answer["complete"]
    assert answer["input"] == {"width": 7, "height": 6}
    assert {
        "stride": 2,
        "padding": {"least": {"left": 1, "right": 1}, "most": {"left": 1, "right": 1}},
        "named": {"same-torch": {"left": 1, "right": 1}},
        "output_padding": 1,
        "ceil_mode": False,
    } in answer["solutions"]["width"]


def test_frameworks_are_compared(size):
    code, out, err = size("224 -k 7 -s 2 -p 3 --compare")
    assert (code, err) == (0, "")
    lines = {tuple(line.split()[:2]): line for line in out.splitlines()}
    assert lines["torch", "padding=3"].endswith("3,3,3,3                112x112  same")
    assert lines["TensorFlow", "SAME"].endswith("2,2,3,3                112x112  moved by 1 column and 1 row")
    assert lines["torch", "padding='same'"].endswith("refuses: padding='same' takes no stride above 1")
    assert lines["Caffe", "pad"].endswith("same")


def test_compared_frameworks_as_json(size):
    answer = json.loads(size("5 --pool -k 1 -s 3 --compare --json")[1])
    caffe = next(row for row in answer["frameworks"] if row["framework"] == "Caffe")
    assert caffe == {
        "framework": "Caffe",
        "mode": "pad, rounds up",
        "output": {"width": 3, "height": 3},
        "padding": {"left": 0, "top": 0, "right": 0, "bottom": 0},
        "refusal": None,
        "difference": "1 column more, 1 row more",
    }
    refused = next(row for row in json.loads(size("5 -k 2 -p same --compare --json")[1])["frameworks"])
    assert (refused["output"], refused["padding"]) == (None, None)
    assert refused["refusal"] == "both sides of an axis are padded alike, so pad the image first"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (
            "5x9 -k 7",
            1,
            "width floor((5 + 0 + 0 - 1*(7 - 1) - 1) / 1) + 1 = -1: 7 taps are more than the padded input of 5; "
            "it needs 2 more of padding or a smaller kernel",
        ),
        (
            "9x5 -k 3 -d 3 -p 0x0",
            1,
            "height floor((5 + 0 + 0 - 3*(3 - 1) - 1) / 1) + 1 = -1: 3 taps 3 apart span 7, which is more than the "
            "padded input of 5; it needs 2 more of padding or a smaller kernel",
        ),
        (
            "1 --pool -k 4 -s 2 --ceil-mode",
            1,
            "width ceil((1 + 0 + 0 - 1*(4 - 1) - 1) / 2) + 1 = 0: 4 taps are more than the padded input of 1; "
            "it needs 2 more of padding or a smaller kernel",
        ),
        (
            "2 --transposed -k 3 -p 2",
            1,
            "width (2 - 1)*1 - 2 - 2 + 1*(3 - 1) + 0 + 1 = 0: the padding cuts the whole output away; use less padding",
        ),
        (
            "9 5 -k 7",
            1,
            "width floor((5 + 0 + 0 - 1*(7 - 1) - 1) / 1) + 1 = -1: 7 taps are more than the padded input of 5; "
            "it needs 2 more of padding or a smaller kernel",
        ),
        (
            "5 -k 7 --compare",
            1,
            "width floor((5 + 0 + 0 - 1*(7 - 1) - 1) / 1) + 1 = -1: 7 taps are more than the padded input of 5; "
            "it needs 2 more of padding or a smaller kernel",
        ),
        (
            "224 -k 3 --solve 100",
            1,
            "width 224 -> 100: nothing gives it with strides 1 to 224 and padding 0 to 2 a side; "
            "the nearest to be had: 76 and 111",
        ),
        (
            "7 -k 3 --transposed --output-padding 1 -s 1 --solve 9",
            1,
            "width 7 -> 9: nothing gives it with padding 0 to 2 a side",
        ),
        ("", 2, "missing argument 'SIZE... [LAYER]...'; 'imgconv size --help' shows how"),
        ("5", 2, "missing option '-k' / '--kernel'; 'imgconv size --help' shows how"),
        ("0x5 -k 3", 2, f"SIZE: '0x5' must lie within 1 and {MOST}"),
        ("-5 -k 3", 2, "no such option '-5'; 'imgconv size --help' shows how"),
        ("5.5 -k 3", 2, "SIZE: '5.5' is not a size; write N or WIDTHxHEIGHT, as in 3 or 5x3"),
        ("5x -k 3", 2, "SIZE: '5x' is not a size; write N or WIDTHxHEIGHT, as in 3 or 5x3"),
        ("3x4x5 -k 3", 2, "SIZE: 3x4x5 is a volume if -k is WxHxD; channels go with layers, as in conv:3"),
        ("3x4x5x6 -k 3", 2, "SIZE: '3x4x5x6' is not a size; write N or WIDTHxHEIGHT, as in 3 or 5x3"),
        ("224 -k 3x3x3", 2, "SIZE: 224x224 has no depth; write WIDTHxHEIGHTxDEPTH, as in 224x224x64"),
        ("9x9x9 -k 3x3x3 -s 3x5", 2, "--stride: 3x5 says nothing of the depth; write N or WIDTHxHEIGHTxDEPTH"),
        ("9x9x9 -k 3x3x3 -p 1x2", 2, "--padding: 1,2,1,2 says nothing of the depth; give one number for all sides"),
        ("9x9x9 -k 3x3x3 --pool", 2, "--pool: it knows no volumes, only images; leave it or the third number out"),
        (f"{MOST + 1} -k 3", 2, f"SIZE: '{MOST + 1}' must lie within 1 and {MOST}"),
        ("5 -k 0", 2, f"--kernel: '0' must lie within 1 and {MOST}"),
        ("5 -k -3", 2, "--kernel: '-3' is not a size; write N or WIDTHxHEIGHT, as in 3 or 5x3"),
        ("5 -k 3 -s 0x1", 2, f"--stride: '0x1' must lie within 1 and {MOST}"),
        ("5 -k 3 --dilation 0", 2, f"--dilation: '0' must lie within 1 and {MOST}"),
        ("5 -k 3 --solve 0", 2, f"--solve: '0' must lie within 1 and {MOST}"),
        (
            "5 -k 3 -p -1",
            2,
            "--padding: an amount must not be negative; to cut pixels off, crop the image first",
        ),
        (
            "5 -k 3 -p sane",
            2,
            "--padding: 'sane' is not one of valid|same|interpolation|full|same-lower|same-torch|N|"
            "WxH|LEFT,TOP,RIGHT,BOTTOM; did you mean 'same'?",
        ),
        ("5 conv:3,b2", 2, "LAYER: 'b2' in 'conv:3,b2': b takes no value"),
        (
            "5 -k 3 --transposed --output-padding -1",
            2,
            "--output-padding: '-1' is not a size; write N or WIDTHxHEIGHT, as in 3 or 5x3",
        ),
        (
            "5 -k 3 --transposed --output-padding 1",
            2,
            "--output-padding: 1 must be smaller than the stride 1 or the dilation 1",
        ),
        (
            "5 -k 3 --compar",
            2,
            "no such option '--compar'; did you mean '--compare'?",
        ),
        ("5 -k", 2, "option '-k' requires an argument; 'imgconv size --help' shows how"),
        ("5 -k 3 --output-padding 0", 2, "--output-padding: only --transposed has it"),
        ("5 -k 3 --ceil-mode", 2, "--ceil-mode: only a pooling can round up; add --pool"),
        (
            "5 -k 3 --pool --transposed",
            2,
            "--transposed: there is no transposed pooling; drop --transposed or --pool",
        ),
        (
            "5 -k 3 --solve 5 --compare",
            2,
            "--compare: --solve looks for options and --compare needs them; ask for one at a time",
        ),
        ("5 -k 3 --brief --compare", 2, "--brief: it prints one size, not --compare, --solve or --json"),
        ("5 -k 3 --brief --solve 5", 2, "--brief: it prints one size, not --compare, --solve or --json"),
        ("5 -k 3 --brief --compare", 2, "--brief: it prints one size, not --compare, --solve or --json"),
    ],
)
def test_refusals(size, arguments, code, sentence):
    assert size(arguments) == (code, "", f"imgconv: {sentence}\n")


def test_thousands_of_digits_are_refused(size):
    for arguments in (f"{'9' * 5000} -k 3", f"5 -k 3 -p {'9' * 5000}", f"5 -k 3x{'9' * 5000}"):
        code, out, err = size(arguments)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1


def test_help_shows_examples(size):
    code, out, err = size("--help")
    assert (code, err) == (0, "")
    examples = [line.strip() for line in out.splitlines() if line.strip().startswith("imgconv size ")]
    assert len(examples) >= 5
    for example in examples:
        words = example.partition("   ")[0].removeprefix("imgconv size ")
        assert size(words)[0] == 0, words


@pytest.mark.parametrize("arguments", ["224 -k 7", "224x224x3 conv:7,s2,p3,c64 pool:3,s2,p1 resize:2 --explain"])
def test_neither_numpy_nor_scipy_is_imported(arguments):
    import subprocess

    code = (
        f"import sys; sys.argv = ['imgconv', 'size', *{arguments.split()}]\n"
        "from imgconv.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'PIL', 'yaml', 'dataclasses', 'pathlib', 'json'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(eval(done.stderr)) <= {"pathlib"}  # an editable install imports pathlib itself


def test_a_chain_is_a_table(size):
    code, out, err = size("224x224x3 conv:7,s2,p3,c64 pool:3,s2,p1 conv:3")
    assert (code, err) == (0, "")
    assert out == dedent("""\
        layer   output      field  jump  parameters  multiply-adds  dropped
        input   224x224x3       1     1
        1 conv  112x112x64      7     2       9,408    118,013,952  1 column of padding, 1 row of padding
        2 pool  56x56x64       11     4           0              0  1 column of padding, 1 row of padding
        3 conv  54x54x64       19     4           9      1,679,616
        total                             9,417    119,693,568
        """).replace("total                             ", "total" + " " * 33)


def test_chains_are_compared_for_every_size(size):
    code, out, err = size("32x32x3 64x64x3 conv:3,p1,c16 pool:2 vs conv:3,p1,s2,c16 --json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    ends = [(one["input"]["width"], one["layers"][-1]["output"]["width"], one["multiply_adds"]) for one in found]
    macs = 16 * 3 * 9 * 32 * 32
    assert ends == [(32, 16, macs), (32, 16, macs // 4), (64, 32, 4 * macs), (64, 32, macs)]
    assert [one["layers"][-1]["receptive_field"]["height"] for one in found] == [4, 3, 4, 3]


def test_a_chain_explains_itself(size):
    out = size("9x9 conv:3,d2 conv:5x3,s2,p1 --explain")[1]
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "width floor((9 + 0 + 0 - 2*(3 - 1) - 1) / 1) + 1 = 5" in lines
    assert "field 1 + 2*(3 - 1)*1 = 5" in lines
    assert "field across 5 + (5 - 1)*1 = 9" in lines
    assert "field down 5 + (3 - 1)*1 = 7" in lines
    assert "jump down 1*2 = 2" in lines
    assert "multiply-adds 3*5*1*3*2 = 90" in lines


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ("20 conv:3,s2 pool:2 pool:9", 1, "layer 3 (pool): window 9 is wider than the 4 columns it gets"),
        ("20 conv:3,d9 pool:9", 1, "layer 2 (pool): window 9 is wider than the 2 columns it gets"),
        ("20x5 conv:7", 1, "layer 1 (conv): window 7 is higher than the 5 rows it gets"),
        ("5 conv:9,p1", 1, "layer 1 (conv): window 9 is wider than the 7 columns it gets, 2 of padding included"),
        ("5x5x4 conv:3,c8,g3", 2, "layer 1 (conv): groups: 3 must divide the 4 channels that come in"),
        ("5x5x4 conv:3,g2", 2, "LAYER: 'conv:3,g2' has groups, so it needs its output channels, as in c64"),
        (
            "5 covn:3",
            2,
            "LAYER: 'covn' is not one of conv|depthwise|pointwise|separable|transposed|pool|resize|pad|abs|bias|"
            "combine|depthwise-separable|dilated|flattened|grouped|normalise|relu|select|shuffle|shuffled-grouped|sqrt|square|"
            "strided|threshold; did you mean 'conv'?",
        ),
        ("5 combine:3", 2, "LAYER: 'combine:3' has branches, which only a --pipeline file can name"),
        ("5 grouped:3", 2, "LAYER: 'grouped:3' needs its groups, as in g2"),
        ("5 shuffle", 2, "LAYER: 'shuffle' needs its groups first, as in shuffle:2"),
        ("5 flattened", 2, "LAYER: 'flattened' needs its window first, as in flattened:3 or flattened:5x3"),
        ("5 relu:3", 2, "LAYER: '3' in 'relu:3' is not an option of relu, which takes no options"),
        ("5 dilated:3,d2,d3", 2, "LAYER: 'dilated:3,d2,d3' gives the dilation twice"),
        ("5x5x3 relu shuffle:2", 2, "layer 2 (shuffle): groups: 2 must divide the 3 channels that come in"),
        ("5 conv", 2, "LAYER: 'conv' needs its window first, as in conv:3 or conv:5x3,s2"),
        ("5 conv:0", 2, "LAYER: the window of 'conv:0': '0' must lie within 1 and 2147483647"),
        ("5 conv:3,s0", 2, "LAYER: the stride of 'conv:3,s0': '0' must lie within 1 and 2147483647"),
        ("5 conv:3,s1,s2", 2, "LAYER: 'conv:3,s1,s2' gives the stride twice"),
        (
            "5 pool:3,c2",
            2,
            "LAYER: 'c2' in 'pool:3,c2' is not an option of pool, which takes s... (stride), p... (padding), "
            "d... (dilation)",
        ),
        (
            "5 resize:0",
            2,
            "LAYER: the scale of 'resize:0': expected a number above 0, such as 2, 0.5 or 3/2, not the text '0'",
        ),
        (
            "5 resize:1/9",
            1,
            "layer 1 (resize): width floor(5 * 1/9) = 0: nothing is left; use a larger scale",
        ),
        (
            "5 conv:3,psane",
            2,
            "LAYER: the padding of 'conv:3,psane': 'sane' is not one of valid|same|interpolation|full|same-lower|"
            "same-torch|N|WxH|LEFT,TOP,RIGHT,BOTTOM; did you mean 'same'?",
        ),
        ("5 conv:3,b2", 2, "LAYER: 'b2' in 'conv:3,b2': b takes no value"),
        ("conv:3", 2, "SIZE: an image's size comes first, as in 224x224x3"),
        ("5 conv:3 vs", 2, "LAYER: 'vs' stands between two chains of layers, and one of them is empty"),
        (
            "5x5x5x5 conv:3",
            2,
            "SIZE: '5x5x5x5' is not a size; write N, WIDTHxHEIGHT or WIDTHxHEIGHTxCHANNELS, as in 224x224x3",
        ),
        (
            "5 conv:3 -s 2",
            2,
            "--stride: a chain's layers say their own, as in conv:7,s2,p3; --explain and --json go with them",
        ),
        (
            "5 -k 3 --explain",
            2,
            "--explain: it goes with a chain of layers, as in conv:7,s2,p3; the formula is shown anyway",
        ),
    ],
)
def test_chains_refused(size, arguments, code, sentence):
    assert size(arguments) == (code, "", f"imgconv: {sentence}\n")


@pytest.mark.parametrize("lengths", [(9, 8, 7), (30, 5, 12)])
@pytest.mark.parametrize("options", [(3, 1, 0, 1), (2, 2, 1, 1), (3, 3, 2, 2)])
def test_a_volume_has_the_sizes_of_torch(size, lengths, options):
    torch = pytest.importorskip("torch")
    taps, stride, padding, dilation = options
    made = torch.nn.Conv3d(1, 1, taps, stride, padding, dilation)(torch.zeros(1, 1, *reversed(lengths)))
    given = f"{'x'.join(map(str, lengths))} -k {taps}x{taps}x{taps} -s {stride} -p {padding} -d {dilation} --brief"
    assert size(given) == (0, "x".join(map(str, reversed(made.shape[2:]))) + "\n", "")


def test_a_volume_has_a_line_of_arithmetic_for_its_depth(size):
    _, text, _ = size("224x224x64 -k 3x3x5 -s 2")
    assert "depth   floor((64 + 0 + 0 - 1*(5 - 1) - 1) / 2) + 1 = 30" in text.splitlines()
    assert text.splitlines()[-1] == "output  111x111x30"
    told = json.loads(size("224x224x64 -k 3x3x5 -s 2 --json")[1])
    assert told["output"] == {"width": 111, "height": 111, "depth": 30}
