import Foundation
import Graph
import Synchronization
import Testing

@testable import Kernels
@testable import LoopNest
@testable import Machine
@testable import Runtime

/// Every task once, whoever does it, and no thread waits for one that is busy elsewhere.
@Suite struct TaskSharesTests {
    @Test(arguments: [1, 2, 3, 7, 64], [0, 1, 2, 5, 64, 1001]) func evenSharesCoverEverythingOnce(threads: Int, tasks: Int) {
        var next = 0
        for thread in 0..<threads {
            let share = evenShare(of: tasks, among: threads, number: thread)
            #expect(share.lowerBound == next && abs(share.count - tasks / threads) <= 1)
            next = share.upperBound
        }
        #expect(next == tasks)
    }

    @Test func aThreadTakesItsOwnTasksFromTheFrontAndOthersFromTheEnd() {
        let shares = TaskShares(threads: 2)
        shares.open(5, tasks: 7)
        func take(_ thread: Int) -> Int? { shares.take(5, thread: thread).map(\.lowerBound) }
        #expect((0..<3).map { _ in take(1) } == [4, 5, 6])
        #expect(take(1) == 3 && take(0) == 0 && take(1) == 2 && take(0) == 1)
        #expect(take(0) == nil && take(1) == nil)
    }

    @Test func tasksOfAStepThatIsOverCannotBeTaken() {
        let shares = TaskShares(threads: 3)
        shares.open(1, tasks: 9)
        #expect(shares.take(0, thread: 1) == nil && shares.take(2, thread: 1) == nil)
        shares.open(2, tasks: 9)
        #expect(shares.take(1, thread: 1) == nil && shares.take(2, thread: 1) == 3..<4)
    }

    /// More tasks than a share has room for are taken several at a time.
    @Test(arguments: [1 << 20, 1 << 20 + 1, 3_000_001, 1 << 30]) func manyTasks(count: Int) {
        let shares = TaskShares(threads: 2)
        shares.open(0, tasks: count)
        var (front, end) = (0, count)
        while let tasks = shares.take(0, thread: 0) {
            #expect(!tasks.isEmpty && (tasks.lowerBound == front || tasks.upperBound == end))
            if tasks.lowerBound == front { front = tasks.upperBound } else { end = tasks.lowerBound }
            if front >= end { break }
        }
        #expect(front == end && shares.take(0, thread: 1) == nil)
    }

    /// Threads that take from each other as fast as they can: each task of each step once.
    @Test(arguments: [2, 5, 16]) func threadsShareOutManySteps(threads: Int) {
        final class Job: ParallelJob, @unchecked Sendable {
            let shares: TaskShares
            let pool: ThreadPool
            var taken: [[Int]]
            init(_ pool: ThreadPool) {
                self.pool = pool
                shares = TaskShares(threads: pool.threads)
                taken = Array(repeating: [], count: pool.threads)
            }
            func run(thread: Int) {
                for step in 0..<200 {
                    if thread == step % pool.threads { shares.open(step, tasks: 40) }
                    pool.barrier()
                    while let tasks = shares.take(step, thread: thread) { taken[thread].append(step * 40 + tasks.lowerBound) }
                    pool.barrier()
                }
            }
        }
        let pool = ThreadPool(threads: threads)
        let job = Job(pool)
        pool.run(job)
        #expect(job.taken.joined().sorted() == Array(0..<8000))
    }

    /// Two steps of four tasks on two threads, of which the second stays in its first task until all others of the step are done.
    @Test(.timeLimit(.minutes(1))) func aThreadThatIsHeldUpIsHelped() throws {
        let sequence = try HeldUp.sequence(ThreadPool(threads: 2))
        HeldUp.done.store(0, ordering: .relaxed)
        sequence.run()
        #expect(HeldUp.done.load(ordering: .relaxed) == 8)
    }

    /// Kernels whose code is written in Swift.
    private enum HeldUp {
        static let done = Atomic<Int>(0)

        static let entry: KernelEntry = { _, _, from, to in
            for task in from..<to {
                // Task 2 is the first of the second thread's; it ends when its step's other three are done.
                if task == 2 {
                    let others = done.load(ordering: .relaxed) / 4 * 4 + 3
                    while done.load(ordering: .relaxed) < others { sched_yield() }
                }
                done.add(1, ordering: .relaxed)
            }
        }

        static func sequence(_ pool: ThreadPool) throws -> StepSequence {
            let builder = KernelBuilder(name: "held_up", lanes: 4, taskCount: 4)
            builder.store(builder.parameter("to", count: 4, .write), 0, builder.constant(0))
            var plan = Plan(name: "held up")
            plan.kernels = [builder.finish()]
            plan.buffers = [.init(storage: .arena(0), element: .f32, extents: [4], layout: .plain)]
            plan.steps = [.init(kernel: 0, buffers: [0], summary: "first"), .init(kernel: 0, buffers: [0], summary: "second")]
            let memory = try AlignedBuffer(byteCount: 4096)
            return StepSequence(plan.steps, plan, entries: [entry], [memory.start], memory, 0, pool)
        }
    }

    /// Rows of a parameter, fewer than threads have pieces for, and not a multiple of a piece.
    @Test(arguments: [1, 2, 3, 7, 16, 64]) func rowsAreStoredByAnyNumberOfThreads(threads: Int) {
        let pool = ThreadPool(threads: threads)
        for rows in [1, 2, 10, 15, 16, 17, 31, 33, 100, 1000] {
            let extents = [rows, 40_000 / rows + 1]
            for layout in [Layout.plain, Layout([.init(axis: 0, size: 16)])] {
                let copy = LayoutCopy(layout, extents)
                let values = (0..<copy.count).map(Float.init)
                var stored = [Float](repeating: -1, count: layout.storedCount(extents))
                values.withUnsafeBufferPointer { values in
                    stored.withUnsafeMutableBufferPointer {
                        RowScatter.run(pool, copy, 0..<copy.rowCount, values.baseAddress!, to: $0.baseAddress!, noting: NonFiniteTally())
                    }
                }
                stored.withUnsafeMutableBufferPointer { #expect(copy.gather($0) == values, "\(rows) rows") }
            }
        }
    }
}
