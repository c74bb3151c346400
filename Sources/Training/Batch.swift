/// One batch, lent by a loader until the next one is asked for.
public struct Batch {
    /// How pictures are mixed: picture `i` counts as its own class, `labels[i]`, by `weights[i]`, and as that of its partner,
    /// `partnerLabels[i]`, by `1 - weights[i]`. A target f32[N, classes] is the sum of these two; both classes may be the same.
    public struct Mixing {
        /// The class of each picture's partner; 0 behind the real pictures.
        public let partnerLabels: UnsafeBufferPointer<Int32>
        /// From 0 to 1; 0 behind the real pictures.
        public let weights: UnsafeBufferPointer<Float>
    }

    /// Pictures that others are compared with.
    public struct Partners {
        /// As `images`.
        public let images: UnsafeBufferPointer<Float>
        /// The class of each; 0 behind the real pictures.
        public let labels: UnsafeBufferPointer<Int32>
    }

    public let position: BatchPosition
    /// The number of real pictures.
    public let count: Int
    /// The values of all pictures, normalized, NCHW, mixed with those of their partners where the batch is mixed.
    public let images: UnsafeBufferPointer<Float>
    /// The class of each picture; 0 behind the real ones.
    public let labels: UnsafeBufferPointer<Int32>
    /// `count` numbers of each picture, for a target f32[N, count]: mixed as the pictures are; empty where no target takes them.
    public let numbers: UnsafeBufferPointer<Float>
    /// The class of each pixel, for a target i32[N, H, W]; empty where none takes it.
    public let maps: UnsafeBufferPointer<Int32>
    /// For each class and pixel 1 where the pixel is of the class, or its part of mixed pictures, for a target f32[N, classes, H, W]; empty
    /// where none takes it.
    public let classMaps: UnsafeBufferPointer<Float>
    /// The pictures themselves, for a target f32[N, C, H, W]: `images`, or in their own size where the network reads them smaller.
    public let originals: UnsafeBufferPointer<Float>
    /// What each picture is compared with, where a network takes several at once: one for each further input.
    public let partners: [Partners]
    /// Nil where the pictures of this batch are not mixed: the recipe does not say so, or only of a part of the batches, which this is not.
    public let mixing: Mixing?
    /// Keeps the buffers where the loader itself is given up early.
    private let owner: AnyObject

    init(_ buffers: BatchBuffers, at position: BatchPosition, count: Int, isMixed: Bool, owner: AnyObject) {
        self.position = position
        self.count = count
        images = UnsafeBufferPointer(buffers.images)
        labels = UnsafeBufferPointer(buffers.labels)
        numbers = UnsafeBufferPointer(buffers.numbers)
        maps = UnsafeBufferPointer(buffers.maps)
        classMaps = UnsafeBufferPointer(buffers.classMaps)
        originals = UnsafeBufferPointer(buffers.originals.isEmpty ? buffers.images : buffers.originals)
        partners = buffers.partners.map {
            Partners(images: UnsafeBufferPointer($0.images), labels: UnsafeBufferPointer($0.labels))
        }
        mixing =
            isMixed
            ? Mixing(partnerLabels: UnsafeBufferPointer(buffers.partnerLabels), weights: UnsafeBufferPointer(buffers.weights)) : nil
        self.owner = owner
    }
}
