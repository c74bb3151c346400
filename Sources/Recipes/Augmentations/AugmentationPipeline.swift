import Graph

/// A list of augmentations, ready to be done to pictures in its order.
///
/// What becomes of a picture depends on the list and on (seed, epoch, picture) alone: each augmentation has a stream of random numbers of
/// its own, and a further one where it stands in the list again.
public struct AugmentationPipeline: Sendable {
    private struct Chance: Sendable {
        let stream: UInt64
        /// How many of the same kind stand before it.
        let repetition: Int
        /// How often it is done; nil for always.
        let probability: Double?

        /// The random numbers of a case; nil where nothing is done.
        func draw(_ seed: UInt64, _ epoch: Int, _ number: Int) -> CounterGenerator? {
            var random = CounterGenerator(seed: seed, stream: stream, epoch, number, repetition: repetition)
            if let probability, !random.happens(probability) { return nil }
            return random
        }
    }

    private let changes: [(chance: Chance, change: Augmentation.PictureChange)]
    private let mixers: [(chance: Chance, change: Augmentation.BatchChange)]

    public init(_ augmentations: [Chosen<Augmentation>]) {
        var changes: [(Chance, Augmentation.PictureChange)] = []
        var mixers: [(Chance, Augmentation.BatchChange)] = []
        var counts: [UInt64: Int] = [:]
        for chosen in augmentations {
            let (stream, values) = (chosen.form.stream, chosen.values)
            let repetition = counts[stream, default: 0]
            counts[stream] = repetition + 1
            let probability = chosen["probability"].map { _ in values.number("probability") }
            let chance = Chance(stream: stream, repetition: repetition, probability: probability)
            switch chosen.form.work {
            case .picture(let change): changes.append((chance, change(values)))
            case .batch(let change): mixers.append((chance, change(values)))
            }
        }
        (self.changes, self.mixers) = (changes, mixers)
    }

    /// Whether pictures of a batch may be mixed.
    public var mixesBatches: Bool { !mixers.isEmpty }

    /// Makes what the network reads of one picture.
    ///
    /// - Parameters:
    ///   - pixels: channel after channel and row after row.
    ///   - target: room for as many values.
    public func make(
        _ picture: inout AugmentedPicture, from pixels: UnsafePointer<UInt8>, seed: UInt64, epoch: Int, sample: Int,
        into target: UnsafeMutablePointer<Float>
    ) {
        picture.begin(pixels)
        for (chance, change) in changes {
            guard var random = chance.draw(seed, epoch, sample) else { continue }
            change(&random, &picture)
        }
        picture.finish(into: target)
    }

    /// How the `count` pictures of a batch are mixed; nil where they are not. Of several ways in the list, each batch takes one.
    public func mixture(seed: UInt64, epoch: Int, batch: Int, count: Int, height: Int, width: Int) -> BatchMixture? {
        guard !mixers.isEmpty, count > 0 else { return nil }
        var choice = CounterGenerator(seed: seed, .mixing, epoch, batch)
        let (chance, change) = mixers[choice.below(mixers.count)]
        guard var random = chance.draw(seed, epoch, batch) else { return nil }
        let way = change(&random, height, width)
        var partners = Array(0..<count)
        random.shuffle(&partners)
        return BatchMixture(partners: partners, way: way)
    }
}
