internal import CProcessor
import Foundation

/// Makes results ahead of their use, on threads of its own, and gives them in the order of what they are made of.
///
/// The results depend on neither the number of threads nor their timing. The threads go behind those that compute, where there are not cores
/// enough for both: they use the time in which these wait for each other, or for results.
public final class ReadAhead<Item: Sendable, Made: Sendable> {
    /// What is there when the next result is asked for.
    public enum Next {
        case made(Made)
        /// No further item has come for a while, and all results were given.
        case idle
        case end
    }

    private let queue: ReadAheadQueue<Item, Made>

    /// - Parameters:
    ///   - ahead: the most results that are made, or being made, and not given yet.
    ///   - source: gives the items, nil behind the last; it is asked by one thread at a time, and may wait.
    public init(
        ahead: Int, threads: Int, source: @escaping @Sendable () -> Item?, make: @escaping @Sendable (Item) -> Made
    ) {
        precondition(ahead > 0 && threads > 0, "no \(ahead) results ahead on \(threads) threads")
        let queue = ReadAheadQueue(ahead: ahead, source, make)
        self.queue = queue
        for _ in 0..<threads {
            let thread = Thread {
                braid_processor_go_behind()
                queue.produce()
            }
            thread.name = "braid reader"
            // Decoders of pictures keep their state on it.
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    deinit { queue.stop() }

    /// Waits for the next result.
    ///
    /// - Parameter isInterrupted: asked now and then while it waits; true is an end.
    public func next(isInterrupted: () -> Bool = { false }) -> Next { queue.take(isInterrupted) }

    /// The next results that are there already, without waiting.
    public func nextMade(most: Int) -> [Made] { queue.takeMade(most) }
}

private final class ReadAheadQueue<Item: Sendable, Made: Sendable>: @unchecked Sendable {
    // Unchecked: all that changes is guarded by `condition`, and the source by `asking`.

    private let ahead: Int
    private let source: @Sendable () -> Item?
    private let make: @Sendable (Item) -> Made
    private let asking = NSLock()
    private let condition = NSCondition()
    /// Results by the number of their item, from `given` on.
    private var made: [Int: Made] = [:]
    private var claimed = 0
    private var given = 0
    private var isExhausted = false
    private var isStopped = false

    /// How long nothing may come until that is told, and how often an interruption is looked for.
    private static var patience: TimeInterval { 0.1 }

    init(ahead: Int, _ source: @escaping @Sendable () -> Item?, _ make: @escaping @Sendable (Item) -> Made) {
        (self.ahead, self.source, self.make) = (ahead, source, make)
    }

    /// Makes results until the end or until stopped; runs on each of the threads.
    func produce() {
        while let (number, item) = claim() {
            let result = make(item)
            condition.lock()
            made[number] = result
            condition.broadcast()
            condition.unlock()
        }
    }

    private func claim() -> (Int, Item)? {
        asking.lock()
        defer { asking.unlock() }
        condition.lock()
        while claimed - given >= ahead, !isStopped { condition.wait() }
        let isOver = isStopped || isExhausted
        condition.unlock()
        if isOver { return nil }
        let item = source()
        condition.lock()
        defer { condition.unlock() }
        guard let item else {
            isExhausted = true
            condition.broadcast()
            return nil
        }
        claimed += 1
        return (claimed - 1, item)
    }

    func take(_ isInterrupted: () -> Bool) -> ReadAhead<Item, Made>.Next {
        condition.lock()
        defer { condition.unlock() }
        while made[given] == nil {
            if isExhausted && given == claimed { return .end }
            let wasEmpty = given == claimed
            let isInTime = condition.wait(until: Date(timeIntervalSinceNow: Self.patience))
            if isInterrupted() { return .end }
            if !isInTime, wasEmpty, given == claimed, !isExhausted { return .idle }
        }
        return .made(removeNext(1)[0])
    }

    func takeMade(_ most: Int) -> [Made] {
        condition.lock()
        defer { condition.unlock() }
        return removeNext(most)
    }

    private func removeNext(_ most: Int) -> [Made] {
        var results: [Made] = []
        while results.count < most, let result = made.removeValue(forKey: given) {
            results.append(result)
            given += 1
        }
        if !results.isEmpty { condition.broadcast() }
        return results
    }

    func stop() {
        condition.lock()
        isStopped = true
        condition.broadcast()
        condition.unlock()
    }
}
