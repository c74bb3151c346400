import Graph

/// Elements of buffers, indices, and what registers are computed from.
extension KernelReader {
    mutating func readActive() throws(KernelError) -> Index? { try accept("active") ? try readIndex() : nil }

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

    mutating func readOperation() throws(KernelError) -> Operation {
        guard case .word(let word) = token.kind else { throw error("expected an operation, found \(token.phrase)") }
        let place = token.offset
        try advance()
        switch word {
        case "constant": return .constant(try readNumber())
        case "load":
            let (buffer, index, _) = try readElement(stride: false)
            return .load(buffer, index, active: try readActive())
        case "broadcast":
            let (buffer, index, _) = try readElement(stride: false)
            return .broadcast(buffer, index)
        case "gather":
            let (buffer, index, stride) = try readElement(stride: true)
            return .gather(buffer, index, stride: stride ?? 1, active: try readActive())
        case "fma":
            let operands = try readOperands(3)
            return .fusedMultiplyAdd(operands[0], operands[1], operands[2])
        case "select": return try readSelect()
        case "position":
            let index = try readIndex()
            try expect("stride")
            return .position(index, stride: try readInteger())
        case "uniform":
            try expect("(")
            let seed = try readRegister()
            try expect(",")
            try expect("stream")
            let stream = try readInteger()
            try expect(")")
            try expect("at")
            let index = try readIndex()
            try expect("stride")
            return .uniform(seed: seed, stream: stream, index, stride: try readInteger())
        case "across":
            let function = try readWord("how lanes are combined", BinaryFunction.self)
            return .acrossLanes(function, try readOperands(1)[0])
        case "keep":
            let value = try readRegister()
            try expect("active")
            return .keep(value, active: try readIndex())
        default:
            if let function = UnaryFunction(rawValue: word) { return .unary(function, try readOperands(1)[0]) }
            if let function = BinaryFunction(rawValue: word) {
                let operands = try readOperands(2)
                return .binary(function, operands[0], operands[1])
            }
            throw lexer.error(at: place, "there is no operation '\(word)'")
        }
    }

    mutating func readOperands(_ count: Int) throws(KernelError) -> [Register] {
        let place = token.offset
        var operands: [Register] = []
        try readList { reader throws(KernelError) in operands.append(try reader.readRegister()) }
        guard operands.count == count else { throw lexer.error(at: place, "expected \(count) registers, found \(operands.count)") }
        return operands
    }

    mutating func readSelect() throws(KernelError) -> Operation {
        try expect("(")
        let a = try readRegister()
        guard let comparison = Comparison.allCases.first(where: { token.kind == .sign($0.symbol) }) else {
            throw error("expected a comparison, found \(token.phrase)", repair: "one of <, <=, ==")
        }
        try advance()
        let b = try readRegister()
        try expect(",")
        let then = try readRegister()
        try expect(",")
        let otherwise = try readRegister()
        try expect(")")
        return .select(comparison, a, b, then: then, otherwise: otherwise)
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
