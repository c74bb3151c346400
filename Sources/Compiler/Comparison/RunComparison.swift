import Graph
import Interchange
import Runtime
import Source
import Training

/// Two runs of one network beside each other, tensor by tensor in the order in which the first makes them.
public struct RunComparison: Sendable {
    public struct Row: Sendable {
        public var name: String
        public var span: Span
        public var extents: [Int]
        /// The kernels that made it in both; nil where the second is a file.
        public var kernels: (first: String, second: String?)
        /// The root mean square of the differences over that of the second's elements, and the largest over its largest.
        public var rootMeanSquare: Double
        public var largest: Double
        public var samples: Int
    }

    public var rows: [Row]
    public var tolerance: Double
    /// Tensors that only one of the two has, since passes joined other nodes.
    public var unpaired: Int

    /// The first that is further off than the tolerance.
    public var first: Row? { rows.first { !($0.largest <= tolerance) } }

    init(_ first: [TensorSamples], _ second: [TensorSamples], tolerance: Double) {
        self.tolerance = tolerance
        var others: [String: [TensorSamples]] = [:]
        for tensor in second { others[Self.key(tensor), default: []].append(tensor) }
        rows = []
        var paired = 0
        for tensor in first {
            guard var candidates = others[Self.key(tensor)], !candidates.isEmpty else { continue }
            let other = candidates.removeFirst()
            others[Self.key(tensor)] = candidates
            paired += 1
            rows.append(Row(tensor, kernel: other.kernel, values: other.values))
        }
        unpaired = first.count + second.count - 2 * paired
    }

    private static func key(_ tensor: TensorSamples) -> String { "\(tensor.name) \(tensor.extents)" }

    /// Beside tensors from elsewhere, by the labels or outputs that they are named after.
    ///
    /// - Throws: where none fits.
    init(_ first: [TensorSamples], saved: [(name: String, tensor: HostTensor)], path: String, tolerance: Double) throws(CompilerError) {
        self.tolerance = tolerance
        rows = []
        var used = 0
        for tensor in first {
            guard let (_, other) = saved.last(where: { $0.name == tensor.label || $0.name == tensor.name }), other.shape == tensor.extents
            else { continue }
            let numbers = other.floats
            // Of a label the last tensor is what a framework calls its output.
            rows.removeAll { $0.name == tensor.name }
            let strides = rowMajorStrides(tensor.extents)
            let values = tensor.positions.map { position in Double(numbers[zip(position, strides).reduce(0) { $0 + $1.0 * $1.1 }]) }
            rows.append(Row(tensor, kernel: nil, values: values))
            used += 1
        }
        unpaired = saved.count - min(saved.count, used)
        guard !rows.isEmpty else {
            let names = first.compactMap(\.label).prefix(4).joined(separator: ", ")
            throw CompilerError(
                "\(path): no tensor in it has the name and the shape of one of the network's",
                help: "name them after labels, such as \(names)")
        }
    }
}

extension RunComparison.Row {
    fileprivate init(_ tensor: TensorSamples, kernel: String?, values: [Double]) {
        var samples = ErrorSamples()
        for (value, expected) in zip(tensor.values, values) { samples.note(value, expected: expected) }
        self.init(
            name: tensor.name, span: tensor.span, extents: tensor.extents, kernels: (tensor.kernel, kernel),
            rootMeanSquare: samples.rootMeanSquare, largest: samples.largest, samples: samples.count)
    }
}

extension Compiler {
    /// Runs a network as this compiler makes it and as another does, with the same weights and inputs.
    public func compare(
        _ network: Network, with other: Compiler, _ options: BenchmarkOptions, tolerance: Double
    ) throws -> RunComparison {
        RunComparison(try samples(of: network, options), try other.samples(of: network, options), tolerance: tolerance)
    }

    /// Runs a network beside tensors that another program left for the same weights and inputs.
    public func compare(
        _ network: Network, withSaved saved: [(name: String, tensor: HostTensor)], path: String, _ options: BenchmarkOptions,
        tolerance: Double
    ) throws -> RunComparison {
        let samples = try samples(of: network, options)
        return try RunComparison(samples, saved: saved, path: path, tolerance: tolerance)
    }

    private func samples(of network: Network, _ options: BenchmarkOptions) throws -> [TensorSamples] {
        let executable = try self.executable(
            network, training: options.isTraining, batch: options.batch, pool: ThreadPool(threads: threads), keepsOperands: true)
        try fill(executable, options, network)
        return executable.tensorSamples()
    }
}
