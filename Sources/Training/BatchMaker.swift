import Recipes

/// Makes any batch of any epoch: a pure function of the data, the options and the position.
public struct BatchMaker: Sendable {
    public let dataset: Dataset
    public let options: BatchOptions
    public let batchesPerEpoch: Int
    /// Of channels in the order of the pictures, in which they are augmented.
    private let normalization: PixelNormalization
    /// The normalized values of 0 to 255, channel after channel.
    private let table: [Float]
    /// Whether the channels of values are in the other order.
    private let isReversed: Bool
    let pipeline: AugmentationPipeline
    /// Draws what pictures are compared with; nil where they are not.
    let sampler: TupleSampler?
    /// The places of the epoch's order that batches are made of.
    private let range: Range<Int>

    /// Prepares batches of `dataset`, normalized with as many channels as it has.
    public init(_ dataset: Dataset, normalization: PixelNormalization, options: BatchOptions) {
        precondition(normalization.mean.count == dataset.extents.channels, "the normalization has \(normalization.mean.count) channels")
        self.dataset = dataset
        self.options = options
        self.normalization = normalization.ordered(.rgb)
        table = self.normalization.table
        isReversed = normalization.order != .rgb
        pipeline = AugmentationPipeline(options.augmentations)
        sampler = options.tuple == .single ? nil : TupleSampler(options.tuple, of: dataset)
        range = options.range ?? 0..<dataset.count
        precondition(range.lowerBound >= 0 && range.upperBound <= dataset.count, "there are no pictures \(range) of \(dataset.count)")
        let whole = range.count / options.batchSize
        batchesPerEpoch = options.lastBatch == .padded && range.count % options.batchSize > 0 ? whole + 1 : whole
    }

    /// Values of a batch's pictures.
    public var valueCount: Int { options.batchSize * dataset.extents.count / (options.reduction * options.reduction) }

    /// How many numbers a picture the targets take, how many classes of pixels, and for how many classes each pixel says whether it is one.
    var numberCount: Int { options.targets.lazy.compactMap { if case .numbers(let count) = $0 { count } else { nil } }.first ?? 0 }
    var mapCount: Int { options.targets.lazy.map(\.mapCount).first { $0 > 0 } ?? 0 }
    var mapClassCount: Int {
        options.targets.lazy.compactMap { if case .classMaps(let count, _, _) = $0 { count } else { nil } }.first ?? 0
    }

    /// Whether pictures of a batch, and their labels, may be mixed.
    public var mixesBatches: Bool { pipeline.mixesBatches }

    /// Writes the order of the pictures in an epoch: a random permutation of (seed, epoch).
    public func order(epoch: Int, into order: UnsafeMutableBufferPointer<Int32>) {
        precondition(order.count == dataset.count, "the order has \(order.count) places for \(dataset.count) pictures")
        for index in order.indices { order[index] = Int32(index) }
        guard options.isShuffled else { return }
        var (order, random) = (order, CounterGenerator(seed: options.seed, .permutation, epoch))
        random.shuffle(&order)
    }

    /// Makes one batch, given its epoch's order.
    ///
    /// Returns the number of real pictures, behind which values and labels are 0, and whether they are mixed.
    public func fill(
        _ position: BatchPosition, order: UnsafeBufferPointer<Int32>, into buffers: BatchBuffers
    ) -> (count: Int, isMixed: Bool) {
        precondition((0..<batchesPerEpoch).contains(position.batch), "there is no batch \(position.batch) of \(batchesPerEpoch)")
        let (images, labels) = (buffers.images, buffers.labels)
        precondition(order.count == dataset.count && images.count == valueCount && labels.count == options.batchSize, "wrong buffers")
        let start = range.lowerBound + position.batch * options.batchSize
        let count = min(options.batchSize, range.upperBound - start)
        let (extents, size) = (dataset.extents, dataset.extents.count)
        dataset.pixels.withUnsafeBufferPointer { pixels in
            let target = options.reduction > 1 ? buffers.originals : images
            guard let pixels = pixels.baseAddress, let images = target.baseAddress else { return }
            var picture = AugmentedPicture(
                channels: extents.channels, height: extents.height, width: extents.width, mean: normalization.mean,
                deviation: normalization.deviation, table: table)
            for place in 0..<count {
                let sample = Int(order[start + place])
                labels[place] = dataset.labels[sample]
                make(&picture, from: pixels + sample * size, position.epoch, sample, into: images + place * size)
                fillTruth(sample, picture, place, buffers)
                fillPartners(sample, &picture, pixels, place, position.epoch, buffers)
            }
        }
        for labels in [labels] + buffers.partners.map(\.labels) {
            for place in count..<options.batchSize { labels[place] = 0 }
        }
        for rest in [buffers.images, buffers.originals, buffers.numbers, buffers.classMaps] + buffers.partners.map(\.images)
        where !rest.isEmpty {
            for index in rest.count / options.batchSize * count..<rest.count { rest[index] = 0 }
        }
        for index in mapCount * count..<buffers.maps.count { buffers.maps[index] = 0 }
        if options.reduction > 1 { reduce(count, buffers) }
        return (count, mix(position, count, buffers))
    }

    /// Makes the values of one picture.
    ///
    /// - Parameter sample: whose random numbers it is augmented with.
    func make(
        _ picture: inout AugmentedPicture, from pixels: UnsafePointer<UInt8>, _ epoch: Int, _ sample: Int,
        into values: UnsafeMutablePointer<Float>
    ) {
        pipeline.make(&picture, from: pixels, seed: options.seed, epoch: epoch, sample: sample, into: values)
        guard isReversed else { return }
        let (channels, area) = (dataset.extents.channels, dataset.extents.height * dataset.extents.width)
        for channel in 0..<channels / 2 {
            let (first, last) = (values + channel * area, values + (channels - 1 - channel) * area)
            for index in 0..<area { swap(&first[index], &last[index]) }
        }
    }

    /// Mixes the pictures of a batch, where it is to be; returns whether it is.
    private func mix(_ position: BatchPosition, _ count: Int, _ buffers: BatchBuffers) -> Bool {
        let extents = dataset.extents
        let mixture = pipeline.mixture(
            seed: options.seed, epoch: position.epoch, batch: position.batch, count: count, height: extents.height, width: extents.width)
        guard let mixture else { return false }
        mixture.mix(buffers.images, channels: extents.channels, height: extents.height, width: extents.width)
        // Maps lie on the pictures: a pixel's class is mixed as the pixel is.
        if mapClassCount > 0 {
            mixture.mix(buffers.classMaps, channels: mapClassCount, height: extents.height, width: extents.width)
        }
        let weight = mixture.weight(height: extents.height, width: extents.width)
        for place in 0..<options.batchSize {
            let isReal = place < count
            buffers.partnerLabels[place] = isReal ? buffers.labels[mixture.partners[place]] : 0
            buffers.weights[place] = isReal ? weight : 0
        }
        let own = Array(buffers.numbers)
        for place in 0..<count {
            for number in 0..<numberCount {
                let partner = own[mixture.partners[place] * numberCount + number]
                buffers.numbers[place * numberCount + number] = weight * own[place * numberCount + number] + (1 - weight) * partner
            }
        }
        return true
    }
}
