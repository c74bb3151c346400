/// Makes any batch of any epoch: a pure function of the data, the options and the position.
public struct BatchMaker: Sendable {
    public let dataset: Dataset
    public let options: BatchOptions
    public let batchesPerEpoch: Int
    /// The normalized values of 0 to 255, channel after channel.
    let table: [Float]

    /// Prepares batches of `dataset`, normalized with as many channels as it has.
    public init(_ dataset: Dataset, normalization: PixelNormalization, options: BatchOptions) {
        precondition(normalization.mean.count == dataset.extents.channels, "the normalization has \(normalization.mean.count) channels")
        self.dataset = dataset
        self.options = options
        table = normalization.table
        let whole = dataset.count / options.batchSize
        batchesPerEpoch = options.lastBatch == .padded && dataset.count % options.batchSize > 0 ? whole + 1 : whole
    }

    /// Values of a batch's pictures.
    public var valueCount: Int { options.batchSize * dataset.extents.count }

    /// Writes the order of the pictures in an epoch: a random permutation (Fisher-Yates) of (seed, epoch).
    public func order(epoch: Int, into order: UnsafeMutableBufferPointer<Int32>) {
        precondition(order.count == dataset.count, "the order has \(order.count) places for \(dataset.count) pictures")
        for index in order.indices { order[index] = Int32(index) }
        guard options.isShuffled, order.count > 1 else { return }
        var random = CounterGenerator(seed: options.seed, .permutation, epoch)
        for index in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(index, random.below(index + 1)) }
    }

    /// Writes one batch, given its epoch's order: `valueCount` values (NCHW) and `batchSize` labels.
    ///
    /// Returns the number of real pictures; behind them values and labels are 0.
    public func fill(
        _ position: BatchPosition, order: UnsafeBufferPointer<Int32>, images: UnsafeMutableBufferPointer<Float>,
        labels: UnsafeMutableBufferPointer<Int32>
    ) -> Int {
        precondition((0..<batchesPerEpoch).contains(position.batch), "there is no batch \(position.batch) of \(batchesPerEpoch)")
        precondition(order.count == dataset.count && images.count == valueCount && labels.count == options.batchSize, "wrong buffers")
        let start = position.batch * options.batchSize
        let count = min(options.batchSize, dataset.count - start)
        let size = dataset.extents.count
        for place in 0..<count {
            let sample = Int(order[start + place])
            labels[place] = dataset.labels[sample]
            fill(sample, epoch: position.epoch, into: UnsafeMutableBufferPointer(rebasing: images[place * size..<(place + 1) * size]))
        }
        for place in count..<options.batchSize { labels[place] = 0 }
        for index in count * size..<images.count { images[index] = 0 }
        return count
    }

    /// Writes one picture, normalized, cropped, moved and mirrored.
    private func fill(_ sample: Int, epoch: Int, into values: UnsafeMutableBufferPointer<Float>) {
        if let crop = crop(sample, epoch: epoch) { return fill(sample, crop, epoch: epoch, into: values) }
        let (height, width) = (dataset.extents.height, dataset.extents.width)
        let (right, down) = shift(sample, epoch: epoch)
        let mirrors = isMirrored(sample, epoch: epoch)
        let from = max(0, right), to = max(from, min(width, width + right))
        dataset.pixels.withUnsafeBufferPointer { pixels in
            table.withUnsafeBufferPointer { table in
                for channel in 0..<dataset.extents.channels {
                    let black = table[channel * 256]
                    for row in 0..<height {
                        let target = (channel * height + row) * width
                        guard (0..<height).contains(row - down) else {
                            for column in 0..<width { values[target + column] = black }
                            continue
                        }
                        for column in 0..<min(from, width) { values[target + column] = black }
                        let source = sample * dataset.extents.count + (channel * height + row - down) * width - right
                        for column in from..<to { values[target + column] = table[channel * 256 + Int(pixels[source + column])] }
                        for column in to..<max(to, width) { values[target + column] = black }
                        if mirrors { Self.reverse(UnsafeMutableBufferPointer(rebasing: values[target..<target + width])) }
                    }
                }
            }
        }
    }
}
