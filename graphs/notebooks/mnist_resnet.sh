#!/usr/bin/env bash
# The first notebook: a residual network learns handwritten digits. Looks at the data, finds a rate, trains, and judges the result.
#   graphs/notebooks/mnist_resnet.sh [--quick] [--out FOLDER] [DATA]
# DATA is the folder that MNIST lies in, as DATA/mnist (default: data); it is fetched there first if need be. Results go to FOLDER (default:
# results). With --quick a narrow network learns the built-in digits (or DATA's, where it is given) in a minute; without, it takes about a quarter of
# an hour on two cores. $BRAID is the command (default: braid, else .build/release/braid).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/common.sh"

network=$here/mnist_resnet.braid:notebook_mnist
# With --quick, a narrow network for one epoch; else the file's width and epochs.
sizes=() length=()
[ -z "$quick" ] || sizes=(-D width=8) length=(--epochs 1)
find_data mnist

# What is there: how many pictures of each class, their size, mean and deviation.
show data describe "$data"
# As the network will see them: augmented, in the first epoch.
show data show "$data" --for "$network" "${sizes[@]}" -o "$out/notebook_mnist.pictures.png"
# What is trained, layer by layer.
show describe "$network" "${sizes[@]}"
# How high the rate may be: the peak of `one_cycle` in the file lies between `valley`, which is recommended and careful, and `steepest`.
show lr-find "$network" "${sizes[@]}" --data "$data" -o "$out/notebook_mnist"
show train "$network" "${sizes[@]}" --data "$data" "${length[@]}" -o "$out/notebook_mnist"
# How good it is, class by class, and what it is most wrong about.
show evaluate "$network" "${sizes[@]}" --weights "$out/notebook_mnist.safetensors" --data "$data" --out "$out/notebook_mnist" \
    --top-losses "$out/notebook_mnist.top-losses.png"
show runs "$out"
