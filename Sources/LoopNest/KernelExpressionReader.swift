import Graph

/// Elements of buffers, indices, and what registers are computed from.
extension KernelReader {
    /// `name[index]` or `name[index stride n]`; `stride` tells whether one must (true) or may (nil) be given.
    mutating func readElement(stride expected: Bool?) throws(KernelError) -> (BufferID, Index, stride: Int?) {
        let buffer = try readBufferName()
        try expect("[")
        let index = try readIndex()
        var stride: Int?
        if expected != false, try accept("stride") { stride = try readInteger() }
        if expected == true, stride == nil { throw error("expected 'stride', found \(token.phrase)") }
        try expect("]")
        return (buffer, index, stride)
    }

    mutating func readBufferName() throws(KernelError) -> BufferID {
        let place = token.offset
        let name = try readName("a buffer")
        let buffers = kernel.parameters + kernel.scratch
        if try accept("@") {
            let index = try readCount("the number of a buffer", atMost: 1 << 20)
            guard buffers.indices.contains(index), buffers[index].name == name else {
                throw lexer.error(at: place, "buffer \(index) is not called '\(name)'")
            }
            return BufferID(index)
        }
        guard let index = buffers.firstIndex(where: { $0.name == name }) else {
            let known = buffers.prefix(8).map { "'\($0.name)'" }.joined(separator: ", ")
            throw lexer.error(at: place, "there is no buffer '\(name)'", repair: known.isEmpty ? nil : "the kernel has \(known)")
        }
        return BufferID(index)
    }

    mutating func readIndex() throws(KernelError) -> Index {
        var budget = Self.longestIndex
        return try readSum(&budget)
    }

    mutating func spend(_ budget: inout Int) throws(KernelError) {
        budget -= 1
        if budget < 0 { throw error("an index has more than \(Self.longestIndex) parts") }
    }

    mutating func readSum(_ budget: inout Int) throws(KernelError) -> Index {
        var sum = try readProduct(&budget)
        while true {
            if try accept("+") {
                sum = .sum(sum, try readProduct(&budget))
            } else if try accept("-") {
                let place = token.offset
                guard case .constant(let value) = try readProduct(&budget) else {
                    throw lexer.error(at: place, "only a number can be subtracted", repair: "write `+ name * -1`")
                }
                sum = .sum(sum, .constant(0 &- value))
            } else {
                return sum
            }
        }
    }

    mutating func readProduct(_ budget: inout Int) throws(KernelError) -> Index {
        var product = try readPrimary(&budget)
        while true {
            try spend(&budget)
            if try accept("*") {
                product = .product(product, try readInteger())
            } else if try accept("/") {
                product = .quotient(product, try readInteger())
            } else if try accept("%") {
                product = .remainder(product, try readInteger())
            } else {
                return product
            }
        }
    }

    mutating func readPrimary(_ budget: inout Int) throws(KernelError) -> Index {
        try spend(&budget)
        switch token.kind {
        case .number, .sign("-"): return .constant(try readInteger())
        case .sign("("):
            try advance()
            let inner = try readSum(&budget)
            try expect(")")
            return inner
        case .word("min"), .word("max"):
            let isMinimum = token.kind == .word("min")
            try advance()
            try expect("(")
            let a = try readSum(&budget)
            try expect(",")
            let b = try readSum(&budget)
            try expect(")")
            return isMinimum ? .minimum(a, b) : .maximum(a, b)
        default: return .variable(try readVariable())
        }
    }

    mutating func readVariable() throws(KernelError) -> Variable {
        if try accept("task") { return .task }
        let place = token.offset
        let name = try readName("a loop variable")
        if try accept("@") {
            let index = try readCount("the number of a variable", atMost: 1 << 20)
            guard let found = scope.last(where: { $0.variable.index == index }), kernel.variableNames[index] == name else {
                throw lexer.error(at: place, "no loop around this place has the variable '\(name)@\(index)'")
            }
            return found.variable
        }
        guard let found = scope.last(where: { $0.isBare && kernel.variableNames[$0.variable.index] == name }) else {
            throw lexer.error(at: place, "no loop around this place has the variable '\(name)'")
        }
        return found.variable
    }

    // MARK: Operations

    private static let instructions = Dictionary(
        uniqueKeysWithValues: InstructionRow.all.filter(\.hasWord).map { ($0.name, $0) })

    /// What stands behind `%7 =`.
    mutating func readOperation() throws(KernelError) -> Operation {
        guard case .word(let word) = token.kind else { throw error("expected an operation, found \(token.phrase)") }
        guard let instruction = Self.instructions[word], instruction.result != nil else { throw error("there is no operation '\(word)'") }
        try advance()
        return instruction.compose(try readOperands(instruction))
    }

    /// An operation that gives no register: one that a word begins, or else an element, with or without a stride.
    mutating func readPerformed() throws(KernelError) -> Operation {
        if case .word(let word) = token.kind, let instruction = Self.instructions[word], instruction.result == nil {
            try advance()
            return instruction.compose(try readOperands(instruction))
        }
        let (buffer, index, stride) = try readElement(stride: nil)
        let instruction = stride == nil ? InstructionRow.store : .scatter
        return instruction.compose(try readOperands(instruction, after: .element(buffer, index, stride: stride ?? 1)))
    }

    /// The operands of an instruction, whose word, or `first` operand, was read.
    private mutating func readOperands(_ instruction: InstructionRow, after first: Operand? = nil) throws(KernelError) -> [Operand] {
        var operands: [Operand] = first.map { [$0] } ?? []
        for part in instruction.format.dropFirst(operands.count) {
            switch part {
            case .text(_, let tokens): for token in tokens { try expect(token) }
            case .place(.registers(let types)): operands += try readRegisters(types.count).map(Operand.register)
            case .place(let place): operands.append(try readOperand(place))
            }
        }
        return operands
    }

    private mutating func readOperand(_ place: Place) throws(KernelError) -> Operand {
        switch place {
        case .register, .registers: return .register(try readRegister())
        case .element(_, _, let isStrided):
            let (buffer, index, stride) = try readElement(stride: isStrided)
            return .element(buffer, index, stride: stride ?? 1)
        case .active: return .active(try accept("active") ? try readIndex() : nil)
        case .index: return .index(try readIndex())
        case .counter:
            let index = try readIndex()
            try expect("stride")
            return .counter(index, stride: try readInteger())
        case .integer: return .integer(try readInteger())
        case .number: return .number(try readNumber())
        case .combination: return .combination(try readWord("how lanes are combined", BinaryFunction.self))
        case .comparison: return .comparison(try readComparison())
        }
    }

    private mutating func readRegisters(_ count: Int) throws(KernelError) -> [Register] {
        let place = token.offset
        var registers: [Register] = []
        try readList { reader throws(KernelError) in registers.append(try reader.readRegister()) }
        guard registers.count == count else { throw lexer.error(at: place, "expected \(count) registers, found \(registers.count)") }
        return registers
    }

    private mutating func readComparison() throws(KernelError) -> Comparison {
        guard let comparison = Comparison.allCases.first(where: { token.kind == .sign($0.symbol) }) else {
            throw error("expected a comparison, found \(token.phrase)", repair: "one of <, <=, ==")
        }
        try advance()
        return comparison
    }

    mutating func readNumber() throws(KernelError) -> Double {
        let isNegative = try accept("-")
        let text: String
        switch token.kind {
        case .number(let digits), .word(let digits): text = digits
        default: throw error("expected a number, found \(token.phrase)")
        }
        guard let value = Double(text) else { throw error("\(token.phrase) is no number") }
        try advance()
        return isNegative ? -value : value
    }
}
