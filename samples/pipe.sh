#!/bin/sh
# Turn a picture into a pencil drawing: smooth it, find the edges, make them dark on white.
#
#     pipe.sh INPUT OUTPUT
#
# Between the commands the picture travels as PNG, which keeps 8 or 16 bits, alpha and colour profile. If a command
# fails it sends nothing, so the next one fails too, and OUTPUT is either whole or not there.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: ${0##*/} INPUT OUTPUT" >&2
    exit 2
fi
kernels=$(dirname -- "$0")/kernels

imgconv apply --quiet --gray -k gaussian:sigma=1 --format png -- "$1" - |
    imgconv apply --quiet -k sobel --map stretch --format png - - |
    imgconv apply --quiet -k "$kernels/negative.yaml" -- - "$2"
