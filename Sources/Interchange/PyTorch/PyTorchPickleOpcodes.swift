// What the opcodes of pickles do (https://docs.python.org/3/library/pickletools.html).
extension PyTorchPickleReader {
    /// Does what an opcode says; those of the stack, of collections and of calls.
    mutating func perform(_ opcode: UInt8) throws(InterchangeError) {
        switch opcode {
        // How the stack is used, and numbers of the memo.
        case UInt8(ascii: "("):
            guard marks.count < PyTorchPickle.mostValues else { throw failure("the pickle has more marks than a file of weights") }
            marks.append(stack.count)
        case UInt8(ascii: "0"): if stack.count == marks.last { marks.removeLast() } else { _ = try pop() }
        case UInt8(ascii: "1"): _ = try popToMark()
        case UInt8(ascii: "2"): try push(try top())
        case UInt8(ascii: "p"): try memorize(try number(try line()))
        case UInt8(ascii: "q"): try memorize(try count(1))
        case UInt8(ascii: "r"): try memorize(try count(4))
        case 0x94: try memorize(memo.count + otherMemo.count)
        case UInt8(ascii: "g"): try recall(try number(try line()))
        case UInt8(ascii: "h"): try recall(try count(1))
        case UInt8(ascii: "j"): try recall(try count(4))
        // Protocol and frame: nothing that has to be done.
        case 0x80:
            let version = try byte()
            if version > 5 {
                throw failure("version \(version) of the pickle protocol is not known", repair: "save the file with torch.save")
            }
        case 0x95: _ = try count(8)
        // Collections.
        case UInt8(ascii: ")"): try push(constant: 0, .tuple(start: 0, count: 0))
        case UInt8(ascii: "t"): try push(try tuple(try popToMark()))
        case 0x85, 0x86, 0x87:
            var references: [PyTorchPickle.Reference] = []
            for _ in 0..<opcode - 0x84 { references.append(try pop()) }
            try push(try tuple(references.reversed()[...]))
        case UInt8(ascii: "]"): try push(try list([]))
        case UInt8(ascii: "l"): try push(try list(try popToMark()))
        case UInt8(ascii: "a"):
            let last = try pop()
            try append([last], to: try top())
        case UInt8(ascii: "e"):
            let references = try popToMark()
            try append(references, to: try top())
        case UInt8(ascii: "}"): try push(try dictionary([]))
        case UInt8(ascii: "d"): try push(try dictionary(try popToMark()))
        case UInt8(ascii: "s"):
            let last = try pop()
            let key = try pop()
            try set([key, last], in: try top())
        case UInt8(ascii: "u"):
            let references = try popToMark()
            try set(references, in: try top())
        case 0x8f: try push(.ignored)
        case 0x90:
            let references = try popToMark()
            try append(references, to: try top())
        case 0x91:
            _ = try popToMark()
            try push(.ignored)
        // Names, and what is made with them.
        case UInt8(ascii: "c"):
            let module = string(try line())
            try push(try name(module, string(try line())))
        case 0x93:
            let (name, module) = (try pop(), try pop())
            guard let module = pickle.text(module), let name = pickle.text(name) else {
                throw failure("the pickle names something without a text")
            }
            try push(try self.name(module, name))
        case UInt8(ascii: "i"):
            let module = string(try line())
            throw refusal(module, string(try line()))
        case UInt8(ascii: "R"), 0x81:
            let (arguments, callee) = (try pop(), try pop())
            try push(try call(callee, arguments))
        case UInt8(ascii: "b"):
            let state = try pop()
            try build(try top(), state)
        case UInt8(ascii: "Q"): try push(try storage(try pop()))
        default: try performOther(opcode)
        }
    }

    /// Scalars, and what is refused.
    private mutating func performOther(_ opcode: UInt8) throws(InterchangeError) {
        switch opcode {
        case UInt8(ascii: "N"): try push(constant: 1, .none)
        case 0x88: try push(constant: 2, .boolean(true))
        case 0x89: try push(constant: 3, .boolean(false))
        case UInt8(ascii: "K"): try push(.integer(try count(1)))
        case UInt8(ascii: "M"): try push(.integer(try count(2)))
        case UInt8(ascii: "J"): try push(.integer(Int(Int32(truncatingIfNeeded: try count(4)))))
        case UInt8(ascii: "I"):
            // So protocol 0 and 1 spell booleans.
            let text = string(try line())
            if text == "00" || text == "01" { try push(.boolean(text == "01")) } else { try push(.integer(try number(text))) }
        case UInt8(ascii: "L"):
            let text = string(try line())
            try push(.integer(try number(text.hasSuffix("L") ? String(text.dropLast()) : text)))
        case 0x8a: try pushLong(try part(try count(1)))
        case 0x8b: try pushLong(try part(try count(4)))
        case UInt8(ascii: "F"):
            _ = try line()
            try push(.ignored)
        case UInt8(ascii: "G"):
            _ = try part(8)
            try push(.ignored)
        case UInt8(ascii: "X"), UInt8(ascii: "T"): try pushText(try part(try count(4)))
        case 0x8c, UInt8(ascii: "U"): try pushText(try part(try count(1)))
        case 0x8d: try pushText(try part(try count(8)))
        case UInt8(ascii: "S"):
            let quoted = try line()
            guard quoted.count >= 2, let quote = bytes[quoted].first, "'\"".utf8.contains(quote), bytes[quoted].last == quote else {
                throw failure("a text of the pickle is not in quotes")
            }
            try pushText(quoted.lowerBound + 1..<quoted.upperBound - 1, isEscaped: true)
        case UInt8(ascii: "V"): try pushText(try line(), isEscaped: true)
        case UInt8(ascii: "B"): try skip(try count(4))
        case UInt8(ascii: "C"): try skip(try count(1))
        case 0x8e, 0x96: try skip(try count(8))
        case 0x82, 0x83, 0x84:
            throw failure("it names an object by a number of Python's extension registry, which is not read", repair: Self.distrust)
        case UInt8(ascii: "o"), 0x92: throw failure("it makes an object of a Python class, which is not read", repair: Self.distrust)
        case UInt8(ascii: "P"), 0x97, 0x98:
            throw failure("it refers to something outside of the file, which is not read", repair: Self.distrust)
        default: throw failure("the byte 0x\(String(opcode, radix: 16)) is no opcode of a pickle")
        }
    }

    private mutating func skip(_ count: Int) throws(InterchangeError) {
        _ = try part(count)
        try push(.ignored)
    }

    private mutating func pushText(_ range: Range<Int>, isEscaped: Bool = false) throws(InterchangeError) {
        if isEscaped, bytes[range].contains(UInt8(ascii: "\\")) {
            throw failure("a text of the pickle has escapes, which are not read", repair: "save the file with a newer torch.save")
        }
        try push(.text(start: Int32(range.lowerBound), count: Int32(range.count)))
    }

    private mutating func pushLong(_ range: Range<Int>) throws(InterchangeError) {
        guard range.count <= 8 else { return try push(.longInteger(start: Int32(range.lowerBound), count: Int32(range.count))) }
        let bits = range.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
        let unused = 64 - 8 * range.count
        // The topmost bit that is there is the sign.
        try push(.integer(range.isEmpty ? 0 : Int(Int64(bitPattern: bits << UInt64(unused)) >> Int64(unused))))
    }

    private func number(_ range: Range<Int>) throws(InterchangeError) -> Int { try number(string(range)) }

    private func number(_ text: String) throws(InterchangeError) -> Int {
        guard let number = Int(text) else { throw failure("the pickle has no number here") }
        return number
    }
}
