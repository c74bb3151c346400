import Foundation

/// Makes batches ahead on threads of its own.
///
/// The batches are those of `BatchMaker`, in their order, whatever the timing and the number of threads. Room for
/// batches is allocated once: the threads fill a fixed number of buffers and wait until one is given back.
public final class Loader {
    public let maker: BatchMaker
    private let queue: BatchQueue
    private var isLending = false

    /// One thread keeps up with the steps of some eight cores.
    public static var usualThreads: Int { max(1, min(8, ProcessInfo.processInfo.activeProcessorCount / 8)) }

    /// Starts to make the batches from `start` up to the end of epoch `epochs - 1`, at most `buffers` ahead.
    ///
    /// - Parameter buffers: nil for some more than there are threads.
    public init(
        _ maker: BatchMaker, from start: BatchPosition = BatchPosition(), epochs: Int, buffers: Int? = nil, threads: Int = usualThreads
    ) {
        let buffers = buffers ?? threads + 3
        precondition(
            buffers > 0 && threads > 0 && start.epoch >= 0 && start.batch >= 0,
            "no loader with \(buffers) buffers, \(threads) threads from \(start)")
        self.maker = maker
        let queue = BatchQueue(maker, from: start, epochs: epochs, buffers: buffers, threads: threads)
        self.queue = queue
        for _ in 0..<threads {
            let thread = Thread { queue.produce() }
            thread.name = "braid loader"
            thread.start()
        }
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

/// A ring of buffers between the loader's threads and its owner.
private final class BatchQueue: @unchecked Sendable {
    private struct Slot {
        var position = BatchPosition()
        var count = 0
        var isMixed = false
        var isFilled = false
        let buffers: BatchBuffers
    }

    private let maker: BatchMaker
    private let epochs: Int
    /// Guards everything below. A slot's buffers belong to the thread that claimed it until it is filled, then to the owner.
    private let condition = NSCondition()
    private var slots: [Slot]
    /// The oldest claimed slot, and how many are claimed from there on: batch after batch, whoever makes them.
    private var first = 0
    private var claimed = 0
    /// The batch that is claimed next.
    private var position: BatchPosition
    private var isStopped = false
    private var rate: LoaderRate
    private var hasLent = false

    init(_ maker: BatchMaker, from start: BatchPosition, epochs: Int, buffers: Int, threads: Int) {
        self.maker = maker
        self.epochs = epochs
        position = start.batch < maker.batchesPerEpoch ? start : BatchPosition(epoch: start.epoch + 1)
        rate = LoaderRate(threads: threads)
        slots = (0..<buffers).map { _ in Slot(buffers: BatchBuffers(for: maker)) }
    }

    deinit {
        for slot in slots { slot.buffers.deallocate() }
    }

    /// Whether no batch is left to claim; asked under the lock.
    private var isExhausted: Bool { position.epoch >= epochs || maker.batchesPerEpoch == 0 }

    /// Fills slots until the end or until stopped; runs on each of the loader's threads.
    func produce() {
        var order = [Int32](repeating: 0, count: maker.dataset.count)
        var orderedEpoch: Int?
        while let (place, position, slot) = claim() {
            let start = ContinuousClock.now
            if orderedEpoch != position.epoch {
                order.withUnsafeMutableBufferPointer { maker.order(epoch: position.epoch, into: $0) }
                orderedEpoch = position.epoch
            }
            let made = order.withUnsafeBufferPointer { maker.fill(position, order: $0, into: slot.buffers) }
            let seconds = (ContinuousClock.now - start).seconds
            condition.lock()
            rate.batches += 1
            rate.pictures += made.count
            rate.makingSeconds += seconds
            slots[place].position = position
            slots[place].count = made.count
            slots[place].isMixed = made.isMixed
            slots[place].isFilled = true
            condition.broadcast()
            condition.unlock()
        }
    }

    /// Waits for a free slot, and returns it with the batch that it is for; nil behind the last batch, or once stopped.
    private func claim() -> (place: Int, position: BatchPosition, slot: Slot)? {
        condition.lock()
        defer { condition.unlock() }
        while claimed == slots.count, !isStopped, !isExhausted { condition.wait() }
        if isStopped || isExhausted { return nil }
        let (place, mine) = ((first + claimed) % slots.count, position)
        claimed += 1
        position.batch += 1
        if position.batch >= maker.batchesPerEpoch { position = BatchPosition(epoch: position.epoch + 1) }
        // The owner, who waits for a batch, may have to learn that there is none.
        if isExhausted { condition.broadcast() }
        return (place, mine, slots[place])
    }

    /// Waits for the oldest slot to be filled; nil after the last one.
    func take() -> Batch? {
        condition.lock()
        defer { condition.unlock() }
        func isWaiting() -> Bool { claimed > 0 ? !slots[first].isFilled : !isExhausted }
        if isWaiting() {
            let start = ContinuousClock.now
            while isWaiting() { condition.wait() }
            // Nobody can have made the first batch before it was asked for.
            if hasLent { rate.waitingSeconds += (ContinuousClock.now - start).seconds }
        }
        hasLent = true
        if claimed == 0 { return nil }
        let slot = slots[first]
        return Batch(slot.buffers, at: slot.position, count: slot.count, isMixed: slot.isMixed, owner: self)
    }

    var currentRate: LoaderRate {
        condition.lock()
        defer { condition.unlock() }
        return rate
    }

    /// Frees the slot that `take` returned.
    func giveBack() {
        condition.lock()
        slots[first].isFilled = false
        first = (first + 1) % slots.count
        claimed -= 1
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
