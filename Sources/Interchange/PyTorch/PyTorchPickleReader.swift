/// Reads a pickle (https://docs.python.org/3/library/pickletools.html) of protocols 0 to 5 as far as PyTorch writes them, and runs nothing.
///
/// Python's own reader calls whatever a pickle names. This one knows the names of `PyTorchName`, and refuses all others where they stand. Time
/// and memory are bounded by the length of the pickle: no opcode makes more than one value, and what calls copy is counted.
struct PyTorchPickleReader {
    /// The longest pickle that is read. That of a model has some hundred bytes a tensor.
    static let longest = 1 << 29

    let path: String
    /// The name of the pickle within an archive; nil where the file is the pickle.
    let entry: String?
    let bytes: UnsafeRawBufferPointer
    var pickle: PyTorchPickle
    var position: Int
    /// Where the opcode stands that is being read.
    var opcodeStart = 0
    private var stack: [PyTorchPickle.Reference] = []
    /// The heights of the stack at its marks.
    private var marks: [Int] = []
    /// What was memorized under 0, 1, …, as it is as a rule, and under other numbers.
    private var memo: [PyTorchPickle.Reference] = []
    private var otherMemo: [Int: PyTorchPickle.Reference] = [:]
    private var constants: [PyTorchPickle.Reference?] = [nil, nil, nil, nil]
    /// How many references calls have copied. A call takes few bytes, and may name a long list again and again.
    private var copied = 0

    /// - Parameter start: where the pickle begins.
    init(_ bytes: UnsafeRawBufferPointer, from start: Int = 0, path: String, entry: String? = nil) {
        self.bytes = bytes
        self.path = path
        self.entry = entry
        position = start
        pickle = PyTorchPickle(bytes)
    }

    /// Reads the pickle up to its end.
    static func read(
        _ bytes: UnsafeRawBufferPointer, from start: Int = 0, path: String, entry: String? = nil
    ) throws(InterchangeError) -> PyTorchPickle {
        var reader = PyTorchPickleReader(bytes, from: start, path: path, entry: entry)
        return try reader.read()
    }

    private mutating func read() throws(InterchangeError) -> PyTorchPickle {
        let start = position
        while true {
            opcodeStart = position
            if position - start > Self.longest {
                throw failure("the pickle is longer than \(Self.longest) bytes", repair: "save the weights alone: \(Self.saving)")
            }
            let opcode = try byte()
            if opcode == UInt8(ascii: ".") { break }
            try perform(opcode)
        }
        pickle.root = try pop()
        pickle.end = position
        return pickle
    }

    // MARK: Errors

    /// How weights alone are saved, for a repair.
    static let saving = "torch.save(model.state_dict(), 'weights.pth')"

    func failure(_ message: String, repair: String = "save the file again with torch.save, or copy it again") -> InterchangeError {
        guard let entry else { return InterchangeError(path, .byte(opcodeStart), message, repair: repair) }
        return InterchangeError(path, .entry("\(entry), byte \(opcodeStart)"), message, repair: repair)
    }

    private func damage() -> InterchangeError { failure("the pickle ends too early: the file is cut off, or is damaged") }

    // MARK: Bytes

    private mutating func byte() throws(InterchangeError) -> UInt8 {
        guard position < bytes.count else { throw damage() }
        position += 1
        return bytes[position - 1]
    }

    /// An unsigned little-endian integer of up to 8 bytes.
    private mutating func count(_ size: Int) throws(InterchangeError) -> Int {
        let range = try part(size)
        let value = range.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
        guard let count = Int(exactly: value) else { throw damage() }
        return count
    }

    private mutating func part(_ count: Int) throws(InterchangeError) -> Range<Int> {
        guard count >= 0, count <= bytes.count - position, position + count <= Int(Int32.max) else { throw damage() }
        position += count
        return position - count..<position
    }

    /// The rest of the line, which protocol 0 ends its arguments with.
    private mutating func line() throws(InterchangeError) -> Range<Int> {
        let start = position
        while try byte() != UInt8(ascii: "\n") {}
        guard position <= Int(Int32.max) else { throw damage() }
        return start..<position - 1
    }

    private func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    // MARK: The stack

    func value(_ reference: PyTorchPickle.Reference) -> PyTorchPickle.Value { pickle[reference] }

    mutating func add(_ value: PyTorchPickle.Value) throws(InterchangeError) -> PyTorchPickle.Reference {
        guard pickle.values.count < PyTorchPickle.mostValues else {
            throw failure(
                "the pickle has more than \(PyTorchPickle.mostValues) values", repair: "save the weights alone: \(Self.saving)")
        }
        pickle.values.append(value)
        return PyTorchPickle.Reference(pickle.values.count - 1)
    }

