import Graph
import Recipes

/// How batches are cut from a data set.
public struct BatchOptions: Equatable, Sendable {
    /// What becomes of the pictures that do not fill a batch.
    public enum LastBatch: Sendable {
        /// They are left out (training: every step averages over as many pictures).
        case dropped
        /// They make a batch filled up with zeros, whose count tells how many are real (evaluation).
        case padded
    }

    /// Pictures a batch.
    public var batchSize: Int
    public var seed: UInt64
    /// Whether each epoch has its own random order.
    public var isShuffled: Bool
    /// What is done to pictures at random, in this order.
    public var augmentations: [Chosen<Augmentation>]
    public var lastBatch: LastBatch
    /// What is known of each picture beside its class.
    public var targets: [TrainingTarget] = []
    /// What stands for the classes of pixels that come in from outside of a picture.
    public var outsideLabel: Int32 = 0
    /// How many pixels of a picture become one of the network's input along each axis: 1, or more where a network enlarges pictures, whose
    /// target is the picture as it is.
    public var reduction = 1
    /// How many pictures are compared at once; those behind the first are drawn from all of the data.
    public var tuple = PictureTuple.single
    /// The places, in the order of an epoch, of the pictures that batches are made of; nil for all.
    public var range: Range<Int>?

    public init(
        batchSize: Int, seed: UInt64 = 0, isShuffled: Bool, augmentations: [Chosen<Augmentation>] = [], lastBatch: LastBatch
    ) {
        precondition(batchSize > 0, "no batches of \(batchSize)")
        self.batchSize = batchSize
        self.seed = seed
        self.isShuffled = isShuffled
        self.augmentations = augmentations
        self.lastBatch = lastBatch
    }

    /// Shuffled, whole batches, augmented.
    public static func training(batchSize: Int, seed: UInt64, augmentations: [Chosen<Augmentation>] = []) -> BatchOptions {
        BatchOptions(batchSize: batchSize, seed: seed, isShuffled: true, augmentations: augmentations, lastBatch: .dropped)
    }

    /// All pictures, in their order, as they are.
    public static func evaluation(batchSize: Int) -> BatchOptions {
        BatchOptions(batchSize: batchSize, isShuffled: false, lastBatch: .padded)
    }
}

/// A place in the sequence of batches.
public struct BatchPosition: Equatable, Comparable, Sendable {
    public var epoch: Int
    /// The batch within the epoch.
    public var batch: Int

    public init(epoch: Int = 0, batch: Int = 0) {
        self.epoch = epoch
        self.batch = batch
    }

    public static func < (first: BatchPosition, second: BatchPosition) -> Bool {
        (first.epoch, first.batch) < (second.epoch, second.batch)
    }
}
