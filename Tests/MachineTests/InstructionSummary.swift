@testable import Machine

/// How many instructions of which kind a loop has (x86-64, in the assembler's syntax of AT&T).
struct InstructionSummary: CustomStringConvertible {
    /// Kinds that are always named: their absence says something.
    private static let always = ["vfmadd", "load", "store", "broadcast", "stack"]
    private var counts: [String: Int] = [:]
    private var total = 0

    /// Whether there are vectors among them.
    var hasVectors: Bool { counts.keys.contains { $0 != "scalar" } }

    init(_ instructions: some Sequence<String>) {
        for instruction in instructions {
            counts[Self.kind(instruction), default: 0] += 1
            total += 1
        }
    }

    /// The kind of an instruction: a plain word, or for other vector instructions their name. One that also reads memory says so.
    static func kind(_ instruction: String) -> String {
        let words = instruction.split(separator: " ", maxSplits: 1)
        let (name, operands) = (String(words[0]), words.count > 1 ? words[1] : "")
        let (hasMemory, hasVector) = (operands.contains("("), ["%xmm", "%ymm", "%zmm"].contains { operands.contains($0) })
        if name.hasPrefix("prefetch") { return "prefetch" }
        guard name.hasPrefix("v"), hasVector else { return "scalar" }
        if hasMemory, operands.contains("(%rsp") { return "stack" }
        if name.hasPrefix("vbroadcast") { return "broadcast" }
        if name.hasPrefix("vmov") || name.hasPrefix("vmaskmov") {
            guard hasMemory else { return "move" }
            // The target stands last; masks in braces behind it are no operand of their own.
            let plain = operands.replacing(/\{[^}]*\}/, with: "").trimmingPrefix { $0 == " " }
            let isStore = plain.split(separator: " ").last!.contains("(")
            return (isStore ? "store" : "load") + (name.hasPrefix("vmaskmov") || operands.contains("{%k") ? " masked" : "")
        }
        let word = name.hasPrefix("vfmadd") ? "vfmadd" : name
        return word + (operands.contains("{1to") ? " of a broadcast" : hasMemory ? " of memory" : "")
    }

    var description: String {
        let named = Self.always.map { "\($0) \(counts[$0] ?? 0)" }
        let others = counts.keys.filter { !Self.always.contains($0) && $0 != "scalar" }.sorted().map { "\($0) \(counts[$0]!)" }
        return "\(total) instructions: " + (named + others + ["scalar \(counts["scalar"] ?? 0)"]).joined(separator: ", ")
    }
}
