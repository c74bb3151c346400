import CompiledC
import Graph

/// A C function that a kernel calls once a task, in place of a body: `calls f with "0.5f" on (x[0 step 70 of 2, 5, 7], …) of "C text"`.
///
/// Its arguments are the addresses of the arrays, all their extents one after the other, and the function's numbers.
public struct ArrayCall: Hashable, Sendable {
    public struct Array: Hashable, Sendable {
        public var buffer: BufferID
        /// Where the first task's begins, in elements, and how far each next one lies behind; 0 where all tasks read the same.
        public var start: Int
        public var step: Int
        public var extents: [Int]

        public init(_ buffer: BufferID, start: Int, step: Int, extents: [Int]) {
            self.buffer = buffer
            self.start = start
            self.step = step
            self.extents = extents
        }

        /// The number of elements; nil where it overflows.
        var count: Int? {
            var count = 1
            for extent in extents {
                let (product, overflows) = count.multipliedReportingOverflow(by: extent)
                guard extent > 0, !overflows, product <= KernelReader.mostElements else { return nil }
                count = product
            }
            return count
        }
    }

    public var source: String
    public var name: String
    public var numbers: [String]
    public var arrays: [Array]

    public init(source: String, name: String, numbers: [String], arrays: [Array]) {
        self.source = source
        self.name = name
        self.numbers = numbers
        self.arrays = arrays
    }

    /// What is compiled.
    public var function: ArrayFunction { ArrayFunction(source: source, name: name, arrays: arrays.count, numbers: numbers) }

    /// All extents, one after the other.
    public var shape: [Int] { arrays.flatMap(\.extents) }
}

// MARK: - Rules

extension Kernel {
    /// What is wrong with the kernel's call: each task's part of every array lies in its buffer, and what it writes belongs to it alone.
    var callProblem: String? {
        guard let call else { return nil }
        guard body.isEmpty, scratch.isEmpty else { return "a kernel that calls a function has neither a body nor scratch" }
        let accesses = call.arrays.filter { parameters.indices.contains($0.buffer.index) }.map { parameters[$0.buffer.index].access }
        guard !accesses.drop(while: { $0 == .read }).contains(.read) else { return "what a function reads stands before what it writes" }
        var written: [BufferID: [(start: Int, end: Int, step: Int)]] = [:]
        for array in call.arrays {
            guard parameters.indices.contains(array.buffer.index) else { return "there is no buffer \(array.buffer.index)" }
            let buffer = parameters[array.buffer.index]
            guard buffer.element == .f32 else { return "'\(buffer.name)' holds \(buffer.element), and C functions take f32" }
            guard buffer.access != .readWrite else { return "'\(buffer.name)' is both read and written" }
            guard let count = array.count, array.start >= 0, array.step >= 0 else { return "the part of '\(buffer.name)' is of no size" }
            let (last, overflows) = array.step.multipliedReportingOverflow(by: taskCount - 1)
            let (end, overflowsToo) = last.addingReportingOverflow(count)
            guard !overflows, !overflowsToo, array.start <= buffer.count, end <= buffer.count - array.start else {
                return "the tasks go beyond the \(buffer.count) elements of '\(buffer.name)'"
            }
            if buffer.access == .write { written[array.buffer, default: []].append((array.start, array.start + count, array.step)) }
        }
        for (buffer, parts) in written {
            let parts = parts.sorted { $0.start < $1.start }
            let span = (parts.last?.end ?? 0) - (parts.first?.start ?? 0)
            let isApart = zip(parts, parts.dropFirst()).allSatisfy { $0.end <= $1.start && $0.step == $1.step }
            guard isApart, taskCount == 1 || parts.allSatisfy({ $0.step >= span }) else {
                return "what the tasks write of '\(parameters[buffer.index].name)' overlaps"
            }
        }
        return nil
    }
}

// MARK: - Text

extension KernelPrinter {
    /// What stands behind the buffers.
    func text(_ call: ArrayCall) -> String {
        let arrays = call.arrays.map { array in
            "\(name(array.buffer))[\(array.start) step \(array.step)"
                + (array.extents.isEmpty ? "" : " of " + array.extents.map(String.init).joined(separator: ", ")) + "]"
        }
        return " calls \(TextScanner.quoted(call.name)) with \(TextScanner.quoted(call.numbers.joined(separator: ", "))) on "
            + list(arrays) + " of \(TextScanner.quoted(call.source))"
    }
}

extension KernelReader {
    mutating func readCall() throws(KernelError) -> ArrayCall {
        let name = try readText("the function's name")
        try expect("with")
        let numbers = try readText("the function's numbers").split(separator: ",").map { String($0.drop { $0 == " " }) }
        try expect("on")
        var arrays: [ArrayCall.Array] = []
        try readList { reader throws(KernelError) in arrays.append(try reader.readArray()) }
        try expect("of")
        let source = try readText("the C text")
        guard name.isNameInC else { throw error("'\(name)' is no name of a C function") }
        for number in numbers where !number.isNumberInC { throw error("'\(number)' is no number of C") }
        return ArrayCall(source: source, name: name, numbers: numbers, arrays: arrays)
    }

    private mutating func readArray() throws(KernelError) -> ArrayCall.Array {
        let buffer = try readBufferName()
        try expect("[")
        let start = try readCount("where the array begins", atMost: Self.mostElements)
        try expect("step")
        let step = try readCount("a step", atMost: Self.mostElements)
        var extents: [Int] = []
        if try accept("of") {
            repeat { extents.append(try readCount("an extent", atMost: Self.mostElements)) } while try accept(",") && extents.count < 8
        }
        try expect("]")
        return ArrayCall.Array(buffer, start: start, step: step, extents: extents)
    }

    private mutating func readText(_ what: String) throws(KernelError) -> String {
        guard case .name(let text) = token.kind else { throw error("expected \(what) in quotes, found \(token.phrase)") }
        try advance()
        return text
    }
}
