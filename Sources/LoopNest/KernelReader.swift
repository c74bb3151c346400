import Graph

/// Reads kernels from the text that `KernelPrinter` writes.
///
/// The text may come from anyone: nesting, counts and numbers are bounded, and every kernel is verified before it is returned.
public struct KernelReader {
    static let deepestNesting = 48
    static let longestIndex = 400
    static let mostRegisters = 1 << 20
    static let mostElements = 1 << 40

    var lexer: KernelLexer
    var token: KernelToken
    var kernel = Kernel(name: "", lanes: 1, taskCount: 1, parameters: [])
    /// The variables in scope, innermost last; `isBare` if declared without a number.
    var scope: [(variable: Variable, isBare: Bool)] = []
    var loopCount = 0
    var depth = 0

    init(_ text: String) throws(KernelError) {
        lexer = KernelLexer(text)
        token = try lexer.next()
    }

    /// The kernels of a text, in order.
    ///
    /// - Throws: `KernelError.text` at the first place that cannot be read, `KernelError.invalid` for a kernel that breaks a rule.
    public static func read(_ text: String) throws(KernelError) -> [Kernel] { try read(text, checksAccesses: true) }

    /// Reads kernels whose accesses, without `checksAccesses`, may lie outside of their buffers.
    static func read(_ text: String, checksAccesses: Bool) throws(KernelError) -> [Kernel] {
        var reader = try KernelReader(text)
        var kernels: [Kernel] = []
        while reader.token.kind != .end {
            let kernel = try reader.readKernel()
            try kernel.verify(accesses: checksAccesses)
            kernels.append(kernel)
        }
        return kernels
    }

    // MARK: Tokens

    func error(_ message: String, repair: String? = nil) -> KernelError { lexer.error(at: token.offset, message, repair: repair) }

    mutating func advance() throws(KernelError) { token = try lexer.next() }

    /// Takes the sign or keyword if it comes next.
    mutating func accept(_ text: String) throws(KernelError) -> Bool {
        guard token.kind == .sign(text) || token.kind == .word(text) else { return false }
        try advance()
        return true
    }

    mutating func expect(_ text: String) throws(KernelError) {
        guard try accept(text) else { throw error("expected '\(text)', found \(token.phrase)") }
    }

    mutating func readName(_ what: String) throws(KernelError) -> String {
        switch token.kind {
        case .word(let name) where !KernelPrinter.reserved.contains(name), .name(let name):
            try advance()
            return name
        case .word(let name):
            throw error("'\(name)' is a word of the language, not the name of \(what)", repair: "write it as \"\(name)\"")
        default: throw error("expected the name of \(what), found \(token.phrase)")
        }
    }

    mutating func readInteger() throws(KernelError) -> Int {
        let isNegative = try accept("-")
        guard case .number(let digits) = token.kind else { throw error("expected an integer, found \(token.phrase)") }
        guard let value = Int((isNegative ? "-" : "") + digits) else { throw error("\(token.phrase) is no 64-bit integer") }
        try advance()
        return value
    }

    mutating func readCount(_ what: String, atMost limit: Int) throws(KernelError) -> Int {
        let place = token.offset
        let value = try readInteger()
        guard value >= 0, value <= limit else { throw lexer.error(at: place, "\(what) must lie in 0 ... \(limit)") }
        return value
    }

    mutating func readRegister() throws(KernelError) -> Register {
        guard case .register(let index) = token.kind else { throw error("expected a register such as %0, found \(token.phrase)") }
        guard let index, index < Self.mostRegisters else { throw error("a register's number must be below \(Self.mostRegisters)") }
        try advance()
        return Register(index)
    }

    /// Items between parentheses, separated by commas.
    mutating func readList(_ readItem: (inout KernelReader) throws(KernelError) -> Void) throws(KernelError) {
        try expect("(")
        if try accept(")") { return }
        repeat { try readItem(&self) } while try accept(",")
        try expect(")")
    }

    // MARK: Kernel

    mutating func readKernel() throws(KernelError) -> Kernel {
        kernel = Kernel(name: "", lanes: 1, taskCount: 1, parameters: [])
        scope = [(.task, true)]
        loopCount = 0
        try expect("kernel")
        kernel.name = try readName("a kernel")
        try expect("lanes")
        kernel.lanes = try readCount("the number of lanes", atMost: 16)
        try expect("tasks")
        kernel.taskCount = try readCount("the number of tasks", atMost: 1 << 30)
        if try accept("registers") { kernel.registerCount = try readCount("the number of registers", atMost: Self.mostRegisters) }
        try readList { reader throws(KernelError) in reader.kernel.parameters.append(try reader.readBuffer(isScratch: false)) }
        if try accept("scratch") {
            try readList { reader throws(KernelError) in reader.kernel.scratch.append(try reader.readBuffer(isScratch: true)) }
        }
        if try accept("calls") { kernel.call = try readCall() }
        kernel.body = try readBlock(carried: 0).statements
        return kernel
    }

