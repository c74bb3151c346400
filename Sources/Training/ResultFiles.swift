import Interchange

/// The files of one training, named after where the weights go.
public struct ResultFiles: Sendable {
    /// The path of the weights without its ending.
    public let stem: String

    private static let ending = ".safetensors"

    /// Takes what was given with `-o`: a path with or without its ending, or a folder, in which the files are named after the network, as
    /// they are in the current folder where nothing was given. Throws where the path names no file.
    public init(output: String?, network: String) throws(InterchangeError) {
        let path = try output.map { given throws(InterchangeError) in
            try OutputPath.file(given, orInFolder: network, ending: Self.ending)
        }
        stem = path.map { $0.hasSuffix(Self.ending) ? String($0.dropLast(Self.ending.count)) : $0 } ?? network
    }

    private init(stem: String) { self.stem = stem }

    /// The files of a training that belongs to this one, beside its own: `suffix` stands before the endings.
    public func with(suffix: String) -> ResultFiles { ResultFiles(stem: stem + suffix) }

    /// Checks that all files can be written, before there is something to write, and that no training is about to.
    ///
    /// - Parameters:
    ///   - watched: whether there are files of what is watched.
    ///   - inputs: files that the training reads, which it must not replace.
    ///   - data: what it is trained on, which it must not replace either.
    ///   - resumed: the checkpoint that it goes on from, which may be its own and nothing else of its files.
    public func requireWritable(
        watched: Bool = false, besides inputs: [String], data: DatasetSpecification, resumed: String? = nil
    ) throws(InterchangeError) {
        let paths = [weights, checkpoint, history, curves, epochs, steps] + (watched ? [layers, gradients, gradientPixels] : [])
        try OutputPath.requireWritable(paths, besides: inputs + paths.filter(data.isRead))
        if OutputFile.isLocked(steps) {
            throw InterchangeError(
                steps, "another training is writing these results", repair: "give this one another -o, or wait for its end")
        }
        if let resumed { try OutputPath.requireWritable(paths.filter { $0 != checkpoint }, besides: [resumed]) }
    }

    /// Checks that the disk has room for the weights, the checkpoint, and another one while it replaces the first.
    public func requireRoom(weightBytes: Int, checkpointBytes: Int) throws(InterchangeError) {
        try OutputPath.requireWritable(checkpoint, bytes: weightBytes + 2 * checkpointBytes)
    }

    public var weights: String { stem + ".safetensors" }
    public var checkpoint: String { stem + ".checkpoint.safetensors" }
    public var history: String { stem + TrainingRecord.ending }
    public var curves: String { stem + ".curves.svg" }
    public var epochs: String { stem + ".epochs.csv" }
    public var steps: String { stem + ".steps.csv" }
    /// What was watched of each layer, and the gradients of that as a picture, drawn and as pixels.
    public var layers: String { stem + ".layers.csv" }
    public var gradients: String { stem + ".gradients.svg" }
    public var gradientPixels: String { stem + ".gradients.png" }
}
