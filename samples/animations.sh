#!/bin/sh
# Draw the animations of "A guide to convolution arithmetic for deep learning" (Dumoulin and Visin, 2016), with numbers.
#
#     animations.sh FOLDER [NAME...]
#
# writes FOLDER/NAME.gif, of all names unless some are given. Exit codes: those of `imgconv draw steps`; 2 wrongly asked.
set -eu

if [ $# -lt 1 ]; then
    echo "usage: ${0##*/} FOLDER [NAME...]" >&2
    exit 2
fi
folder=$1
shift
wanted=" $* "
mkdir -p -- "$folder"

animation() {
    name=$1
    shift
    case $wanted in
    "  " | *" $name "*) imgconv draw steps "$@" -o "$folder/$name.gif" --overwrite --quiet ;;
    esac
}

animation no-padding 4x4 -k 3
animation arbitrary-padding 5x5 -k 4 --padding 2
animation same-padding 5x5 -k 3 --padding 1
animation full-padding 5x5 -k 3 --padding 2
animation strides 5x5 -k 3 -s 2
animation padding-strides 5x5 -k 3 -s 2 --padding 1
animation padding-strides-odd 6x6 -k 3 -s 2 --padding 1
animation dilation 7x7 -k 3 -d 2
animation no-padding-transposed 2x2 -k 3 --transposed
animation arbitrary-padding-transposed 6x6 -k 4 --padding 2 --transposed
animation same-padding-transposed 5x5 -k 3 --padding 1 --transposed
animation full-padding-transposed 7x7 -k 3 --padding 2 --transposed
animation strides-transposed 2x2 -k 3 -s 2 --transposed
animation padding-strides-transposed 3x3 -k 3 -s 2 --padding 1 --transposed
animation padding-strides-odd-transposed 3x3 -k 3 -s 2 --padding 1 --transposed --output-padding 1
