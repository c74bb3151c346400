import Graph

extension OperatorCatalog {
    /// Every operator there is.
    public static let standard = OperatorCatalog([
        // Element by element.
        .map, .add, .subtract, .multiply, .divide, .maximum, .minimum, .power, .parametricRectifier, .broadcast, .detach, .elementCount,
        .size,
        .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .choose, .oneHot,
        // Contractions.
        .convolution, .convolutionTransposed, .groupedConvolution, .convolutionBackwardData, .convolutionBackwardWeights,
        .linear, .linearBackwardData, .linearBackwardWeights, .matrixProduct, .attention,
        // Windows.
        .maxPool, .maxPoolPosition, .maxPoolBackward, .maxPoolGather, .averagePool, .averagePoolBackward, .globalAveragePool,
        .globalMaxPool, .powerPool, .maxUnpool, .adaptiveMaxPool, .binMaximum, .binMatchSum, .binMatchSpread,
        .adaptiveAveragePool, .binAverage, .binAverageBackward, .upsample, .resize, .resample, .resampleBackward,
        // Reductions.
        .sum, .mean, .max, .minimumOverAxes, .product, .norm, .variance, .standardDeviation, .logSumExponential, .argmax, .argmin,
        .cumulativeSum, .topK, .placeInOrder, .positionOfPlace, .gather, .gatherBackward,
        .firstElement,
        // Views.
        .flatten, .unflatten, .reshape, .squeeze, .unsqueeze, .expand, .concat, .stack, .slice, .padSlice, .split, .chunk,
        .permute, .transpose, .flip, .channelShuffle, .pixelShuffle, .pixelUnshuffle, .pad,
        // Normalization and regularization.
        .batchNormalization, .normalize, .nextValue,
        .layerNormalization, .groupNormalization, .instanceNormalization, .localResponseNormalization, .channelWindowSum, .dropout,
        .spatialDropout, .stochasticDepth, .uniformNoise, .normalNoise, .embedding, .embeddingBackward,
        // Probabilities and losses.
        .softmax, .logSoftmax, .crossEntropy, .crossEntropyTerms, .meanSquaredError, .meanAbsoluteError, .huberLoss,
        .binaryCrossEntropy, .focalLoss, .diceLoss,
        // In C.
        .foreign,
    ])
}
