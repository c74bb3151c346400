#!/usr/bin/env bash
# The second notebook: ResNet-34 as the fast.ai course trains it: a rate is found, clothes are learned in one cycle, and then the network is tuned
# for handwritten digits: the head first, then all layers.
#   graphs/notebooks/resnet34_fastai.sh [--quick] [--out FOLDER] [DATA]
# DATA is the folder that Fashion-MNIST and MNIST lie in, as DATA/fashion-mnist and DATA/mnist (default: data); they are fetched there first if need
# be. Results go to FOLDER (default: results). With --quick a narrow network of ten layers learns the built-in digits, twice (or DATA's, where it is
# given), in a minute. $BRAID is the command (default: braid, else .build/release/braid).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/common.sh"

network=$here/resnet34_fastai.braid
# With --quick, a narrow network of ten layers for one epoch each; else the file's width and epochs, and two epochs of tuning.
sizes=() length=() tuned=(--epochs 2)
[ -z "$quick" ] || sizes=(-D width=8 -D short=true) length=(--epochs 1) tuned=(--epochs 1)
find_data fashion-mnist
clothes=$data
find_data mnist
digits=$data

# learn.lr_find()
show lr-find "$network" "${sizes[@]}" --data "$clothes" -o "$out/clothes"
# learn.fit_one_cycle(4, 3e-3)
show train "$network" "${sizes[@]}" --data "$clothes" "${length[@]}" -o "$out/clothes"
# interp.print_classification_report(), interp.plot_confusion_matrix(), interp.plot_top_losses(16)
show evaluate "$network" "${sizes[@]}" --weights "$out/clothes.safetensors" --data "$clothes" --out "$out/clothes" \
    --top-losses "$out/clothes.top-losses.png"
# learn.fine_tune(2), at its rate of 2e-3. Both data sets call their ten classes 0 to 9, so that the file cannot tell them apart: the head is
# named.
show fine-tune "$network" "${sizes[@]}" --weights "$out/clothes.safetensors" --data "$digits" --head 'fc.*' --rate 2e-3 "${tuned[@]}" \
    -o "$out/digits"
show evaluate "$network" "${sizes[@]}" --weights "$out/digits.safetensors" --data "$digits" --out "$out/digits" \
    --top-losses "$out/digits.top-losses.png"
show runs "$out"
