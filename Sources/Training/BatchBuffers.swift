/// Room for one batch, which is made in it again and again.
public struct BatchBuffers: @unchecked Sendable {
    /// NCHW.
    public let images: UnsafeMutableBufferPointer<Float>
    public let labels: UnsafeMutableBufferPointer<Int32>
    /// Of the pictures that each is mixed with; none where batches are not mixed.
    public let partnerLabels: UnsafeMutableBufferPointer<Int32>
    /// How much of each picture is its own.
    public let weights: UnsafeMutableBufferPointer<Float>

    /// Takes memory for the batches of a maker, until `deallocate`.
    public init(for maker: BatchMaker) {
        func room<Element>(_ count: Int, of zero: Element) -> UnsafeMutableBufferPointer<Element> {
            let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: count)
            buffer.initialize(repeating: zero)
            return buffer
        }
        let size = maker.options.batchSize
        images = room(maker.valueCount, of: 0)
        labels = room(size, of: 0)
        partnerLabels = room(maker.mixesBatches ? size : 0, of: 0)
        weights = room(maker.mixesBatches ? size : 0, of: 0)
    }

    public func deallocate() {
        images.deallocate()
        labels.deallocate()
        partnerLabels.deallocate()
        weights.deallocate()
    }
}
