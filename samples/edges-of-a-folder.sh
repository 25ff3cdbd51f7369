#!/bin/sh
# Filter every picture of a folder into another folder, under the same names.
#
#     edges-of-a-folder.sh SOURCE DEST [OPTION...]
#
# The options go to `imgconv apply`: -k another kernel, --overwrite to replace the results of an earlier run.
# A picture that cannot be filtered is reported and the others still are. Exit codes: 0 all of them done, 1 some not
# done or none there, 2 wrongly asked.
set -eu

if [ $# -lt 2 ] || [ ! -d "$1" ]; then
    echo "usage: ${0##*/} SOURCE DEST [OPTION...], where SOURCE is a folder of pictures" >&2
    exit 2
fi
source=$1 dest=$2
shift 2
mkdir -p -- "$dest"

chosen=no
for option; do
    case $option in -k* | --kernel | --kernel=* | --pipeline | --pipeline=*) chosen=yes ;; esac
done
[ "$chosen" = yes ] || set -- -k sobel "$@"

made=0 failed=0
for picture in "$source"/*; do
    [ -f "$picture" ] || continue # a folder, or the pattern itself if nothing matched
    case $(printf %s "${picture##*.}" | tr '[:upper:]' '[:lower:]') in
    png | jpg | jpeg | tif | tiff | webp | bmp | gif | pgm | ppm) ;;
    *) continue ;;
    esac
    code=0
    imgconv apply --quiet "$@" -- "$picture" "$dest/${picture##*/}" || code=$?
    case $code in
    0) made=$((made + 1)) ;;
    1) failed=$((failed + 1)) ;;
    *) exit "$code" ;; # a wrong option would be wrong for all the others too; 130 is Ctrl-C
    esac
done

echo "$made made, $failed failed"
[ "$made" -gt 0 ] && [ "$failed" -eq 0 ]
