import Foundation

/// What a training was: beside what it measured, all that tells it from others.
public struct TrainingRun: Codable, Equatable, Sendable {
    public enum Status: String, Codable, Sendable {
        /// It goes on, or was killed.
        case running
        /// It was interrupted, and has a checkpoint.
        case stopped
        /// It ended with an error.
        case failed
        case finished
    }

    public var network: String
    /// The file of the network, as it was named.
    public var file: String
    /// The values of the network's parameters that were set with -D.
    public var definitions: [String: String]
    /// The data as `--data` names them, and how many pictures they are.
    public var data: String
    public var trainingPictures: Int
    public var heldOutPictures: Int
    public var batch: Int
    public var seed: UInt64
    /// The epochs to train for, and the steps of one.
    public var epochs: Int
    public var stepsPerEpoch: Int
    /// The recipe's clauses, without the loss.
    public var recipe: [String]
    /// A digest of the training graph, loss and network alike.
    public var graph: String
    public var numerics: String
    /// The weights that it began with; nil for random ones.
    public var weights: String?
    /// When it began, ISO 8601.
    public var began: String
    /// The seconds that it took so far, over all its parts.
    public var seconds = 0.0
    public var status = Status.running
    /// Why it failed.
    public var message: String?

    public init(
        network: String, file: String, definitions: [String: String], data: String, trainingPictures: Int, heldOutPictures: Int, batch: Int,
        seed: UInt64, epochs: Int, stepsPerEpoch: Int, recipe: [String], graph: String, numerics: String, weights: String?,
        began: Date = Date()
    ) {
        self.network = network
        self.file = file
        self.definitions = definitions
        self.data = data
        self.trainingPictures = trainingPictures
        self.heldOutPictures = heldOutPictures
        self.batch = batch
        self.seed = seed
        self.epochs = epochs
        self.stepsPerEpoch = stepsPerEpoch
        self.recipe = recipe
        self.graph = graph
        self.numerics = numerics
        self.weights = weights
        self.began = began.ISO8601Format()
    }

    /// Whether this is another part of the same training.
    func continues(_ other: TrainingRun) -> Bool {
        network == other.network && data == other.data && seed == other.seed && batch == other.batch && graph == other.graph
    }

    /// The run as it may be shown on terminals: files come from anywhere.
    var shown: TrainingRun {
        var run = self
        func clean(_ text: String) -> String { text.withoutControlCharacters }
        run.network = clean(network)
        run.file = clean(file)
        run.definitions = Dictionary(definitions.map { (clean($0.key), clean($0.value)) }) { first, _ in first }
        run.data = clean(data)
        run.recipe = recipe.map(clean)
        run.graph = clean(graph)
        run.numerics = clean(numerics)
        run.weights = weights.map(clean)
        run.began = clean(began)
        run.message = message.map(clean)
        return run
    }

    /// Whether the numbers can be those of a training.
    var isPlausible: Bool {
        [trainingPictures, heldOutPictures].allSatisfy { (0...1 << 48).contains($0) } && (1...65_536).contains(batch)
            && (1...TrainingHistory.mostEpochs).contains(epochs) && (1...1 << 32).contains(stepsPerEpoch) && (0...1e12).contains(seconds)
    }
}
