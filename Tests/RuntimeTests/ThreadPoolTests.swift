import Foundation
import Runtime
import Synchronization
import Testing

/// Every thread at every barrier, for any number of threads.
@Suite struct ThreadPoolTests {
    /// A sum that threads compute in turns of a barrier: each adds its number when it is its turn.
    private final class Turns: ParallelJob, @unchecked Sendable {
        let pool: ThreadPool
        var sequence: [Int] = []

        init(_ pool: ThreadPool) { self.pool = pool }

        func run(thread: Int) {
            for turn in 0..<pool.threads * 20 {
                if turn % pool.threads == thread { sequence.append(thread) }
                pool.barrier()
            }
        }
    }

    @Test(arguments: [1, 2, 3, 5]) func barriersOrderTheThreads(threads: Int) {
        let pool = ThreadPool(threads: threads, pinned: threads == 2)
        for _ in 0..<5 {
            let job = Turns(pool)
            pool.run(job)
            #expect(job.sequence == (0..<threads * 20).map { $0 % threads })
        }
    }

    /// Counts its runs by thread.
    private final class Counting: ParallelJob {
        let runs: [Counter]
        final class Counter: Sendable { let value = Atomic<Int>(0) }

        init(_ threads: Int) { runs = (0..<threads).map { _ in Counter() } }
        func run(thread: Int) { runs[thread].value.add(1, ordering: .relaxed) }
    }

    /// Also with pauses in which the workers fall asleep.
    @Test(arguments: [1, 2, 4]) func everyThreadRunsEveryJob(threads: Int) {
        let pool = ThreadPool(threads: threads)
        let job = Counting(threads)
        for round in 0..<300 {
            pool.run(job)
            if round % 100 == 99 { Thread.sleep(forTimeInterval: 0.01) }
        }
        #expect(job.runs.allSatisfy { $0.value.load(ordering: .relaxed) == 300 })
    }

    @Test func poolsComeAndGo() {
        for _ in 0..<50 {
            let pool = ThreadPool(threads: 3)
            let job = Counting(3)
            pool.run(job)
            #expect(job.runs.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
        }
    }
}
