/// What a pickle of a file of PyTorch describes: values in one table, which refer to each other by their numbers.
///
/// So values that hold themselves, or each other many times, are nothing special, and a table of them is freed without recursion. A
/// pickle's byte makes one value of 16 bytes at most, and there is a limit to their number.
struct PyTorchPickle {
    typealias Reference = Int32

    enum Value: Equatable {
        case none
        case boolean(Bool)
        case integer(Int)
        /// A part of the pickle's bytes, in UTF-8.
        case text(start: Int32, count: Int32)
        /// A part of `elements`.
        case tuple(start: Int32, count: Int32)
        /// The number of one of `lists`.
        case list(Int32)
        /// The number of one of `dictionaries`.
        case dictionary(Int32)
        /// The number of one of `names`.
        case name(Int32)
        /// The number of one of `storages`.
        case storage(Int32)
        /// The number of one of `tensors`.
        case tensor(Int32)
        /// An integer of more than 64 bits: a part of the pickle's bytes, little-endian.
        case longInteger(start: Int32, count: Int32)
        /// What no weight depends on: floating-point numbers, bytes, sets, devices.
        case ignored
    }

    /// A storage as a pickle refers to it, the elements of which stand elsewhere in the file.
    struct Storage: Equatable {
        /// The name of its file in an archive, or of its place in a sequence.
        var key: Reference
        var element: PyTorchElement
        /// How many elements there are.
        var count: Int
        /// How many elements of the root storage stand before this one, where it is a part of another.
        var viewOffset = 0
        /// How many elements of the root storage are this one, where it is a part.
        var viewCount: Int?
    }

    /// A tensor as a view of a storage; offset, extents and strides in elements.
    struct Tensor: Equatable {
        var storage: Int32
        var element: PyTorchElement
        var offset: Int
        /// Tuples of integers, which stay as they were when they were checked.
        var shape: Reference
        var strides: Reference
    }

    /// The most values, which is some hundred times what the largest models have.
    static let mostValues = 1 << 22

    let bytes: UnsafeRawBufferPointer
    var values: [Value] = []
    var elements: [Reference] = []
    var lists: [[Reference]] = []
    /// In the order of being set; a key may come again, and its last value counts.
    var dictionaries: [[(key: Reference, value: Reference)]] = []
    var names: [PyTorchName] = []
    var storages: [Storage] = []
    var tensors: [Tensor] = []
    /// The value that the pickle is.
    var root: Reference = 0
    /// Where the pickle ends.
    var end = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    subscript(reference: Reference) -> Value { values[Int(reference)] }

    /// A text; nil where the value is none.
    func text(_ reference: Reference) -> String? {
        guard case .text(let start, let count) = self[reference] else { return nil }
        return String(decoding: bytes[Int(start)..<Int(start) + Int(count)], as: UTF8.self)
    }

    /// The elements of a tuple or list; nil where the value is none.
    func sequence(_ reference: Reference) -> ArraySlice<Reference>? {
        switch self[reference] {
        case .tuple(let start, let count): elements[Int(start)..<Int(start) + Int(count)]
        case .list(let number): lists[Int(number)][...]
        default: nil
        }
    }

    /// The integers of a tuple or list; nil where it has something else.
    func integers(_ reference: Reference) -> [Int]? {
        guard let elements = sequence(reference) else { return nil }
        var integers: [Int] = []
        for element in elements {
            guard case .integer(let value) = self[element] else { return nil }
            integers.append(value)
        }
        return integers
    }

    func integer(_ reference: Reference) -> Int? {
        if case .integer(let value) = self[reference] { value } else { nil }
    }

    func name(_ reference: Reference) -> PyTorchName? {
        if case .name(let number) = self[reference] { names[Int(number)] } else { nil }
    }

    func dictionary(_ reference: Reference) -> [(key: Reference, value: Reference)]? {
        if case .dictionary(let number) = self[reference] { dictionaries[Int(number)] } else { nil }
    }

    /// What a value is, for people.
    func kind(_ reference: Reference) -> String {
        switch self[reference] {
        case .none: "None"
        case .boolean: "a boolean"
        case .integer, .longInteger: "a number"
        case .text: "a text"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary: "a dictionary"
        case .name: "a class or function"
        case .storage: "a storage without shape"
        case .tensor: "a tensor without a name"
        case .ignored: "no collection of tensors"
        }
    }
}