    mutating func readBuffer(isScratch: Bool) throws(KernelError) -> Buffer {
        let name = try readName("a buffer")
        try expect(":")
        let access = isScratch ? .readWrite : try readWord("how the buffer is accessed", Buffer.Access.self)
        let element = try readElementType()
        try expect("[")
        let count = try readCount("the number of elements", atMost: Self.mostElements)
        try expect("]")
        return Buffer(name, element, count: count, access: access)
    }

    mutating func readElementType() throws(KernelError) -> StoredElement {
        guard case .word(let text) = token.kind, let element = StoredElement.ofKernels.first(where: { $0.rawValue == text }) else {
            let known = StoredElement.ofKernels.map(\.rawValue).joined(separator: ", ")
            throw error("expected an element type, found \(token.phrase)", repair: "one of \(known)")
        }
        try advance()
        return element
    }

    /// A word that is the raw value of a case.
    mutating func readWord<Word: RawRepresentable & CaseIterable>(
        _ what: String, _: Word.Type
    ) throws(KernelError) -> Word where Word.RawValue == String {
        guard case .word(let text) = token.kind, let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw error("expected \(what), found \(token.phrase)", repair: "one of \(known)")
        }
        try advance()
        return word
    }

    mutating func readBlock(carried: Int) throws(KernelError) -> (statements: [Statement], next: [Register]) {
        depth += 1
        guard depth <= Self.deepestNesting else { throw error("blocks are nested more than \(Self.deepestNesting) deep") }
        try expect("{")
        var statements: [Statement] = []
        while token.kind != .sign("}"), token.kind != .word("next") { statements.append(try readStatement()) }
        var next: [Register] = []
        let place = token.offset
        if try accept("next") {
            repeat { next.append(try readRegister()) } while try accept(",")
        }
        guard next.count == carried else {
            throw lexer.error(at: place, "the block carries \(carried) registers and ends with \(next.count) for the next turn")
        }
        try expect("}")
        depth -= 1
        return (statements, next)
    }

    // MARK: Statements

    mutating func readStatement() throws(KernelError) -> Statement {
        switch token.kind {
        case .register:
            let result = try readRegister()
            kernel.registerCount = max(kernel.registerCount, result.index + 1)
            try expect("=")
            return .define(result, try readOperation())
        case .sign("("):
            var results: [Register] = []
            try readList { reader throws(KernelError) in results.append(try reader.readRegister()) }
            try expect("=")
            return try readScoped(results)
        case .word("for"), .word("when"): return try readScoped([])
        default: return .perform(try readPerformed())
        }
    }

    mutating func readScoped(_ results: [Register]) throws(KernelError) -> Statement {
        if try accept("when") {
            var conditions: [IndexRange] = []
            repeat {
                let lower = try readIndex()
                try expect("<=")
                let index = try readIndex()
                try expect("<")
                conditions.append(IndexRange(index, lower, try readIndex()))
            } while try accept("and")
            var carried = try readCarried(results)
            let (body, next) = try readBlock(carried: carried.count)
            for index in carried.indices { carried[index].next = next[index] }
            return .when(conditions, carried: carried, body: body)
        }
        try expect("for")
        loopCount += 1
        let declared = try readDeclaration()
        try expect("in")
        let from = try readIndex()
        try expect("..<")
        let to = try readIndex()
        let step = try accept("step") ? try readCount("a step", atMost: .max) : 1
        let unroll = try accept("unroll") ? try readCount("the number of unrolled turns", atMost: 1 << 16) : 1
        var carried = try readCarried(results)
        scope.append(declared)
        let (body, next) = try readBlock(carried: carried.count)
        scope.removeLast()
        for index in carried.indices { carried[index].next = next[index] }
        return .loop(Loop(variable: declared.variable, from: from, to: to, step: step, unroll: unroll, carried: carried, body: body))
    }

    /// The carried registers, with `next` still to be filled in.
    mutating func readCarried(_ results: [Register]) throws(KernelError) -> [Loop.Carried] {
        var carried: [Loop.Carried] = []
        let place = token.offset
        if try accept("carrying") {
            try readList { reader throws(KernelError) in
                let inside = try reader.readRegister()
                let initial = try reader.accept("=") ? try reader.readRegister() : inside
                let result = carried.count < results.count ? results[carried.count] : inside
                carried.append(Loop.Carried(inside: inside, initial: initial, next: inside, result: result))
            }
        }
        guard carried.count == results.count else {
            throw lexer.error(at: place, "\(results.count) registers are assigned and \(carried.count) carried")
        }
        for one in carried { kernel.registerCount = max(kernel.registerCount, one.inside.index + 1, one.result.index + 1) }
        return carried
    }

    mutating func readDeclaration() throws(KernelError) -> (variable: Variable, isBare: Bool) {
        let name = try readName("a loop variable")
        var index = loopCount
        let isBare = try !accept("@")
        if !isBare { index = try readCount("the number of a variable", atMost: 1 << 16) }
        while kernel.variableNames.count <= index { kernel.variableNames.append("") }
        guard kernel.variableNames[index].isEmpty, !name.isEmpty else {
            throw error("loop variable \(index) is declared twice or has no name")
        }
        kernel.variableNames[index] = name
        return (Variable(index), isBare)
    }
}
