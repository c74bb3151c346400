import Graph
import Recipes
import Runtime

/// What a network is fed with where its loss is computed: pictures, or tuples of them, and what is known of them.
public struct TrainingFeed: Sendable {
    /// What takes the pictures, or tuples of them.
    public let input: PictureInput
    /// What else a batch is fed to, in the order of the training.
    public let targets: [(name: String, target: TrainingTarget)]
    /// The class of pixels that the loss does not count; nil where all count.
    let ignoredLabel: Int?
    /// How many classes the loss tells apart of targets that it takes for classes, as far as it says so.
    let classCounts: [String: Int]

    static let learningRateInput = TrainingRecipe.learningRateInput
    static let seedInput = "seed"

    /// - Parameters:
    ///   - executable: what is fed.
    ///   - input: its inputs for pictures.
    ///   - targets: the inputs that take what is known of the pictures; see `TrainingTarget`. Of pairs of pictures whether they are of
    ///     one class; none where the loss needs no more than the pictures.
    /// Throws where an input is one that nothing is known to feed with, or that is called as what a step is given besides.
    public init(
        _ executable: Executable, input: PictureInput, targets names: [String], ignoredLabel: Int?, classCounts: [String: Int]
    ) throws(TrainingError) {
        let plan = executable.plan
        self.input = input
        (self.ignoredLabel, self.classCounts) = (ignoredLabel, classCounts)
        if let own = TrainingRecipe.ownInputs.first(where: { (names + input.names).contains($0.name) }) {
            let kind = names.contains(own.name) ? "target" : "input"
            throw TrainingError(
                "'\(plan.name)' has \(kind == "input" ? "an input" : "a target") '\(own.name)', as a training calls \(own.use)",
                repair: "rename the \(kind)")
        }
        var targets: [(name: String, target: TrainingTarget)] = []
        for planned in plan.inputs where names.contains(planned.name) {
            let buffer = plan.buffers[planned.buffer]
            guard buffer.extents.first == input.batchSize else {
                throw TrainingError(
                    "the target '\(planned.name)' of '\(plan.name)' is \(buffer.element.rawValue)\(buffer.extents), and not of a batch of "
                        + "\(input.batchSize) pictures, as '\(input.name)' takes them",
                    repair: "declare it with the pictures' axis first, such as i32[N] or f32[N, count]")
            }
            let target = try TrainingTarget(
                planned.name, buffer.element, buffer.extents, channels: input.extents.channels,
                isOfClasses: classCounts[planned.name] != nil)
            targets.append((planned.name, target))
        }
        self.targets = targets
        try Self.requireOneShape(targets, of: plan.name)
        let others = [Self.learningRateInput, Self.seedInput, GradientAccumulation.doneInput, GradientAccumulation.countInput]
        let known = names + input.names + others
        if let unknown = plan.inputs.first(where: { !known.contains($0.name) }) {
            throw TrainingError("nothing is known to feed the input '\(unknown.name)' with", repair: "train with one input, and targets")
        }
        try input.tuple.require(targets, of: plan.name)
        for case (_, .picture(let picture)) in targets {
            let factor = picture.height / input.extents.height
            let whole = ImageExtents(
                channels: input.extents.channels, height: input.extents.height * factor, width: input.extents.width * factor)
            guard factor > 0, picture == whole else {
                throw TrainingError(
                    "'\(plan.name)' takes pictures of \(input.extents), and its target is one of \(picture)",
                    repair: "a target that is the picture has the input's channels, and its height and width times a whole number")
            }
        }
    }

    /// Checks that targets which are fed with the same agree in how much that is: a batch holds each kind of truth once.
    private static func requireOneShape(_ targets: [(name: String, target: TrainingTarget)], of network: String) throws(TrainingError) {
        for (place, second) in targets.enumerated() {
            guard let first = targets[..<place].first(where: { !$0.target.agrees(with: second.target) }) else { continue }
            throw TrainingError(
                "the targets '\(first.name)' and '\(second.name)' of '\(network)' take \(first.target.plural) of different sizes",
                repair: "declare both with the same extents, or leave one of them out")
        }
    }

    /// Gives a program its pictures and targets.
    func give(_ batch: Batch, to executable: Executable) throws(RuntimeError) {
        try executable.setInput(input.name, to: batch.images)
        for (name, partners) in zip(input.further, batch.partners) { try executable.setInput(name, to: partners.images) }
        for (name, target) in targets {
            switch target {
            case .label: try executable.setInput(name, to: batch.labels)
            case .numbers: try executable.setInput(name, to: batch.numbers)
            case .labelMap: try executable.setInput(name, to: batch.maps)
            case .classMaps: try executable.setInput(name, to: batch.classMaps)
            case .picture: try executable.setInput(name, to: batch.originals)
            }
        }
    }

    /// Checks that programs can be fed with all held-out pictures of data: a program takes whole batches, of a number that an input may fix.
    func requireWhole(_ dataset: Dataset, _ programs: [Executable]) throws(TrainingError) {
        var left = dataset.count
        for program in programs { left %= try PictureInput(of: program, besides: Set(targets.map(\.name))).batchSize }
        if left == 0 { return }
        throw TrainingError(
            "\(dataset.name) has \(dataset.count) held-out pictures, which are no whole batches of \(input.batchSize), as the input "
                + "'\(input.name)' takes them: \(left) would not be judged",
            repair: "declare the input and the targets with a symbol as their first extent, such as f32[N, …], or hold out a multiple of "
                + "\(input.batchSize) pictures")
    }

    /// Feeds all pictures of data, in their order, to programs that judge them: each takes the whole batches of its size that are left.
    ///
    /// - Parameters:
    ///   - seed: what pictures are compared with, where a network compares several, follows from it: the same in all evaluations.
    ///   - body: called with a program that was fed, and its batch; false ends it.
    /// - Returns: whether all pictures were fed.
    func run(
        _ programs: [Executable], on dataset: Dataset, normalization: PixelNormalization, seed: UInt64,
        body: (Executable, Batch) throws(RuntimeError) -> Bool
    ) throws(TrainingError) -> Bool {
        precondition(!programs.isEmpty, "nothing computes the loss of held-out pictures")
        try requireWhole(dataset, programs)
        var done = 0
        for program in programs {
            let size = try PictureInput(of: program, besides: Set(targets.map(\.name))).batchSize
            let count = (dataset.count - done) / size * size
            if count == 0 { continue }
            var options = BatchOptions.evaluation(batchSize: size)
            (options.targets, options.reduction) = (targets.map(\.target), reduction)
            (options.tuple, options.seed, options.range) = (input.tuple, seed, done..<done + count)
            let loader = Loader(BatchMaker(dataset, normalization: normalization, options: options), epochs: 1)
            while let batch = loader.next() {
                let goesOn = unfailing { () throws(RuntimeError) in
                    try give(batch, to: program)
                    // Noise that a network makes while it predicts is the same for all evaluations.
                    if program.plan.inputs.contains(where: { $0.name == Self.seedInput }) {
                        try program.setInput(Self.seedInput, to: [Float(0)])
                    }
                    return try body(program, batch)
                }
                if !goesOn { return false }
            }
            done += count
        }
        return true
    }
}
