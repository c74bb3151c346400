import Graph

extension OperatorCatalog {
    /// Every operator there is.
    public static let standard = OperatorCatalog([
        // Element by element.
        .map, .add, .subtract, .multiply, .divide, .maximum, .minimum, .broadcast, .detach, .elementCount,
        // Contractions.
        .convolution, .groupedConvolution, .convolutionBackwardData, .convolutionBackwardWeights,
        .linear, .linearBackwardData, .linearBackwardWeights,
        // Windows.
        .maxPool, .maxPoolPosition, .maxPoolBackward, .maxPoolGather, .averagePool, .averagePoolBackward, .globalAveragePool,
        // Reductions.
        .sum, .mean, .max,
        // Views.
        .flatten, .reshape, .concat, .slice, .padSlice,
        // Normalization and regularization.
        .batchNormalization, .normalize, .channelVariance, .dropout,
        // Probabilities and losses.
        .softmax, .logSoftmax, .crossEntropy, .crossEntropyTerms, .meanSquaredError,
    ])
}
