import Foundation
import Machine
import Runtime

/// One task a thread, which all begin together.
final class PeakJob: ParallelJob {
    private let entry: KernelEntry
    private let pool: ThreadPool
    /// When each thread began and ended, in nanoseconds.
    private let times: UnsafeMutableBufferPointer<(began: UInt64, ended: UInt64)>
    /// What the kernel gets; not to be changed during a run.
    var buffers: [UnsafeMutableRawPointer?]

    init(_ entry: @escaping KernelEntry, _ buffers: [UnsafeMutableRawPointer?], _ pool: ThreadPool) {
        self.entry = entry
        self.buffers = buffers
        self.pool = pool
        times = .allocate(capacity: pool.threads)
        times.initialize(repeating: (0, 0))
    }

    deinit { times.deallocate() }

    func run(thread: Int) {
        // From here on no thread sleeps.
        pool.barrier()
        buffers.withUnsafeBufferPointer { table in
            guard let table = table.baseAddress else { return }
            let began = DispatchTime.now().uptimeNanoseconds
            entry(table, nil, thread, thread + 1)
            times[thread] = (began, DispatchTime.now().uptimeNanoseconds)
        }
    }

    /// How long a thread took in the last run.
    func seconds(of thread: Int) -> Double { Double(times[thread].ended - times[thread].began) * 1e-9 }

    /// From the first beginning to the last end.
    var seconds: Double {
        guard let first = times.map(\.began).min(), let last = times.map(\.ended).max() else { return .infinity }
        return Double(last - first) * 1e-9
    }
}
