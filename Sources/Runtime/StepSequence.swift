import Foundation
import Kernels
import Machine
import Synchronization

/// Steps bound to code and memory; all threads go through them together.
///
/// A step begins when all tasks of the one before are done, whether or not all threads have come back: see `TaskShares`.
final class StepSequence: ParallelJob {
    private struct BoundStep {
        var entry: KernelEntry
        var buffers: UnsafePointer<UnsafeMutableRawPointer?>
        var taskCount: Int
    }

    private let pool: ThreadPool
    private let steps: UnsafeMutableBufferPointer<BoundStep>
    /// The addresses of all steps' buffers, one step after the other.
    private let table: UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>
    private let scratch: AlignedBuffer
    private let scratchBytes: Int
    private let times: UnsafeMutableBufferPointer<UInt64>
    private let shares: TaskShares
    /// The tasks of the current step that are not done.
    private let remaining = Atomic<Int>(0)
    /// Counts the steps that are done, over all runs.
    private let progress = Signal()
    /// What `progress` counted when the run began, and when the current step began, in nanoseconds.
    private var firstTurn = 0
    private var started: UInt64 = 0

    /// The steps that a run goes through; all at first.
    var range: Range<Int>

    var isMeasured = false {
        didSet { times.update(repeating: 0) }
    }

    var seconds: [Double] { times.map { Double($0) * 1e-9 } }

    /// - Parameter entries: the code of the plan's kernels.
    init(
        _ planned: [Plan.Step], _ plan: Plan, entries: [KernelEntry], _ addresses: [UnsafeMutableRawPointer],
        _ scratch: AlignedBuffer, _ scratchBytes: Int, _ pool: ThreadPool
    ) {
        self.pool = pool
        self.scratch = scratch
        self.scratchBytes = scratchBytes
        shares = TaskShares(threads: pool.threads)
        range = planned.indices
        table = .allocate(capacity: planned.reduce(0) { $0 + $1.buffers.count })
        steps = .allocate(capacity: planned.count)
        times = .allocate(capacity: planned.count)
        times.initialize(repeating: 0)
        var next = 0
        for (index, step) in planned.enumerated() {
            let kernel = plan.kernels[step.kernel]
            precondition(step.buffers.count == kernel.parameters.count, "\(kernel.name): one buffer a parameter")
            let first = next
            for (buffer, parameter) in zip(step.buffers, kernel.parameters) {
                let planned = plan.buffers[buffer]
                precondition(
                    planned.element == parameter.element && planned.count >= parameter.count,
                    "\(kernel.name): buffer '\(parameter.name)' has \(planned.count) elements and needs \(parameter.count)")
                table.initializeElement(at: next, to: addresses[buffer])
                next += 1
            }
            let buffers = UnsafePointer(table.baseAddress.map { $0 + first } ?? Self.nothing)
            steps.initializeElement(
                at: index, to: BoundStep(entry: entries[step.kernel], buffers: buffers, taskCount: kernel.taskCount))
        }
    }

    /// The table of a kernel without parameters.
    private nonisolated(unsafe) static let nothing: UnsafeMutablePointer<UnsafeMutableRawPointer?> = {
        let pointer = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)
        pointer.initialize(to: nil)
        return pointer
    }()

    deinit {
        steps.deallocate()
        table.deallocate()
        times.deallocate()
    }

    /// Goes through the steps once, with all threads of the pool.
    func run() {
        if range.isEmpty { return }
        firstTurn = progress.count
        started = isMeasured ? DispatchTime.now().uptimeNanoseconds : 0
        open(range.lowerBound)
        pool.run(self)
    }

    func run(thread: Int) {
        let mine = scratch.start + thread * scratchBytes
        let lastTurn = firstTurn + range.count
        var turn = firstTurn
        while turn < lastTurn {
            let index = range.lowerBound + turn - firstTurn
            let step = steps[index]
            var done = 0
            while let tasks = shares.take(turn, thread: thread) {
                step.entry(step.buffers, mine, tasks.lowerBound, tasks.upperBound)
                done += tasks.count
            }
            if done > 0, remaining.subtract(done, ordering: .acquiringAndReleasing).newValue == 0 {
                close(index)
            } else {
                progress.wait(past: turn)
            }
            turn = progress.count
        }
    }

    /// Makes the tasks of a step available.
    private func open(_ index: Int) {
        remaining.store(steps[index].taskCount, ordering: .relaxed)
        shares.open(firstTurn + index - range.lowerBound, tasks: steps[index].taskCount)
    }

    /// Ends a step, of which no task is left, and opens the next: the thread that did the last task does it, so that none waits for one
    /// that is late.
    private func close(_ index: Int) {
        if isMeasured {
            let now = DispatchTime.now().uptimeNanoseconds
            times[index] += now - started
            started = now
        }
        if index + 1 < range.upperBound { open(index + 1) }
        progress.advance()
    }
}
