import Foundation
import Interchange

/// What two trainings must have in common for one to go on where the other stopped.
public struct TrainingIdentity: Codable, Equatable, Sendable {
    public var network: String
    /// The data as `--data` names them, and how many pictures they are.
    public var data: String
    public var imageCount: Int
    public var batchSize: Int
    public var epochs: Int
    public var seed: UInt64
    /// The recipe in one line.
    public var recipe: String
    /// A digest of the elaborated training graph; nil in checkpoints of earlier versions.
    public var graph: String?
    /// How exactly sums are computed, as `--numerics` says it; nil in checkpoints of earlier versions.
    public var numerics: String?
    /// What activations are stored as, where it is not f32.
    public var precision: String?

    /// Says how another training differs, with the repair; nil where this one can go on with its state.
    func difference(from other: TrainingIdentity, allowsOtherEpochs: Bool) -> TrainingError? {
        func fail(_ what: String, _ theirs: String, _ ours: String, _ repair: String) -> TrainingError {
            TrainingError("the checkpoint was made with \(what) \(theirs), but this training has \(ours)", repair: repair)
        }
        if network != other.network { return fail("network", other.network, network, "name that network, or start anew without --resume") }
        if data != other.data { return fail("--data", other.data, data, "give --data \(other.data), or start anew without --resume") }
        if imageCount != other.imageCount {
            return fail("as many pictures as", "\(other.imageCount)", "\(imageCount)", "use the same data, or start anew without --resume")
        }
        if batchSize != other.batchSize { return fail("batch", "\(other.batchSize)", "\(batchSize)", "give --batch \(other.batchSize)") }
        if seed != other.seed { return fail("seed", "\(other.seed)", "\(seed)", "give --seed \(other.seed)") }
        if recipe != other.recipe {
            return fail("the recipe", "(\(other.recipe))", "(\(recipe))", "restore the recipe, or start anew without --resume")
        }
        if epochs != other.epochs, !allowsOtherEpochs {
            return fail(
                "epochs", "\(other.epochs)", "\(epochs)", "give --epochs \(other.epochs): the learning rate depends on the number of epochs"
            )
        }
        return nil
    }

    /// Says where another training, whose difference is nil, computes something else in a step.
    func computedDifference(from other: TrainingIdentity, path: String) -> TrainingError? {
        if let theirs = other.graph, let graph, graph != theirs {
            return TrainingError(
                "the checkpoint was made with another text of '\(network)', or with another -D",
                repair: "restore both; or train the changed network from these weights: --weights \(path) in place of --resume")
        }
        if let theirs = other.numerics, let numerics, numerics != theirs {
            return TrainingError(
                "the checkpoint was made with --numerics \(theirs), but this training has \(numerics)",
                repair: "give --numerics \(theirs); or train on from these weights: --weights \(path) in place of --resume")
        }
        let theirs = other.precision ?? "f32"
        if theirs != precision ?? "f32" {
            return TrainingError(
                "the checkpoint was made with --precision \(theirs), but this training has \(precision ?? "f32")",
                repair: "give --precision \(theirs); or train on from these weights: --weights \(path) in place of --resume")
        }
        return nil
    }

    /// What this one, of a checkpoint, does not tell of what `ours` has.
    func unknown(of ours: TrainingIdentity) -> [String] {
        let missing = [
            graph == nil && ours.graph != nil ? "the network's text" : nil, numerics == nil && ours.numerics != nil ? "--numerics" : nil,
        ]
        let names = missing.compactMap { $0 }.joined(separator: " and ")
        return names.isEmpty ? [] : ["the checkpoint is of an earlier version: that \(names) did not change since is not checked"]
    }
}

/// The state of a training between two steps, as a safetensors file: weights, running statistics and optimizer state as tensors, all else in
/// the metadata. The loaders and random numbers need no state, for they are functions of the position.
public struct Checkpoint: Sendable {
    /// What is known besides the tensors.
    public struct State: Codable, Equatable, Sendable {
        /// The steps done over all epochs.
        public var step = 0
        /// The epoch's loss and metric so far.
        public var lossSum = 0.0
        public var metricAmount = 0.0
        public var metricWeight = 0.0
        public var imageCount = 0
        /// The same since the history's last point.
        public var pointLossSum = 0.0
        public var pointMetricAmount = 0.0
        public var pointMetricWeight = 0.0
        public var pointImageCount = 0
        public var history = TrainingHistory()

        public init() {}

        /// Whether the numbers can be those of a training, so that counting on cannot overflow and what is drawn of them has a place.
        var isPlausible: Bool {
            let counts = [step, imageCount, pointImageCount]
            let sums = [metricAmount, metricWeight, pointMetricAmount, pointMetricWeight]
            return counts.allSatisfy { (0...1 << 48).contains($0) } && sums.allSatisfy { (0...TrainingHistory.largestLoss).contains($0) }
                && [(lossSum, imageCount), (pointLossSum, pointImageCount)].allSatisfy { sum, count in
                    abs(sum) <= TrainingHistory.largestLoss * Double(count)
                } && history.isPlausible(steps: step)
        }
    }

    public var identity: TrainingIdentity
    public var state: State
    public var normalization: PixelNormalization

    private static let format = "braid training checkpoint 2"

    init(identity: TrainingIdentity, state: State, normalization: PixelNormalization) {
        self.identity = identity
        self.state = state
        self.normalization = normalization
    }

    /// Writes the checkpoint with the tensors of all parameters, atomically.
    func write(_ tensors: [HostTensor], to path: String) throws(InterchangeError) {
        var state = state
        state.history = state.history.withoutTimes
        var metadata = normalization.metadata
        metadata["format"] = Self.format
        metadata["identity"] = Self.encode(identity)
        metadata["state"] = Self.encode(state)
        try Safetensors.write(tensors, metadata: metadata, to: path)
    }

    /// Reads the metadata of a checkpoint; throws where the file is none.
    public init(_ file: Safetensors) throws(InterchangeError) {
        if let format = file.metadata["format"], format.hasPrefix("braid training checkpoint"), format != Self.format {
            throw InterchangeError(
                file.path, .entry("__metadata__"), "the checkpoint is of another version of braid",
                repair: "train on from its weights: --weights \(file.path) in place of --resume")
        }
        guard file.metadata["format"] == Self.format else {
            throw InterchangeError(
                file.path, "the file holds weights, but is no checkpoint of a training",
                repair: "name the file that ends in .checkpoint.safetensors; or start from these weights with --weights")
        }
        guard let identity = Self.decode(TrainingIdentity.self, file.metadata["identity"]),
            let state = Self.decode(State.self, file.metadata["state"]), state.isPlausible,
            let normalization = try PixelNormalization.remembered(in: file.metadata, path: file.path)
        else { throw Self.damage(file.path) }
        self.init(identity: identity, state: state, normalization: normalization)
    }

    static func damage(_ path: String) -> InterchangeError {
        InterchangeError(path, .entry("__metadata__"), "the checkpoint is damaged", repair: "start anew without --resume")
    }

    private static func encode(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // A loss that is not finite ends a training before it is kept.
        guard let data = try? encoder.encode(value) else { preconditionFailure("a checkpoint's state cannot be written as JSON") }
        return String(decoding: data, as: UTF8.self)
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ text: String?) -> Value? {
        text.flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
    }
}
