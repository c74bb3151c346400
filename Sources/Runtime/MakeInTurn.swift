import Synchronization

/// Makes results on the threads of a pool, in turn with the pool's other work, and gives them in the order of what they are made of.
///
/// This is for a pool that has all cores: threads of their own (`ReadAhead`) would interrupt its threads, and one that is interrupted in the middle of
/// a kernel keeps all others waiting at its end.
public final class MakeInTurn<Item: Sendable, Made: Sendable> {
    private let coming: ReadAhead<Item, Item>
    private let atOnce: Int
    private let pool: ThreadPool
    private let make: @Sendable (Item) -> Made
    private var made: ArraySlice<Made> = []

    /// - Parameters:
    ///   - coming: gives the items.
    ///   - atOnce: the most results that are made in a turn.
    ///   - pool: does nothing else while the next result is asked for.
    public init(of coming: ReadAhead<Item, Item>, atOnce: Int, pool: ThreadPool, make: @escaping @Sendable (Item) -> Made) {
        precondition(atOnce > 0, "no results at once")
        (self.coming, self.atOnce, self.pool, self.make) = (coming, atOnce, pool, make)
    }

    /// Waits for the next item, and makes the results of those that have come.
    ///
    /// - Parameters:
    ///   - isInterrupted: asked now and then while it waits; true is an end.
    ///   - meanwhile: other work of the caller's, done first, while the other threads begin to make results.
    public func next(isInterrupted: () -> Bool = { false }, meanwhile: () -> Void = {}) -> ReadAhead<Item, Made>.Next {
        if made.isEmpty {
            var items = coming.nextMade(most: atOnce)
            if items.isEmpty {
                meanwhile()
                switch coming.next(isInterrupted: isInterrupted) {
                case .idle: return .idle
                case .end: return .end
                case .made(let item): items = [item] + coming.nextMade(most: atOnce - 1)
                }
                made = makeAll(items, isInterrupted) {}
            } else {
                made = makeAll(items, isInterrupted, meanwhile)
            }
            // The others of a turn that was broken off are gone with the run.
            if made.isEmpty { return .end }
        } else {
            meanwhile()
        }
        return .made(made.removeFirst())
    }

    /// The results of all items; none where it was interrupted.
    private func makeAll(_ items: [Item], _ isInterrupted: () -> Bool, _ meanwhile: () -> Void) -> ArraySlice<Made> {
        withoutActuallyEscaping(isInterrupted) { isInterrupted in
            withoutActuallyEscaping(meanwhile) { meanwhile in
                let job = Making(items, make, .init(isInterrupted: isInterrupted, meanwhile: meanwhile))
                pool.run(job)
                return job.results[...]
            }
        }
    }
}

/// Threads take the next item as they become free.
private final class Making<Item: Sendable, Made: Sendable>: ParallelJob {
    /// What thread 0 does, the caller's.
    struct Caller {
        let isInterrupted: () -> Bool
        let meanwhile: () -> Void
    }

    private let items: [Item]
    private let make: @Sendable (Item) -> Made
    /// Nil once its work is done, since it must not outlive the call, and a thread may keep the job a little longer.
    private var caller: Caller?
    private let taken = Atomic<Int>(0)
    private let made: Mutex<[Made?]>

    init(_ items: [Item], _ make: @escaping @Sendable (Item) -> Made, _ caller: Caller) {
        (self.items, self.make, self.caller) = (items, make, caller)
        made = Mutex([Made?](repeating: nil, count: items.count))
    }

    /// What all threads have made, once they are done; nothing where they were interrupted.
    var results: [Made] {
        made.withLock { made in
            let results = made.compactMap { $0 }
            return results.count == items.count ? results : []
        }
    }

    func run(thread: Int) {
        let caller = thread == 0 ? caller : nil
        if thread == 0 { self.caller = nil }
        caller?.meanwhile()
        while true {
            // Large pictures take seconds.
            if caller?.isInterrupted() == true { taken.store(items.count, ordering: .relaxed) }
            let number = taken.add(1, ordering: .relaxed).oldValue
            guard number < items.count else { return }
            let result = make(items[number])
            made.withLock { $0[number] = result }
        }
    }
}
