#!/bin/sh
# Make all pictures that README and the manual show.
#
#     gallery.sh [FOLDER]
#
# writes them into docs/pictures, or into FOLDER. Needs Matplotlib: pip install 'imgconv[figures]'.
set -eu
samples=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$samples/../docs/pictures}
mkdir -p -- "$folder"
cd -- "$folder"

apply() { imgconv apply "$@" --overwrite --quiet; }
draw() { imgconv draw "$@" --overwrite --quiet; }

# README: the row, and what its readers make
imgconv pool "$samples/duck.png" duck.png --mean 2 --overwrite --quiet
apply duck.png sobel.png -k sobel --gray
apply duck.png emboss.png -k emboss --gray
apply duck.png blur.png -k gaussian:sigma=3
apply duck.png maps.png --pipeline "$samples/pipelines/first-layers.yaml" --map stretch --vmin 0 --vmax 0.8
draw steps 5x5 -k 3 -s 2 --padding 1 -o steps.webp
apply duck.png crisp.png -k unsharp:sigma=2,amount=1.5 --channel luma
apply "$samples/angles.png" angles.png -k sobel --gray
draw field "$samples/duck.png" conv:5,c6 pool:2 conv:5,c16 pool:2 --at 48,42 -o lenet.png --dpi 70
apply "$samples/ramp16.png" ramp.png -k identity --depth 8
apply "$samples/ramp16.png" discs.png -k dog:sigma=4,ratio=4 --map stretch --depth 8
apply "$samples/heights.tif" slope.png -k sobel --gain unit --map stretch --depth 8

# docs/tutorial.md
draw kernel sobel-x -o sobel-x.png --dpi 80
draw kernel gaussian:sigma=2 -o gaussian.png --dpi 80
draw steps 4x4 -k 3 -o no-padding.webp
draw compare duck.png -k sobel-x -k sobel-y --gray -o compare.png --dpi 80
draw steps 5x5 -k 3 --padding 1 -o padding.webp
draw compare duck.png -k box:size=15 --paddings -o paddings.png --dpi 70
draw compare duck.png -k box:size=9 --borders -o borders.png --dpi 70
draw steps 5x5 -k 3 -s 2 -o strides.webp
draw steps 7x7 -k 3 -d 2 -o dilation.webp
draw steps 2x2 -k 3 -s 2 --transposed -o transposed.webp
draw steps 3x3 --channels 4 --outputs 4 --groups 2 -k 2 -o grouped.webp
draw steps 4x4 -k 2 -s 2 --max --sheet -o pooling.png --dpi 70
draw components "$samples/duck.png" --pipeline "$samples/pipelines/first-layers.yaml" --layer 2 -o components.png --dpi 80
draw layers "$samples/duck.png" --pipeline "$samples/pipelines/first-layers.yaml" -o layers.png --dpi 70
draw field "$samples/duck.png" conv:7,s2,p3,c64 pool:3,s2,p1 conv:3,p1,c64 conv:3,p1,c64 --at 50,40 -o field.png --dpi 70
draw field 64x64x3 conv:3,p1,c16 pool:2 vs conv:3,p1,s2,c16 -o pool-or-stride.png --dpi 70
draw compare duck.png -k gaussian:sigma=1 --stride 2 --shift -o shift.png --dpi 60
draw compare duck.png -k gaussian --sizes 3,7,15,31 -o sizes.png --dpi 70

# docs/kernels.md
draw library duck.png --class derivative -o library.png --dpi 60
