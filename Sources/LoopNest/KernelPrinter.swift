import Graph

extension Kernel: CustomStringConvertible {
    /// The kernel as a text that reads like the loop nests of a book; `KernelReader` reads it back.
    public var description: String { KernelPrinter(self).kernelText() }
}

/// Writes kernels as text.
///
/// Registers are `%7`; an element of a buffer is `name[index]`. A name that alone would not tell which variable or buffer is meant
/// carries its number: `y@3`.
public struct KernelPrinter {
    private let kernel: Kernel
    private let variables: [String]
    private let buffers: [String]

    public init(_ kernel: Kernel) {
        self.kernel = kernel
        let names = (kernel.parameters + kernel.scratch).map(\.name)
        var uses: [String: Int] = [:]
        for name in names { uses[name, default: 0] += 1 }
        buffers = names.indices.map { uses[names[$0]] == 1 ? Self.quoted(names[$0]) : "\(Self.quoted(names[$0]))@\($0)" }

        // A loop's variable is written bare if the reader would number it so and no enclosing loop has the name.
        var texts = kernel.variableNames.indices.map { "\(Self.quoted(kernel.variableNames[$0]))@\($0)" }
        if !texts.isEmpty { texts[0] = "task" }
        var expected = 1
        func visit(_ statements: [Statement], enclosing: [String]) {
            for statement in statements {
                switch statement {
                case .loop(let loop):
                    let index = loop.variable.index
                    var inner = enclosing
                    if kernel.variableNames.indices.contains(index) {
                        let name = kernel.variableNames[index]
                        if index == expected, !enclosing.contains(name) { texts[index] = Self.quoted(name) }
                        inner.append(name)
                    }
                    expected += 1
                    visit(loop.body, enclosing: inner)
                case .when(_, _, let body): visit(body, enclosing: enclosing)
                default: break
                }
            }
        }
        visit(kernel.body, enclosing: ["task"])
        variables = texts
    }

    /// Words with a meaning of their own, which are quoted when they are names: those that may stand where a name may, and some that texts
    /// have always quoted. Of instructions only those that begin a statement are needed, so the others' words can be names.
    static let reserved: Set<String> = Set(InstructionRow.table.filter { $0.result == nil }.flatMap(\.words)).union([
        "kernel", "lanes", "tasks", "registers", "scratch", "calls", "for", "in", "step", "unroll", "carrying", "next", "when", "and",
        "active",
        "stride", "stream", "at", "constant", "load", "broadcast", "gather", "fma", "select", "position", "uniform", "across", "keep",
        "min", "max", "task", "inf", "nan",
    ])

    /// `name`, in quotes unless it is letters, digits, underscores and dots.
    private static func quoted(_ name: String) -> String {
        reserved.contains(name) ? TextScanner.quoted(name) : TextScanner.text(ofName: name)
    }

    // MARK: Text

