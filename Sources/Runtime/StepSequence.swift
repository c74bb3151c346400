import Foundation
import Kernels
import Machine

/// Steps bound to code and memory; all threads go through them together.
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

    /// The steps that a run goes through; all at first.
    var range: Range<Int>

    var isMeasured = false {
        didSet { times.update(repeating: 0) }
    }

    var seconds: [Double] { times.map { Double($0) * 1e-9 } }

    init(
        _ planned: [Plan.Step], _ plan: Plan, _ program: CompiledProgram, _ addresses: [UnsafeMutableRawPointer],
        _ scratch: AlignedBuffer, _ scratchBytes: Int, _ pool: ThreadPool
    ) {
        self.pool = pool
        self.scratch = scratch
        self.scratchBytes = scratchBytes
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
                at: index, to: BoundStep(entry: program.entries[step.kernel], buffers: buffers, taskCount: kernel.taskCount))
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

    func run(thread: Int) {
        let mine = scratch.start + thread * scratchBytes
        var started = isMeasured && thread == 0 ? DispatchTime.now().uptimeNanoseconds : 0
        for index in range {
            let step = steps[index]
            let tasks = pool.share(of: step.taskCount, thread: thread)
            if !tasks.isEmpty { step.entry(step.buffers, mine, tasks.lowerBound, tasks.upperBound) }
            // The end of the job is a barrier of its own.
            if index + 1 < range.upperBound { pool.barrier() }
            if isMeasured && thread == 0 {
                let now = DispatchTime.now().uptimeNanoseconds
                times[index] += now - started
                started = now
            }
        }
    }
}
