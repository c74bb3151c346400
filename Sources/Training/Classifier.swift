import Runtime

/// A network that tells classes apart, ready to run on batches of pictures.
public struct Classifier {
    public let executable: Executable
    /// The input for pictures, NCHW.
    public let imageInput: String
    /// The output with a score a class, `[N, classes]`.
    public let scoresOutput: String
    public let batchSize: Int
    public let extents: ImageExtents
    public let classCount: Int

    /// Finds the pictures' input and the scores' output of a network.
    ///
    /// - Parameter compared: the output that the loss of its training compares with the classes; where that is not known, the scores are the
    ///   output `logits`, or else the first of two axes whose first is the batch.
    /// Throws where the network has no such input or output.
    public init(_ executable: Executable, scores compared: String? = nil) throws(TrainingError) {
        let plan = executable.plan
        let input = try PictureInput(of: executable)
        guard input.tuple == .single else {
            throw TrainingError(
                "'\(plan.name)' compares \(input.tuple.plural), and tells no class of one: its inputs are "
                    + input.names.joined(separator: ", "),
                repair: "name a network with one input f32[N, C, H, W] and a score for each class")
        }
        let scores = plan.outputs.filter {
            plan.buffers[$0.buffer].extents.count == 2 && plan.buffers[$0.buffer].extents[0] == input.batchSize
                && (compared == nil || $0.name == compared)
        }
        guard let output = scores.first(where: { $0.name == "logits" }) ?? scores.first else {
            let found = plan.outputs.map { "\($0.name) \(plan.buffers[$0.buffer].extents)" }.joined(separator: ", ")
            throw TrainingError("'\(plan.name)' gives no scores: its outputs are \(found)", repair: "declare an output f32[N, classes]")
        }
        self.executable = executable
        imageInput = input.name
        scoresOutput = output.name
        batchSize = input.batchSize
        extents = input.extents
        classCount = plan.buffers[output.buffer].extents[1]
    }

    /// Checks that data fit the network.
    public func require(_ dataset: Dataset) throws(TrainingError) {
        guard dataset.extents == extents else {
            let (problem, repair) = extents.refusal(of: dataset.extents, target: nil)
            throw TrainingError("the pictures of \(dataset.name) have \(problem)", repair: repair)
        }
        guard dataset.classNames.count <= classCount else {
            throw TrainingError(
                "\(dataset.name) has \(dataset.classNames.count) classes, but the network tells \(classCount) apart",
                repair: "give the network as many, for example with -D classes=\(dataset.classNames.count)")
        }
    }
}