    private mutating func push(_ reference: PyTorchPickle.Reference) throws(InterchangeError) {
        guard stack.count < PyTorchPickle.mostValues else { throw failure("the pickle leaves more values behind than a file of weights") }
        stack.append(reference)
    }

    private mutating func push(_ value: PyTorchPickle.Value) throws(InterchangeError) { try push(try add(value)) }

    /// Pushes one of four values that are the same wherever they stand.
    private mutating func push(constant: Int, _ value: PyTorchPickle.Value) throws(InterchangeError) {
        let reference: PyTorchPickle.Reference
        if let known = constants[constant] { reference = known } else { reference = try add(value) }
        constants[constant] = reference
        try push(reference)
    }

    private mutating func pop() throws(InterchangeError) -> PyTorchPickle.Reference {
        guard stack.count > marks.last ?? 0 else { throw failure("the pickle takes a value where there is none") }
        return stack.removeLast()
    }

    private func top() throws(InterchangeError) -> PyTorchPickle.Reference {
        guard let last = stack.last, stack.count > marks.last ?? 0 else { throw failure("the pickle takes a value where there is none") }
        return last
    }

    /// The values behind the last mark, which goes with them.
    private mutating func popToMark() throws(InterchangeError) -> ArraySlice<PyTorchPickle.Reference> {
        guard let mark = marks.popLast() else { throw failure("the pickle takes values up to a mark that is not there") }
        // A slice would share the stack's memory, and taking values from the stack would copy all of it, at every mark.
        let values = Array(stack[mark...])
        stack.removeLast(values.count)
        return values[...]
    }

    /// Counts references that a call is about to copy.
    mutating func willCopy(_ count: Int) throws(InterchangeError) {
        copied += count
        if copied > PyTorchPickle.mostValues {
            throw failure(
                "the calls of the pickle copy more than \(PyTorchPickle.mostValues) values",
                repair: "save the weights alone: \(Self.saving)")
        }
    }

    mutating func tuple(_ references: ArraySlice<PyTorchPickle.Reference>) throws(InterchangeError) -> PyTorchPickle.Reference {
        let start = pickle.elements.count
        guard start + references.count <= Int(Int32.max) else { throw failure("the pickle has more values than a file of weights") }
        pickle.elements += references
        return try add(.tuple(start: Int32(start), count: Int32(references.count)))
    }

    mutating func list(_ references: ArraySlice<PyTorchPickle.Reference>) throws(InterchangeError) -> PyTorchPickle.Reference {
        pickle.lists.append(Array(references))
        return try add(.list(Int32(pickle.lists.count - 1)))
    }

    mutating func dictionary(_ references: ArraySlice<PyTorchPickle.Reference>) throws(InterchangeError) -> PyTorchPickle.Reference {
        pickle.dictionaries.append([])
        let made = try add(.dictionary(Int32(pickle.dictionaries.count - 1)))
        try set(references, in: made)
        return made
    }

    private mutating func set(
        _ references: ArraySlice<PyTorchPickle.Reference>, in dictionary: PyTorchPickle.Reference
    ) throws(InterchangeError) {
        guard references.count % 2 == 0 else { throw failure("the pickle has a key without a value") }
        guard case .dictionary(let number) = value(dictionary) else {
            throw failure("the pickle puts keys into \(pickle.kind(dictionary))")
        }
        let pairs = stride(from: references.startIndex, to: references.endIndex, by: 2).map { (references[$0], references[$0 + 1]) }
        pickle.dictionaries[Int(number)] += pairs.map { (key: $0, value: $1) }
    }

    private mutating func append(
        _ references: ArraySlice<PyTorchPickle.Reference>, to list: PyTorchPickle.Reference
    ) throws(InterchangeError) {
        switch value(list) {
        case .list(let number): pickle.lists[Int(number)] += references
        // A set, none of whose elements matter.
        case .ignored: break
        default: throw failure("the pickle appends to \(pickle.kind(list))")
        }
    }

    private mutating func memorize(_ number: Int) throws(InterchangeError) {
        let reference = try top()
        if number < memo.count {
            memo[number] = reference
        } else if number == memo.count, number < PyTorchPickle.mostValues {
            memo.append(reference)
        } else {
            guard otherMemo.count < PyTorchPickle.mostValues else { throw failure("the pickle memorizes more than a file of weights has") }
            otherMemo[number] = reference
        }
    }

    private mutating func recall(_ number: Int) throws(InterchangeError) {
        guard let reference = memo.indices.contains(number) ? memo[number] : otherMemo[number] else {
            throw failure("the pickle refers to its value \(number), which is not there")
        }
        try push(reference)
    }

    // MARK: Opcodes

    private mutating func perform(_ opcode: UInt8) throws(InterchangeError) {
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
