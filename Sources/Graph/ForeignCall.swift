/// A C function over arrays with its numbers, and the shapes of what it is called with: once a picture, with all that lies row by row.
///
/// Its arguments are the addresses of the inputs and results, in their order, all extents of these but the batch one after the other, and the
/// numbers.
public struct ForeignCall: Hashable, Sendable {
    public struct Array: Hashable, Sendable {
        /// Of what one call sees: without the batch.
        public var shape: Shape
        /// Whether all pictures share it.
        public var isShared: Bool
    }

    /// The C that it needs, all in one text.
    public var source: String
    public var function: String
    /// The function that computes the gradients of the inputs, if there is one.
    public var gradient: String?
    /// As C writes them: `2`, `0.5f`.
    public var numbers: [String]
    public var inputs: [Array]
    /// Several are stored one behind the other, for each picture.
    public var results: [Array]

    /// - Parameters:
    ///   - operands: those of a use that the rule allows.
    public init(
        source: String, function: String, gradient: String?, numbers: [String], rule: ForeignRule, operands: [TensorType]
    ) {
        self.source = source
        self.function = function
        self.gradient = gradient
        self.numbers = numbers
        inputs = operands.indices.map { index in
            let isShared = rule.isShared(index)
            return Array(shape: isShared ? operands[index].shape : operands[index].shape.withoutBatch, isShared: isShared)
        }
        let shapes = unfailing { () throws(TypeError) in try rule.results(of: operands) }
        results = shapes.map { Array(shape: $0.withoutBatch, isShared: false) }
    }
}

extension Shape {
    fileprivate var withoutBatch: Shape { Shape(Swift.Array(dimensions.dropFirst())) }
}

extension String {
    /// Whether the text is one name in C.
    package var isNameInC: Bool {
        guard let first = utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
    }

    /// Whether the text is one number as C writes it, an `int` or a `float`: `2`, `0.5f`.
    package var isNumberInC: Bool {
        guard hasSuffix("f") else { return Int32(self) != nil }
        let digits = dropLast()
        return digits.utf8.allSatisfy { "+-.e0123456789".utf8.contains($0) } && Float(digits).map(\.isFinite) ?? false
    }
}
