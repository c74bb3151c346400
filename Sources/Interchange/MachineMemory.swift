import Foundation

/// The memory that this process can have.
public enum MachineMemory {
    /// The most bytes: the machine's memory, or less where a control group or a limit of the address space (`ulimit -v`) bounds it.
    public static let limit: Int = {
        let bounds = [Int(clamping: ProcessInfo.processInfo.physicalMemory), controlGroup, addressSpace]
        return bounds.compactMap { $0 }.min() ?? .max
    }()

    private static var controlGroup: Int? {
        let bound = try? String(contentsOfFile: "/sys/fs/cgroup/memory.max", encoding: .utf8)
        return bound.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// What the limit of the address space leaves besides what is mapped already, which is mostly code.
    private static var addressSpace: Int? {
        var bound = rlimit()
        guard getrlimit(addressSpaceLimit, &bound) == 0, bound.rlim_cur < rlim_t(Int.max) else { return nil }
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ").first.flatMap { Int($0) }
        return max(0, Int(bound.rlim_cur) - (pages ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))))
    }

    #if canImport(Glibc)
        private static let addressSpaceLimit = __rlimit_resource_t(RLIMIT_AS.rawValue)
    #else
        private static let addressSpaceLimit = RLIMIT_AS
    #endif

    /// Checks that so many bytes can be had, before they are taken.
    ///
    /// - Parameters:
    ///   - path: the file that says that it needs them.
    ///   - what: what they are for, such as `the array`.
    public static func require(_ bytes: Int, for what: String, path: String, repair: String) throws(InterchangeError) {
        // Where the system promises no more than it has, less than the machine's memory may be too much.
        if bytes <= limit, let probe = malloc(max(1, bytes)) { return free(probe) }
        throw InterchangeError(path, "\(what) needs \(text(bytes)) of memory, and there are \(text(limit))", repair: repair)
    }

    /// The bytes that a text such as `2GB`, `512MB` or `1.5GiB` stands for: of powers of 1000, or with an `i` of 1024. Nil for any other text, for
    /// less than one byte and for more than any machine has.
    public static func bytes(_ text: String) -> Int? {
        guard let match = text.wholeMatch(of: /([0-9]+(?:\.[0-9]+)?) ?([kKmMgGtT]?)(i?)[bB]/), let number = Double(match.1) else {
            return nil
        }
        guard match.3.isEmpty || !match.2.isEmpty else { return nil }
        let powers: [String: Double] = ["k": 1, "m": 2, "g": 3, "t": 4]
        let power = powers[match.2.lowercased()] ?? 0
        let bytes = (number * pow(match.3.isEmpty ? 1000 : 1024, power)).rounded()
        return (1..<0x1p60).contains(bytes) ? Int(bytes) : nil
    }

    /// A number of bytes in the unit that suits it, such as `23.4 GiB`.
    public static func text(_ bytes: Int) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var (value, unit) = (Double(bytes), 0)
        while value >= 1024, unit + 1 < units.count { (value, unit) = (value / 1024, unit + 1) }
        return unit == 0 ? "\(bytes) bytes" : String(format: "%.1f %@", value, units[unit])
    }
}
