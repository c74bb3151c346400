import Interchange

/// Weights as `braid weights --json` prints them.
struct WeightsRecord: Encodable {
    struct Tensor: Encodable {
        struct Statistics: Encodable {
            var minimum: Double?
            var maximum: Double?
            var mean: Double?
            var deviation: Double?
            var notFinite: Int
        }

        var name: String
        var type: String
        var shape: [Int]
        var bytes: Int
        var statistics: Statistics?
    }

    struct Written: Encodable {
        var path: String
        var format: String
        var tensors: Int
        var bytes: Int
    }

    struct Comparison: Encodable {
        struct Shapes: Encodable {
            var name: String
            var first: [Int]
            var second: [Int]
        }

        struct Difference: Encodable {
            var name: String
            var types: [String]
            var shape: [Int]
            var largestDifference: Double
            var position: [Int]?
            var differing: Int
            /// The largest finite magnitude of the first file's values.
            var magnitude: Double
        }

        var first: String
        var second: String
        var tolerance: Double
        var differs: Bool
        var onlyFirst: [String]
        var onlySecond: [String]
        var shapes: [Shapes]
        var tensors: [Difference]

        init(_ comparison: WeightsComparison, _ first: String, _ second: String, tolerance: Double) {
            (self.first, self.second, self.tolerance) = (first, second, tolerance)
            differs = comparison.differs(beyond: tolerance)
            (onlyFirst, onlySecond) = (comparison.onlyFirst, comparison.onlySecond)
            shapes = comparison.misshaped.map { Shapes(name: $0.name, first: $0.first, second: $0.second) }
            tensors = comparison.tensors.map {
                Difference(
                    name: $0.name, types: [$0.elements.first.rawValue, $0.elements.second.rawValue], shape: $0.shape,
                    largestDifference: $0.difference, position: $0.position, differing: $0.count, magnitude: $0.magnitude)
            }
        }
    }

    var path: String
    var format: String
    var metadata: [String: String]
    var notes: [String]
    var tensors: [Tensor]

    /// - Parameter statistics: of each tensor, in their order.
    init(_ file: WeightsFile, _ statistics: [TensorStatistics]?) {
        (path, format, metadata, notes) = (file.path, file.format.rawValue, file.metadata, file.notes)
        tensors = file.entries.enumerated().map { index, entry in
            let known = statistics?[index]
            return Tensor(
                name: entry.name, type: entry.element.rawValue, shape: entry.shape, bytes: entry.byteCount,
                statistics: known.map {
                    Tensor.Statistics(
                        minimum: $0.minimum, maximum: $0.maximum, mean: $0.mean, deviation: $0.deviation, notFinite: $0.notFinite)
                })
        }
    }
}
