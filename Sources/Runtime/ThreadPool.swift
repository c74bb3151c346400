internal import CProcessor
import Foundation
import Synchronization

/// Work that all threads of a pool do together.
public protocol ParallelJob: AnyObject {
    /// Does the share of thread `thread`; threads meet at `ThreadPool.barrier`.
    func run(thread: Int)
}

/// Threads that wait for jobs: the caller's, and as many more as were asked for.
///
/// Dispatch allocates nothing. Jobs are started by one thread at a time, never from within a job.
public final class ThreadPool: Sendable {
    /// The number of threads, the caller's among them.
    public let threads: Int
    private let team: Team

    /// - Parameters:
    ///   - threads: at least 1; with 1, the caller does everything itself.
    ///   - pinned: whether worker `i` stays on core `i` (Linux only). The caller stays where it is.
    public init(threads: Int, pinned: Bool = false) {
        precondition(threads >= 1, "a pool has at least the caller's thread")
        self.threads = threads
        let team = Team(threads)
        self.team = team
        for number in 1..<max(1, threads) {
            let thread = Thread {
                if pinned { pinToCore(number) }
                team.work(number)
            }
            thread.name = "braid-\(number)"
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    deinit { team.dismiss() }

    /// Runs `job` on all threads and returns when the last is done.
    public func run(_ job: any ParallelJob) { team.run(job) }

    /// Called by every thread within a job: returns when all have called it.
    public func barrier() { team.barrier() }
}

/// What the pool and its workers share; the workers do not keep the pool alive.
private final class Team: @unchecked Sendable {
    // Unchecked: `job` and `isDismissed` are written only while all workers wait for `start`, which publishes them.

    private let threads: Int
    private let start = Signal()
    private let meeting = Signal()
    private let arrived = Atomic<Int>(0)
    private let isRunning = Atomic<Bool>(false)
    private var job: (any ParallelJob)?
    private var isDismissed = false

    init(_ threads: Int) { self.threads = threads }

    func run(_ job: any ParallelJob) {
        let isFree = isRunning.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        precondition(isFree, "a pool runs one job at a time")
        defer { isRunning.store(false, ordering: .releasing) }
        if threads == 1 { return job.run(thread: 0) }
        self.job = job
        start.advance()
        job.run(thread: 0)
        barrier()
        self.job = nil
    }

    func barrier() {
        if threads == 1 { return }
        let old = meeting.count
        if arrived.add(1, ordering: .acquiringAndReleasing).newValue == threads {
            arrived.store(0, ordering: .relaxed)
            meeting.advance()
        } else {
            meeting.wait(past: old)
        }
    }

    func work(_ number: Int) {
        var jobs = 0
        while true {
            start.wait(past: jobs)
            jobs += 1
            if isDismissed { return }
            job?.run(thread: number)
            barrier()
        }
    }

    func dismiss() {
        isDismissed = true
        start.advance()
    }
}

/// Where the system does not allow it the worker floats, which is only slower.
private func pinToCore(_ core: Int) {
    if let core = UInt32(exactly: core) { braid_processor_pin(core) }
}