    func kernelText() -> String {
        var header = "kernel \(Self.quoted(kernel.name)) lanes \(kernel.lanes) tasks \(kernel.taskCount)"
        if kernel.registerCount != writtenRegisterCount { header += " registers \(kernel.registerCount)" }
        header += " " + list(kernel.parameters.map { "\(Self.quoted($0.name)): \($0.access.rawValue) \($0.element.rawValue)[\($0.count)]" })
        if !kernel.scratch.isEmpty {
            header += " scratch " + list(kernel.scratch.map { "\(Self.quoted($0.name)): \($0.element.rawValue)[\($0.count)]" })
        }
        if let call = kernel.call { header += text(call) }
        var lines = [header + " {"]
        append(kernel.body, indent: "  ", to: &lines)
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    /// Items in parentheses: on one line while they fit, otherwise a line each.
    func list(_ items: [String]) -> String {
        let line = "(" + items.joined(separator: ", ") + ")"
        return line.count <= 100 ? line : "(\n    " + items.joined(separator: ",\n    ") + ")"
    }

    /// One more than the largest register that occurs: what the reader assumes unless told otherwise.
    private var writtenRegisterCount: Int {
        var count = 0
        func visit(_ statements: [Statement]) {
            for statement in statements {
                switch statement {
                case .define(let register, _): count = max(count, register.index + 1)
                case .loop(let loop):
                    for carried in loop.carried { count = max(count, carried.inside.index + 1, carried.result.index + 1) }
                    visit(loop.body)
                case .when(_, let carried, let body):
                    for one in carried { count = max(count, one.inside.index + 1, one.result.index + 1) }
                    visit(body)
                case .perform: break
                }
            }
        }
        visit(kernel.body)
        return count
    }

    private func append(_ statements: [Statement], indent: String, to lines: inout [String]) {
        for statement in statements {
            lines.append(indent + text(statement))
            let carried: [Loop.Carried]
            switch statement {
            case .loop(let loop):
                carried = loop.carried
                append(loop.body, indent: indent + "  ", to: &lines)
            case .when(_, let registers, let body):
                carried = registers
                append(body, indent: indent + "  ", to: &lines)
            default: continue
            }
            if !carried.isEmpty { lines.append("\(indent)  next " + carried.map { text($0.next) }.joined(separator: ", ")) }
            lines.append(indent + "}")
        }
    }

    /// The statement on one line; of a loop or a condition the first line.
    public func text(_ statement: Statement) -> String {
        switch statement {
        case .define(let register, let operation): return "\(text(register)) = \(text(operation))"
        case .perform(let operation): return text(operation)
        case .loop(let loop):
            var words = "for \(name(loop.variable)) in \(text(loop.from)) ..< \(text(loop.to))"
            if loop.step != 1 { words += " step \(loop.step)" }
            if loop.unroll != 1 { words += " unroll \(loop.unroll)" }
            return carrying(loop.carried, words, namesInside: true)
        case .when(let conditions, let carried, _):
            let words = conditions.map { "\(text($0.lower)) <= \(text($0.index)) < \(text($0.upper))" }.joined(separator: " and ")
            return carrying(carried, "when " + words, namesInside: false)
        }
    }

    private func carrying(_ carried: [Loop.Carried], _ words: String, namesInside: Bool) -> String {
        if carried.isEmpty { return words + " {" }
        let results = carried.map { text($0.result) }.joined(separator: ", ")
        let initial = carried.map {
            !namesInside && $0.inside == $0.initial ? text($0.initial) : "\(text($0.inside)) = \(text($0.initial))"
        }
        return "(\(results)) = \(words) carrying (\(initial.joined(separator: ", "))) {"
    }

    private func text(_ register: Register) -> String { "%\(register.index)" }

    func name(_ buffer: BufferID) -> String { buffers.indices.contains(buffer.index) ? buffers[buffer.index] : "?@\(buffer.index)" }

    private func name(_ variable: Variable) -> String {
        variables.indices.contains(variable.index) ? variables[variable.index] : "?@\(variable.index)"
    }

    private func text(_ operation: Operation) -> String {
        let (instruction, operands) = operation.parts
        var result = instruction.hasWord ? instruction.name : ""
        var next = operands.makeIterator()
        for part in instruction.format {
            switch part {
            case .text(let text, _): result += text
            case .place(.registers(let types)):
                result += "(" + types.map { _ in next.next().map(text) ?? "" }.joined(separator: ", ") + ")"
            case .place(.element(_, _, isStrided: false)):
                if case .element(let buffer, let index, _)? = next.next() { result += "\(name(buffer))[\(text(index))]" }
            case .place: if let operand = next.next() { result += text(operand) }
            }
        }
        return result
    }

    private func text(_ operand: Operand) -> String {
        switch operand {
        case .register(let register): return text(register)
        case .element(let buffer, let index, let stride): return "\(name(buffer))[\(text(index)) stride \(stride)]"
        case .active(let count): return count.map { " active \(text($0))" } ?? ""
        case .index(let index): return text(index)
        case .counter(let index, let stride): return "\(text(index)) stride \(stride)"
        case .integer(let value): return "\(value)"
        case .number(let value):
            let digits = "\(value)"
            return digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits
        case .combination(let function): return function.rawValue
        case .comparison(let comparison): return comparison.symbol
        }
    }

    func text(_ index: Index) -> String {
        switch index {
        case .constant(let value): return "\(value)"
        case .variable(let variable): return name(variable)
        case .sum(let a, .constant(let b)) where b < 0 && b != .min: return "\(text(a)) - \(-b)"
        case .sum(let a, let b):
            if case .sum = b { return "\(text(a)) + (\(text(b)))" }
            return "\(text(a)) + \(text(b))"
        case .product(let a, let factor): return "\(factorText(a)) * \(factor)"
        case .quotient(let a, let divisor): return "\(factorText(a)) / \(divisor)"
        case .remainder(let a, let divisor): return "\(factorText(a)) % \(divisor)"
        case .minimum(let a, let b): return "min(\(text(a)), \(text(b)))"
        case .maximum(let a, let b): return "max(\(text(a)), \(text(b)))"
        }
    }

    private func factorText(_ index: Index) -> String {
        if case .sum = index { return "(\(text(index)))" }
        return text(index)
    }
}

extension Comparison {
    /// The comparison between two registers.
    var symbol: String {
        switch self {
        case .less: "<"
        case .lessOrEqual: "<="
        case .equal: "=="
        }
    }
}
