extension ContractionAlgorithm {
    /// All algorithms. Where two are predicted to take the same time, the one further up is taken.
    static let all: [ContractionAlgorithm] = [
        direct, dotProducts, tiles, tilePhases, tileGradient, winograd, reductionSplit, winogradGradient, matrixProduct,
    ]
}
