/// Room for one batch, which is made in it again and again.
public struct BatchBuffers: @unchecked Sendable {
    /// NCHW.
    public let images: UnsafeMutableBufferPointer<Float>
    public let labels: UnsafeMutableBufferPointer<Int32>
    /// Of the pictures that each is mixed with; none where batches are not mixed.
    public let partnerLabels: UnsafeMutableBufferPointer<Int32>
    /// How much of each picture is its own.
    public let weights: UnsafeMutableBufferPointer<Float>
    /// The numbers that are known of each picture, or its part of each class; none where no target takes them.
    public let numbers: UnsafeMutableBufferPointer<Float>
    /// The class of each pixel; none where no target takes it.
    public let maps: UnsafeMutableBufferPointer<Int32>
    /// For each class and pixel 1 where the pixel is of the class; none where no target takes it.
    public let classMaps: UnsafeMutableBufferPointer<Float>
    /// The pictures in their own size; none where the network reads that.
    public let originals: UnsafeMutableBufferPointer<Float>

    /// What each picture is compared with, one for each further picture of a tuple.
    public let partners: [(images: UnsafeMutableBufferPointer<Float>, labels: UnsafeMutableBufferPointer<Int32>)]

    /// Takes memory for the batches of a maker, until `deallocate`.
    public init(for maker: BatchMaker) {
        func room<Element>(_ count: Int, of zero: Element) -> UnsafeMutableBufferPointer<Element> {
            let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: count)
            buffer.initialize(repeating: zero)
            return buffer
        }
        let size = maker.options.batchSize
        images = room(maker.valueCount, of: 0)
        originals = room(maker.options.reduction > 1 ? size * maker.dataset.extents.count : 0, of: 0)
        numbers = room(size * maker.numberCount, of: 0)
        maps = room(size * maker.mapCount, of: 0)
        classMaps = room(size * maker.mapClassCount * maker.mapCount, of: 0)
        labels = room(size, of: 0)
        partners = (1..<maker.options.tuple.count).map { _ in (room(maker.valueCount, of: 0), room(size, of: 0)) }
        partnerLabels = room(maker.mixesBatches ? size : 0, of: 0)
        weights = room(maker.mixesBatches ? size : 0, of: 0)
    }

    public func deallocate() {
        images.deallocate()
        labels.deallocate()
        partnerLabels.deallocate()
        weights.deallocate()
        originals.deallocate()
        numbers.deallocate()
        maps.deallocate()
        classMaps.deallocate()
        for (images, labels) in partners {
            images.deallocate()
            labels.deallocate()
        }
    }
}
