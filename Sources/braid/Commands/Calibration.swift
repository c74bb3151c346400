import Compiler
import Graph
import Interchange
import Runtime
import Training

/// Finds what `--precision auto` asks for, tells of it, and applies it.
struct Calibration {
    private let precision: PrecisionOption
    private let weights: WeightsFile?
    private let batch: Int
    private let isQuiet: Bool
    private let isReported: Bool

    /// - Parameters:
    ///   - weights: the file that the command computes with; nil for random ones.
    ///   - batch: the images of a run.
    ///   - isQuiet: whether nothing is said of how far the work is.
    ///   - isReported: whether what was found is told of on standard error.
    init(_ precision: PrecisionOption, weights: WeightsFile?, batch: Int, isQuiet: Bool = false, isReported: Bool = true) {
        (self.precision, self.weights, self.batch, self.isQuiet, self.isReported) = (precision, weights, batch, isQuiet, isReported)
    }

    /// The compiler and the network with what was found; as they are for other precisions.
    ///
    /// - Parameters:
    ///   - samples: those to take where none are named.
    func apply(
        to network: Network, _ compiler: Compiler, _ pool: ThreadPool, samples: CalibrationSamples? = nil
    ) throws -> (compiler: Compiler, network: Network, assignment: PrecisionAssignment?) {
        guard let assignment = try find(for: network, compiler, pool, samples: samples) else { return (compiler, network, nil) }
        let (compiler, network) = compiler.applying(assignment, to: network)
        return (compiler, network, assignment)
    }

    /// Nil for other precisions than auto.
    func find(
        for network: Network, _ compiler: Compiler, _ pool: ThreadPool, samples: CalibrationSamples? = nil
    ) throws -> PrecisionAssignment? {
        guard precision.isAuto else { return nil }
        let samples = try precision.calibrate.isEmpty ? samples : read(network)
        guard let samples else { preconditionFailure("a command that calibrates asks for samples") }
        let options = CalibrationOptions(tolerance: precision.errorBound, batch: batch, weights: weights)
        var line = ProgressLine(isQuiet: isQuiet)
        defer { line.clear() }
        let found = try compiler.calibrate(
            network, samples, options, pool: pool, store: .standard,
            warn: { Console.error("warning: \($0)\n") },
            progress: { state in line.show("calibrating: \(state.text)", part: state.part) })
        line.clear()
        if isReported { PrecisionReport(found.assignment, isKept: found.isKept).show() }
        return found.assignment
    }

    /// What `--calibrate` names.
    private func read(_ network: Network) throws -> CalibrationSamples {
        let metadata = try weights.map { file throws(InterchangeError) in try WeightsMetadata(file) }
        let network = try network.preparing(asIn: metadata)
        if let text = precision.calibrate.first, let data = dataset(text) {
            guard precision.calibrate.count == 1 else {
                throw CompilerError("a data set is calibrated with alone", help: "give one --calibrate \(text)")
            }
            return try Self.samples(data, for: network, count: precision.count ?? PrecisionOption.pictures, metadata)
        }
        if precision.count != nil {
            throw CompilerError("--calibrate-count is for data sets", help: "all files that are named are calibrated with: leave it out")
        }
        let files = InputFiles(network: network, metadata: metadata, weights: weights?.path, option: "--calibrate")
        let names = precision.calibrate.count == 1 ? precision.calibrate[0] : "\(precision.calibrate.count) files"
        return try CalibrationSamples(files.read(precision.calibrate), source: names)
    }

    /// The data set that a text names, where it names one and no input or file.
    private func dataset(_ text: String) -> DatasetSpecification? { try? DatasetSpecification(parsing: text) }

    /// The first held-out pictures of a data set, or of its training part where it has no other.
    static func samples(
        _ data: DatasetSpecification, for network: Network, count: Int, _ metadata: WeightsMetadata?,
        options: DatasetOptions = DatasetOptions()
    ) throws -> CalibrationSamples {
        guard let input = network.graph.nodes.first(where: { $0.inputName != nil && $0.type.rank == 4 }), let name = input.inputName,
            let channels = input.type.shape[1].value, let height = input.type.shape[2].value, let width = input.type.shape[3].value
        else {
            throw CompilerError(
                "'\(network.name)' does not take pictures, which \(data) has", help: "calibrate with arrays: --calibrate NAME=x.npy")
        }
        let preparation = network.preparation(of: name)
        let extents = ImageExtents(channels: channels, height: height, width: width)
        let part: Dataset.Part = data.hasHeldOutPart || options.split != nil ? .heldOut : .training
        let dataset = try data.open(part, extents: extents, preparation: preparation, options: options)
        let normalization = try network.normalization(metadata, channels: channels, preparation)
        return try CalibrationSamples(dataset, first: count, for: network, normalization: normalization.values)
    }
}
