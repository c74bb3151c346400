/// How many machine instructions of some kinds there are.
public struct InstructionCounts: Hashable, Sendable {
    public var all = 0
    /// Multiply-adds of vectors, dot products, and products of tiles.
    public var products = 0
    /// Reads and writes of memory, the stack's aside.
    public var loads = 0
    public var stores = 0
    /// Moves of vectors to and from the stack.
    public var spills = 0
    /// Of instructions of x86-64 or AArch64, as `Disassembly` has them.
    public init(_ instructions: some Sequence<String>) {
        for instruction in instructions {
            all += 1
            let name = instruction.prefix { $0 != " " && $0 != "\t" }
            if Disassembly.isSpill(instruction) {
                spills += 1
                continue
            }
            if Self.productNames.contains(where: name.hasPrefix) { products += 1 }
            guard let access = Self.access(name, instruction) else { continue }
            if access == .write { stores += 1 } else { loads += 1 }
        }
    }

    private enum Access { case read, write }

    private static let productNames = ["vfmadd", "vfmsub", "vfnmadd", "vdpbf16ps", "vpdpbusd", "tdp", "fmla", "fmls", "bfdot", "bfmmla"]

    /// Whether an instruction reads or writes memory other than the stack; nil where it does neither.
    private static func access(_ name: Substring, _ instruction: String) -> Access? {
        if name.hasPrefix("tileload") { return .read }
        if name.hasPrefix("tilestore") { return .write }
        // AArch64.
        if instruction.contains("["), !instruction.contains("[sp") {
            if name.hasPrefix("ld") { return .read }
            if name.hasPrefix("st") { return .write }
        }
        // x86: the last operand is where a move goes.
        guard instruction.contains("("), !instruction.contains("(%rsp"), !name.hasPrefix("lea"), !name.hasPrefix("prefetch") else {
            return nil
        }
        let isMove = name.hasPrefix("vmov") || name.hasPrefix("mov") || name.hasPrefix("vextract") || name.hasPrefix("vscatter")
        return isMove && instruction.hasSuffix(")") ? .write : .read
    }
}
