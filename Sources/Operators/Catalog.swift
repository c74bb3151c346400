import Graph

extension OperatorCatalog {
    /// Every operator there is.
    public static let standard = OperatorCatalog([
        // Element by element.
        .map, .add, .subtract, .multiply, .divide, .maximum, .minimum, .parametricRectifier, .broadcast, .detach, .elementCount,
        // Contractions.
        .convolution, .convolutionTransposed, .groupedConvolution, .convolutionBackwardData, .convolutionBackwardWeights,
        .linear, .linearBackwardData, .linearBackwardWeights, .matrixProduct, .attention,
        // Windows.
        .maxPool, .maxPoolPosition, .maxPoolBackward, .maxPoolGather, .averagePool, .averagePoolBackward, .globalAveragePool,
        .globalMaxPool,
        .adaptiveAveragePool, .binAverage, .binAverageBackward, .upsample,
        // Reductions.
        .sum, .mean, .max, .minimumOverAxes, .product, .norm, .variance, .standardDeviation, .logSumExponential, .argmax, .argmin, .cumulativeSum,
        .firstElement,
        // Views.
        .flatten, .unflatten, .reshape, .squeeze, .unsqueeze, .concat, .stack, .slice, .padSlice, .split, .chunk,
        .permute, .transpose, .flip, .channelShuffle, .pixelShuffle, .pixelUnshuffle,
        // Normalization and regularization.
        .batchNormalization, .normalize, .nextValue,
        .layerNormalization, .groupNormalization, .instanceNormalization, .localResponseNormalization, .channelWindowSum, .dropout,
        .spatialDropout,
        // Probabilities and losses.
        .softmax, .logSoftmax, .crossEntropy, .crossEntropyTerms, .meanSquaredError,
    ])
}
