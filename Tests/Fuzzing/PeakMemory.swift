import Foundation

/// How much more memory the process had at some moment than at the beginning; of Linux alone.
struct PeakMemory {
    private let before: Int

    init() {
        // 5 sets the highest resident size to the present one (proc(5)).
        if let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") { try? file.write(contentsOf: Data("5".utf8)) }
        before = Self.field("VmRSS") ?? 0
    }

    /// In bytes; nil where the system does not tell.
    var growth: Int? { Self.field("VmHWM").map { $0 - before } }

    private static func field(_ name: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("\(name):") })
        else { return nil }
        return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }.map { $0 << 10 }
    }

    /// Besides what a file holds, in bytes: a reader's own buffers, and what the allocator keeps.
    private static let base = 64 << 20

    /// Throws where there was more than four times of what a file says that it holds.
    func require(atMost promised: Int, _ what: String) throws(FuzzFinding) {
        if let growth, growth > Self.base + 4 * promised {
            throw FuzzFinding(description: "\(what) took \(growth >> 20) MiB, and says that it holds \(promised) bytes")
        }
    }
}
