import Foundation

/// The memory of this process.
public enum ProcessMemory {
    /// The most bytes that were resident at one time: tensors, code and everything else.
    public static var peakBytes: Int {
        var usage = rusage()
        // RUSAGE_SELF, which each system declares with another type.
        getrusage(0, &usage)
        #if os(Linux)
            return usage.ru_maxrss * 1024
        #else
            return usage.ru_maxrss
        #endif
    }
}
