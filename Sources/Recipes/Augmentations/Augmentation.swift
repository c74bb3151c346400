import Graph

/// A random change of every picture, or of the pictures of a batch with one another, anew in every epoch; one row each, beside its function.
public struct Augmentation: Form {
    public static let kind = "augmentation"

    public let name: String
    public let parameters: [FormParameter]
    public let summary: String
    public let source: String
    /// Tells its random numbers apart from those of all others, now and in later versions.
    public let stream: UInt64
    let work: Work
    private let problem: @Sendable (Attributes) -> FormProblem?
    private let lacking: @Sendable (Attributes) -> String?

    /// What an augmentation does, once its parameters are given.
    enum Work: Sendable {
        /// Changes one picture.
        case picture(@Sendable (Attributes) -> PictureChange)
        /// Says how the pictures of a batch, of `height` x `width` pixels, are mixed.
        case batch(@Sendable (Attributes) -> BatchChange)
    }

    typealias PictureChange = @Sendable (inout CounterGenerator, inout AugmentedPicture) -> Void
    typealias BatchChange = @Sendable (inout CounterGenerator, _ height: Int, _ width: Int) -> BatchMixture.Way

    /// - Parameters:
    ///   - parameters: its own; one called `probability` says how often it is done at all, and is seen to for all rows.
    ///   - stream: a number from 32 on that no other row has.
    ///   - colors: what of it changes colours, which pictures without three channels lack, in words; nil if nothing does.
    ///   - work: with the parameters' values, what is done to a picture or batch.
    init(
        _ name: String, _ parameters: [FormParameter], stream: UInt64, _ summary: String, source: String = "",
        problem: @escaping @Sendable (Attributes) -> FormProblem? = { _ in nil },
        colors: @escaping @Sendable (Attributes) -> String? = { _ in nil }, _ work: Work
    ) {
        (self.name, self.parameters, self.summary, self.source) = (name, parameters, summary, source)
        (self.stream, self.work, self.problem, lacking) = (stream, work, problem, colors)
    }

    public func problem(_ values: Attributes) -> FormProblem? { problem(values) }

    /// Why it cannot be done to pictures of so many channels; nil if it can.
    public func problem(_ values: Attributes, channels: Int) -> FormProblem? {
        guard channels != 3, let colors = lacking(values) else { return nil }
        return FormProblem(
            "`\(name)` changes colours, but the pictures have \(channels) channel\(channels == 1 ? "" : "s")", repair: "leave out \(colors)"
        )
    }

    /// Whether it mixes the pictures of a batch.
    public var mixesBatches: Bool { if case .batch = work { true } else { false } }

    public static let all = [
        shift, flip, verticalFlip, crop, rotation, affine, colorJitter, grayscale, blur, sharpness, posterize, solarize, autocontrast,
        equalize, invert, cutout, randomErasing, randAugment, mixup, cutmix,
    ]

    /// How often an augmentation is done: a share of the pictures, or of the batches.
    static func probability(_ value: Double) -> FormParameter { .number("probability", FormParameter.share, default: value) }

    /// A problem where a range, given by its two ends, has none.
    static func range(_ values: Attributes, _ low: String, _ high: String) -> FormProblem? {
        guard values.number(low) > values.number(high) else { return nil }
        return FormProblem("`\(low)` is above `\(high)`", repair: "give the lesser of the two to `\(low)`")
    }
}
