import Foundation

/// One batch, lent by a loader until the next one is asked for.
public struct Batch {
    public let position: BatchPosition
    /// The number of real pictures.
    public let count: Int
    /// The values of all pictures, normalized, NCHW.
    public let images: UnsafeBufferPointer<Float>
    /// The class of each picture; 0 behind the real ones.
    public let labels: UnsafeBufferPointer<Int32>
    /// Keeps the buffers where the loader itself is given up early.
    fileprivate let owner: AnyObject
}

/// Makes batches ahead on a thread of its own.
///
/// The batches are those of `BatchMaker`, whatever the timing. Nothing is allocated once the loader runs: the thread
/// fills a fixed number of buffers and waits until one is given back.
public final class Loader {
    public let maker: BatchMaker
    private let queue: BatchQueue
    private var isLending = false

    /// Starts to make the batches from `start` up to the end of epoch `epochs - 1`, at most `buffers` ahead.
    public init(_ maker: BatchMaker, from start: BatchPosition = BatchPosition(), epochs: Int, buffers: Int = 4) {
        precondition(buffers > 0 && start.epoch >= 0 && start.batch >= 0, "no loader with \(buffers) buffers from \(start)")
        self.maker = maker
        let queue = BatchQueue(maker, buffers: buffers)
        self.queue = queue
        let thread = Thread { queue.produce(from: start, epochs: epochs) }
        thread.name = "braid loader"
        thread.start()
    }

    deinit { queue.stop() }

    /// How fast it was so far.
    public var rate: LoaderRate { queue.currentRate }

    /// Lends the next batch; nil after the last one.
    ///
    /// The batch before goes back to the loader, so its buffers must no longer be read.
    public func next() -> Batch? {
        if isLending { queue.giveBack() }
        let batch = queue.take()
        isLending = batch != nil
        return batch
    }
}

/// A ring of filled and free buffers between the loader's thread and its owner.
private final class BatchQueue: @unchecked Sendable {
    private struct Slot {
        var position = BatchPosition()
        var count = 0
        let images: UnsafeMutableBufferPointer<Float>
        let labels: UnsafeMutableBufferPointer<Int32>
    }

    private let maker: BatchMaker
    /// Guards everything below. A slot's buffers belong to the thread until it counts as filled, then to the owner.
    private let condition = NSCondition()
    private var slots: [Slot]
    private var order: [Int32]
    /// The oldest filled slot, and how many are filled from there on.
    private var first = 0
    private var filled = 0
    private var isFinished = false
    private var isStopped = false
    private var rate = LoaderRate()
    private var hasLent = false

    init(_ maker: BatchMaker, buffers: Int) {
        self.maker = maker
        order = [Int32](repeating: 0, count: maker.dataset.count)
        slots = (0..<buffers).map { _ in
            let images = UnsafeMutableBufferPointer<Float>.allocate(capacity: maker.valueCount)
            images.initialize(repeating: 0)
            let labels = UnsafeMutableBufferPointer<Int32>.allocate(capacity: maker.options.batchSize)
            labels.initialize(repeating: 0)
            return Slot(images: images, labels: labels)
        }
    }

    deinit {
        for slot in slots {
            slot.images.deallocate()
            slot.labels.deallocate()
        }
    }

    /// Fills slots until the end or until stopped; runs on the loader's thread.
    func produce(from start: BatchPosition, epochs: Int) {
        var position = start
        while position.epoch < epochs {
            order.withUnsafeMutableBufferPointer { maker.order(epoch: position.epoch, into: $0) }
            while position.batch < maker.batchesPerEpoch {
                guard let free = waitForFreeSlot() else { return }
                let slot = slots[free]
                let start = ContinuousClock.now
                let count = order.withUnsafeBufferPointer { maker.fill(position, order: $0, images: slot.images, labels: slot.labels) }
                let seconds = (ContinuousClock.now - start).seconds
                condition.lock()
                rate.batches += 1
                rate.pictures += count
                rate.makingSeconds += seconds
                slots[free].position = position
                slots[free].count = count
                filled += 1
                condition.broadcast()
                condition.unlock()
                position.batch += 1
            }
            position = BatchPosition(epoch: position.epoch + 1)
        }
        condition.lock()
        isFinished = true
        condition.broadcast()
        condition.unlock()
    }

    /// Returns a slot to fill, or nil once stopped.
    private func waitForFreeSlot() -> Int? {
        condition.lock()
        defer { condition.unlock() }
        while filled == slots.count, !isStopped { condition.wait() }
        return isStopped ? nil : (first + filled) % slots.count
    }

    /// Waits for the oldest filled slot; nil after the last one.
    func take() -> Batch? {
        condition.lock()
        defer { condition.unlock() }
        if filled == 0, !isFinished {
            let start = ContinuousClock.now
            while filled == 0, !isFinished { condition.wait() }
            // Nobody can have made the first batch before it was asked for.
            if hasLent { rate.waitingSeconds += (ContinuousClock.now - start).seconds }
        }
        hasLent = true
        if filled == 0 { return nil }
        let slot = slots[first]
        return Batch(
            position: slot.position, count: slot.count, images: UnsafeBufferPointer(slot.images),
            labels: UnsafeBufferPointer(slot.labels), owner: self)
    }

    var currentRate: LoaderRate {
        condition.lock()
        defer { condition.unlock() }
        return rate
    }

    /// Frees the slot that `take` returned.
    func giveBack() {
        condition.lock()
        first = (first + 1) % slots.count
        filled -= 1
        condition.broadcast()
        condition.unlock()
    }

    func stop() {
        condition.lock()
        isStopped = true
        condition.broadcast()
        condition.unlock()
    }
}
