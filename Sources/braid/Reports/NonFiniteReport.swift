import Interchange
import Runtime

/// What of a run's inputs, parameters and outputs holds values that are no finite numbers: warnings for people, records for programs.
struct NonFiniteReport {
    enum Kind: String, Encodable { case input, parameter, output }

    struct Tensor: Encodable {
        var kind: Kind
        var name: String
        /// How many values are not finite, and how many there are.
        var count: Int
        var total: Int
        /// The position of the first one, an index for each axis.
        var first: [Int]
    }

    private(set) var tensors: [Tensor] = []
    private var texts: [String] = []
    /// Tensors that are told of one by one; a broken file has hundreds.
    private static let mostWarnings = 8

    mutating func add(_ kind: Kind, _ found: [NonFiniteValues]) {
        for values in found {
            tensors.append(
                Tensor(kind: kind, name: values.name, count: values.count, total: values.total, first: values.position))
            texts.append("warning: \(kind.rawValue): \(values.description)\n")
        }
    }

    mutating func add(_ kind: Kind, _ values: [Float], name: String, shape: [Int]) {
        let found = values.withUnsafeBufferPointer { NonFiniteValues(in: $0, name: name, extents: shape) }
        add(kind, found.map { [$0] } ?? [])
    }

    /// Integers are always finite.
    mutating func add(_ kind: Kind, _ tensor: HostTensor, name: String) {
        if tensor.element == .f32 { add(kind, tensor.floats, name: name, shape: tensor.shape) }
    }

    /// Tells of all on standard error.
    func warn() {
        for text in texts.prefix(Self.mostWarnings) { Console.error(text) }
        if texts.count > Self.mostWarnings { Console.error("warning: and so in \(texts.count - Self.mostWarnings) more tensors\n") }
    }
}
