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
    /// For each thread and step when its tasks began and ended, in nanoseconds; zeros where it did none. Empty where nothing is traced.
    private var spans: UnsafeMutableBufferPointer<UInt64>
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

    /// Whether it is noted when each thread works on which step.
    var isTraced = false {
        didSet {
            spans.deallocate()
            spans = .allocate(capacity: isTraced ? 2 * steps.count * pool.threads : 0)
            spans.initialize(repeating: 0)
        }
    }

    /// What the threads did in the last run, in seconds from its beginning.
    var trace: [StepSpan] {
        guard isTraced else { return [] }
        return (0..<pool.threads).flatMap { thread in
            range.compactMap { step in
                let place = 2 * (thread * steps.count + step)
                guard spans[place + 1] > 0 else { return nil }
                return StepSpan(
                    step: step, thread: thread, start: Double(spans[place] - began) * 1e-9, end: Double(spans[place + 1] - began) * 1e-9)
            }
        }
    }
    /// When the last run began.
    private var began: UInt64 = 0

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
        spans = .allocate(capacity: 0)
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
        spans.deallocate()
    }

    /// Goes through the steps once, with all threads of the pool.
    func run() {
        if range.isEmpty { return }
        firstTurn = progress.count
        started = isMeasured ? DispatchTime.now().uptimeNanoseconds : 0
        if isTraced {
            spans.update(repeating: 0)
            began = DispatchTime.now().uptimeNanoseconds
        }
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
            let start = isTraced ? DispatchTime.now().uptimeNanoseconds : 0
            while let tasks = shares.take(turn, thread: thread) {
                step.entry(step.buffers, mine, tasks.lowerBound, tasks.upperBound)
                done += tasks.count
            }
            if isTraced, done > 0 {
                let place = 2 * (thread * steps.count + index)
                (spans[place], spans[place + 1]) = (start, DispatchTime.now().uptimeNanoseconds)
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

/// When a thread worked on a step's tasks.
public struct StepSpan: Hashable, Sendable {
    /// By index into the plan's steps.
    public var step: Int
    public var thread: Int
    /// In seconds from the beginning of the run.
    public var start: Double
    public var end: Double
}
