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
    private(set) var stack: [PyTorchPickle.Reference] = []
    /// The heights of the stack at its marks.
    var marks: [Int] = []
    /// What was memorized under 0, 1, …, as it is as a rule, and under other numbers.
    private(set) var memo: [PyTorchPickle.Reference] = []
    private(set) var otherMemo: [Int: PyTorchPickle.Reference] = [:]
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

    mutating func byte() throws(InterchangeError) -> UInt8 {
        guard position < bytes.count else { throw damage() }
        position += 1
        return bytes[position - 1]
    }

    /// An unsigned little-endian integer of up to 8 bytes.
    mutating func count(_ size: Int) throws(InterchangeError) -> Int {
        let range = try part(size)
        let value = range.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
        guard let count = Int(exactly: value) else { throw damage() }
        return count
    }

    mutating func part(_ count: Int) throws(InterchangeError) -> Range<Int> {
        guard count >= 0, count <= bytes.count - position, position + count <= Int(Int32.max) else { throw damage() }
        position += count
        return position - count..<position
    }

    /// The rest of the line, which protocol 0 ends its arguments with.
    mutating func line() throws(InterchangeError) -> Range<Int> {
        let start = position
        while try byte() != UInt8(ascii: "\n") {}
        guard position <= Int(Int32.max) else { throw damage() }
        return start..<position - 1
    }

    func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

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

    mutating func push(_ reference: PyTorchPickle.Reference) throws(InterchangeError) {
        guard stack.count < PyTorchPickle.mostValues else { throw failure("the pickle leaves more values behind than a file of weights") }
        stack.append(reference)
    }

    mutating func push(_ value: PyTorchPickle.Value) throws(InterchangeError) { try push(try add(value)) }

    /// Pushes one of four values that are the same wherever they stand.
    mutating func push(constant: Int, _ value: PyTorchPickle.Value) throws(InterchangeError) {
        let reference: PyTorchPickle.Reference
        if let known = constants[constant] { reference = known } else { reference = try add(value) }
        constants[constant] = reference
        try push(reference)
    }

    mutating func pop() throws(InterchangeError) -> PyTorchPickle.Reference {
        guard stack.count > marks.last ?? 0 else { throw failure("the pickle takes a value where there is none") }
        return stack.removeLast()
    }

    func top() throws(InterchangeError) -> PyTorchPickle.Reference {
        guard let last = stack.last, stack.count > marks.last ?? 0 else { throw failure("the pickle takes a value where there is none") }
        return last
    }

    /// The values behind the last mark, which goes with them.
    mutating func popToMark() throws(InterchangeError) -> ArraySlice<PyTorchPickle.Reference> {
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

    mutating func set(
        _ references: ArraySlice<PyTorchPickle.Reference>, in dictionary: PyTorchPickle.Reference
    ) throws(InterchangeError) {
        guard references.count % 2 == 0 else { throw failure("the pickle has a key without a value") }
        guard case .dictionary(let number) = value(dictionary) else {
            throw failure("the pickle puts keys into \(pickle.kind(dictionary))")
        }
        let pairs = stride(from: references.startIndex, to: references.endIndex, by: 2).map { (references[$0], references[$0 + 1]) }
        pickle.dictionaries[Int(number)] += pairs.map { (key: $0, value: $1) }
    }

    mutating func append(
        _ references: ArraySlice<PyTorchPickle.Reference>, to list: PyTorchPickle.Reference
    ) throws(InterchangeError) {
        switch value(list) {
        case .list(let number): pickle.lists[Int(number)] += references
        // A set, none of whose elements matter.
        case .ignored: break
        default: throw failure("the pickle appends to \(pickle.kind(list))")
        }
    }

    mutating func memorize(_ number: Int) throws(InterchangeError) {
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

    mutating func recall(_ number: Int) throws(InterchangeError) {
        guard let reference = memo.indices.contains(number) ? memo[number] : otherMemo[number] else {
            throw failure("the pickle refers to its value \(number), which is not there")
        }
        try push(reference)
    }
}
