import Foundation

/// The memory of this process.
public enum ProcessMemory {
    /// The most bytes that were resident at one time: tensors, code and everything else.
    public static var peakBytes: Int {
        #if os(Linux)
            // What getrusage says begins with the peak of the process that started this one.
            if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
                let kibibytes = line.split(whereSeparator: \.isWhitespace).compactMap({ Int($0) }).first
            {
                return kibibytes * 1024
            }
        #endif
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
